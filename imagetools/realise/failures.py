"""Everything that can go wrong between a derivation and its outputs. The sentences are Nix's, and so are the exit codes.

100: a builder failed; 101: it took too long; 102: a fixed output is another; what is refused before or after the builder: 1.
Values only: each error carries its fields, and its sentence is written here and nowhere else.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash


class BuildError(ImagetoolsError):
    """Root: a derivation could not be realised. ``drv`` is its logical path."""

    def __init__(self, drv: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.drv = drv


class BuilderFailedError(BuildError):
    """The builder ended badly; ``tail`` holds the last lines of its output (bytestr), ``note`` a guess at the reason."""

    exit_code: ClassVar[int] = 100

    def __init__(self, drv: str, exit_code: int | None, signal: int | None, tail: Sequence[str], note: str = "") -> None:
        if signal is not None:
            how = f"failed due to signal {signal} ({signal_name(signal)})"
        else:
            how = f"failed with exit code {exit_code}"
        super().__init__(drv, f"builder for '{drv}' {how}" + _log(drv, tail) + (f"\nnote: {note}" if note else ""))
        self.status = exit_code
        self.signal = signal
        self.tail = tuple(tail)


class MayPassError(BuilderFailedError):
    """A builder failed that may do better another time: a fixed output (the network), or on a full disk.

    Nix quirk: that is no failure of the derivation, so the exit code is not 100.
    """

    exit_code: ClassVar[int] = 1


class TimedOutError(BuildError):
    """The build took too long (exit code 101), in all or without a word."""

    exit_code: ClassVar[int] = 101

    def __init__(self, drv: str, seconds: float, silent: bool, tail: Sequence[str]) -> None:
        what = "of silence" if silent else ""
        message = f"building of '{drv}' timed out after {seconds:g} seconds {what}".rstrip()
        super().__init__(drv, message + _log(drv, tail))
        self.seconds = seconds
        self.silent = silent


class LogTooLongError(BuildError):
    """The builder wrote more than it may."""

    def __init__(self, drv: str, limit: int, tail: Sequence[str]) -> None:
        super().__init__(drv, f"building of '{drv}' killed after writing more than {limit} bytes of log output" + _log(drv, tail))
        self.limit = limit


class HashMismatchError(BuildError):
    """A fixed output is not what was specified (row 1.006: three lines, both in SRI form; exit code 102).

    ``path`` is the valid store path that holds what came (row 1.007); None where it could not be kept.
    """

    exit_code: ClassVar[int] = 102

    def __init__(self, drv: str, specified: Hash, got: Hash, path: StorePath | None = None) -> None:
        super().__init__(
            drv,
            f"hash mismatch in fixed-output derivation '{drv}':\n  specified: {specified.sri()}\n     got:    {got.sri()}",
        )
        self.specified = specified
        self.got = got
        self.path = path


class MissingOutputError(BuildError):
    """The builder succeeded without making an output."""

    def __init__(self, drv: str, output: str, path: str, tail: Sequence[str]) -> None:
        message = f"builder for '{drv}' failed to produce output path for output '{output}' at '{path}'"
        super().__init__(drv, message + _log(drv, tail))
        self.output = output
        self.path = path


class OutputRejectedError(BuildError):
    """An output is there but cannot be taken; ``message`` says why."""


class ForbiddenReferencesError(BuildError):
    """An output refers to what it may not (rows 4.035-4.038). ``references`` are logical paths, sorted."""

    def __init__(self, drv: str, path: str, references: Sequence[str]) -> None:
        lines = "".join(f"\n  {reference}" for reference in references)
        super().__init__(drv, f"output '{path}' is not allowed to refer to the following paths:{lines}")
        self.path = path
        self.references = tuple(references)


class BadReferenceSpecifierError(BuildError):
    """An item of a list of references is neither a store path nor an output."""

    def __init__(self, drv: str, item: str) -> None:
        super().__init__(drv, f"derivation contains an illegal reference specifier '{display(item)}'")
        self.item = item


class TooLargeError(BuildError):
    """An output or its closure is larger than ``maxSize`` or ``maxClosureSize`` (row 4.051). Sizes are bytes of NAR."""

    def __init__(self, drv: str, path: str, size: int, limit: int, *, closure: bool) -> None:
        what = f"closure of path '{path}'" if closure else f"path '{path}'"
        super().__init__(drv, f"{what} is too large at {size} bytes; limit is {limit} bytes")
        self.path = path
        self.size = size
        self.limit = limit


class FixedReferencesError(BuildError):
    """A fixed output refers to store paths."""

    exit_code: ClassVar[int] = 102

    def __init__(self, drv: str, references: Sequence[str]) -> None:
        super().__init__(
            drv,
            f"fixed-output derivations must not reference store paths: '{drv}' references {len(references)} distinct paths, "
            f"e.g. '{references[0]}'",
        )
        self.references = tuple(references)


class OutputCycleError(BuildError):
    """Outputs of one derivation refer to each other in a circle."""

    def __init__(self, drv: str, output: str, parent: str) -> None:
        super().__init__(drv, f"cycle detected in build of '{drv}' in the references of output '{output}' from output '{parent}'")
        self.output = output
        self.parent = parent


class WrongSystemError(BuildError):
    """This machine is not, or cannot do, what the derivation needs (rows 4.001, 4.052)."""

    def __init__(self, drv: str, system: str, features: Iterable[str], own: str, own_features: Iterable[str]) -> None:
        wanted, have = sorted(features), sorted(own_features)
        super().__init__(
            drv,
            f"a '{system}' with features {{{', '.join(wanted)}}} is required to build '{drv}', but I am a '{own}' "
            f"with features {{{', '.join(have)}}}",
        )
        self.system = system
        self.features = tuple(wanted)


class NoSuchBuiltinError(BuildError):
    """A ``builtin:`` builder that does not exist (row 4.056)."""

    exit_code: ClassVar[int] = 100

    def __init__(self, drv: str, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(drv, f"unsupported builtin builder '{name}' in '{drv}'", f"builtin builders of imagetools: {names}")
        self.name = name


class NoChrootError(BuildError):
    """``__noChroot`` where everything is built in the sandbox (row 4.053)."""

    def __init__(self, drv: str) -> None:
        super().__init__(drv, f"derivation '{drv}' has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'")


class ImpurePathError(BuildError):
    """``__impureHostDeps``: a path of the host is wanted in the sandbox, and none is allowed."""

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(
            drv, f"derivation '{drv}' requested impure path '{display(path)}', but it was not in allowed-impure-host-deps"
        )
        self.path = path


class MissingInputError(BuildError):
    """An input source is not valid and cannot be built."""

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(drv, f"dependency '{path}' of '{drv}' does not exist, and substitution is disabled")
        self.path = path


class NotAnInputError(BuildError):
    """``exportReferencesGraph`` of a path that is not among the inputs (row 4.039)."""

    exit_code: ClassVar[int] = 100

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(
            drv, f"cannot export references of path '{path}' because it is not in the input closure of the derivation"
        )
        self.path = path


class NoSuchOutputError(BuildError):
    """Somebody wants outputs that a derivation does not have."""

    def __init__(self, drv: str, outputs: Sequence[str], has: Sequence[str]) -> None:
        names = ", ".join(f"'{name}'" for name in outputs)
        super().__init__(drv, f"derivation '{drv}' does not have wanted outputs {names}", f"it has: {', '.join(has)}")
        self.outputs = tuple(outputs)


class ValidOutputInTheWayError(BuildError):
    """Without a sandbox a builder would write over an output that is valid (a second build, or one of several outputs)."""

    def __init__(self, drv: str, path: str) -> None:
        super().__init__(
            drv,
            f"cannot build '{drv}' without a sandbox: its output '{path}' is valid and would be overwritten",
            "leave out --no-sandbox",
        )
        self.path = path


class NothingToCheckError(BuildError):
    """``--check`` of what has never been built."""

    def __init__(self, drv: str) -> None:
        super().__init__(
            drv, f"some outputs of '{drv}' are not valid, so checking is not possible", "build it without --check first"
        )


class NotDeterministicError(BuildError):
    """A second build made something else. ``path`` is where the valid output lies, ``other`` where the new one was put."""

    exit_code: ClassVar[int] = 104

    def __init__(self, drv: str, path: str, other: str | None) -> None:
        where = f" from '{other}'" if other is not None else ""
        hint = None if other is not None else "keep the other result with --keep-failed"
        super().__init__(drv, f"derivation '{drv}' may not be deterministic: output '{path}' differs{where}", hint)
        self.path = path
        self.other = other


class DependencyFailedError(BuildError):
    """A derivation cannot be built since what it needs failed, which decides the exit code."""

    def __init__(self, drv: str, failed: int) -> None:
        super().__init__(drv, f"{failed} dependencies of derivation '{drv}' failed to build")
        self.failed = failed


class BuildsFailedError(BuildError):
    """Several builds failed (with ``--keep-going``); ``failures`` has them all in the order in which they failed."""

    def __init__(self, failures: Sequence[ImagetoolsError]) -> None:
        hints = dict.fromkeys(failure.hint for failure in failures if failure.hint)
        super().__init__("", "\n".join(dict.fromkeys(failure.message for failure in failures)), "\n".join(hints) or None)
        self.failures = tuple(failures)


class BuildersFailedError(BuildsFailedError):
    """Several failed, one of them by its builder."""

    exit_code: ClassVar[int] = 100


class BuildsTimedOutError(BuildsFailedError):
    """Several failed, one of them by time."""

    exit_code: ClassVar[int] = 101


class BuildsMismatchedError(BuildsFailedError):
    """Several failed, one of them by its hash."""

    exit_code: ClassVar[int] = 102


class BuildsTimedOutAndMismatchedError(BuildsFailedError):
    """Several failed, by time and by hash."""

    exit_code: ClassVar[int] = 103


class BuildsNotDeterministicError(BuildsFailedError):
    """Several failed; some are not deterministic, and no builder failed."""

    exit_code: ClassVar[int] = 104


class BuildersFailedAndNotDeterministicError(BuildsFailedError):
    """Several failed: not deterministic, and by a builder."""

    exit_code: ClassVar[int] = 108


class BuildsTimedOutAndNotDeterministicError(BuildsFailedError):
    """Several failed: not deterministic, and by time."""

    exit_code: ClassVar[int] = 109


class BuildsMismatchedAndNotDeterministicError(BuildsFailedError):
    """Several failed: not deterministic, and by hash."""

    exit_code: ClassVar[int] = 110


class BuildsFailedInEveryWayError(BuildsFailedError):
    """Several failed: not deterministic, by time and by hash."""

    exit_code: ClassVar[int] = 111


class TerminatedError(ImagetoolsError):
    """SIGTERM came while building; 128 and its number, as shells count."""

    exit_code: ClassVar[int] = 143

    def __init__(self) -> None:
        super().__init__("terminated")


class HungUpError(ImagetoolsError):
    """SIGHUP came while building: the terminal is gone."""

    exit_code: ClassVar[int] = 129

    def __init__(self) -> None:
        super().__init__("hung up")


_TOGETHER: Final[tuple[type[BuildsFailedError], ...]] = (
    BuildsFailedError,
    BuildersFailedError,
    BuildsTimedOutError,
    BuildsMismatchedError,
    BuildsTimedOutAndMismatchedError,
    BuildsNotDeterministicError,
    BuildersFailedAndNotDeterministicError,
    BuildsTimedOutAndNotDeterministicError,
    BuildsMismatchedAndNotDeterministicError,
    BuildsFailedInEveryWayError,
)


def several(failures: Sequence[ImagetoolsError]) -> ImagetoolsError:
    """One error for all; the exit code is put together as Nix does: 96, plus 4 for a builder that failed, 5 for time, 6 for a
    hash mismatch, 8 for what is not deterministic (bits, so that 5 and 6 make 7); 1 where none of these."""
    if len(failures) == 1:
        return failures[0]
    bits = 0
    for failure in failures:
        if 100 <= failure.exit_code <= 111:
            bits |= failure.exit_code & 0x0F
    code = bits | 0x60 if bits else 1
    return next(kind for kind in _TOGETHER if kind.exit_code == code)(failures)


_SIGNALS = {
    1: "Hangup",
    2: "Interrupt",
    3: "Quit",
    4: "Illegal instruction",
    6: "Aborted",
    7: "Bus error",
    8: "Floating point exception",
    9: "Killed",
    11: "Segmentation fault",
    13: "Broken pipe",
    14: "Alarm clock",
    15: "Terminated",
}


def signal_name(number: int) -> str:
    """What the C library calls a signal."""
    return _SIGNALS.get(number, f"Unknown signal {number}")


def _log(drv: str, tail: Sequence[str]) -> str:
    if not tail:
        return ""
    lines = "".join(f"\n> {display(line)}" for line in tail)
    return f";\nlast {len(tail)} log lines:{lines}\nFor full logs, run 'imagetools log {drv}'."
