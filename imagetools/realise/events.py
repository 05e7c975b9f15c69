"""What realising tells whoever watches: one frozen value per fact, in the order of the facts.

The sentences a person reads are written by the one who shows them; ``text`` gives the plain ones of row 6.043. Events come from
several threads but never two at once.
"""

from dataclasses import dataclass

from imagetools.formats.store_path import StorePath


@dataclass(frozen=True, slots=True)
class PlanReady:
    """The work is known: derivations to build in a possible order, paths to fetch, and their bytes: to come, and unpacked."""

    to_build: tuple[StorePath, ...]
    to_fetch: tuple[StorePath, ...] = ()
    download_size: int = 0
    unpacked_size: int = 0


@dataclass(frozen=True, slots=True)
class BuildStarted:
    """A builder is about to run; ``check``: what it makes is compared with valid outputs."""

    drv: StorePath
    check: bool = False


@dataclass(frozen=True, slots=True)
class BuildOutput:
    """One line of a builder's output (bytestr, without its newline; cut where it is absurdly long)."""

    drv: StorePath
    line: str


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """Outputs are valid; ``seconds`` from start to registration. ``built`` is False where another process did it meanwhile."""

    drv: StorePath
    seconds: float
    built: bool = True


@dataclass(frozen=True, slots=True)
class BuildFailed:
    """A build (or something it needs) failed; ``message`` is the whole sentence, ``seconds`` 0 where nothing ran."""

    drv: StorePath
    message: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LockWaiting:
    """Somebody else holds an output; we wait (row 4.027)."""

    drv: StorePath
    path: StorePath


@dataclass(frozen=True, slots=True)
class BuildKept:
    """A failed build's folder was kept, as asked for (row 4.014)."""

    drv: StorePath
    folder: str


@dataclass(frozen=True, slots=True)
class FetchStarted:
    """A path is about to be fetched from a binary cache."""

    path: StorePath
    cache: str


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """``received`` bytes of ``total`` (0: not known) of the path's file."""

    path: StorePath
    received: int
    total: int


@dataclass(frozen=True, slots=True)
class FetchFinished:
    """The path is valid. ``fetched`` is False where it was so already."""

    path: StorePath
    seconds: float
    fetched: bool = True


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know that is no failure."""

    message: str


Event = (
    PlanReady
    | BuildStarted
    | BuildOutput
    | BuildFinished
    | BuildFailed
    | LockWaiting
    | BuildKept
    | FetchStarted
    | FetchProgress
    | FetchFinished
    | Warned
)
