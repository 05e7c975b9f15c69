"""Evaluations that need not be repeated: what they learnt (``instantiate/recording``) and what came of them.

One file a request, in the cache folder. A request is everything that an evaluation depends on and does not ask for through
EvalIO: the command and its arguments, the settings, our own version and sources. A file that is damaged, or from another
version, is simply not there.
"""

import hashlib
import os
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, cast

from imagetools import __version__
from imagetools.app.settings import PACKAGE, Settings
from imagetools.kernel import marshalled

_MAGIC: Final = b"imagetools evaluation 1\n"
_MOST: Final = 2_000
"""Records that are kept; the oldest give way."""
_NO_MATTER: Final = frozenset(
    (
        "environment",  # what is asked of it is recorded
        "cache",
        "netrc",
        "ca_file",
        "sandbox",
        "cores",
        "max_jobs",
        "timeout",
        "max_silent",
        "relaxed",
        "keep_going",
        "keep_failed",
        "max_log",
        "log_lines",
        "extra_systems",
        "features",
        "shm_size",
        "durable",
        "access_tokens",
        "hashed_mirrors",
        "download_attempts",
        "connect_timeout",
        "stalled_timeout",
        "substitute",
        "substituters",
        "trusted_public_keys",
        "require_sigs",
        "fallback",
        "secret_key_files",
        "eval_cache",
    )
)
"""Settings that no value depends on."""


class Record(NamedTuple):
    """``began``: the clock (nanoseconds) before anything was asked; ``facts`` as in ``Recorder``; ``said``: lines for the person;
    ``result``: what came of it, as plain lists, tuples, strings, bytes and dictionaries."""

    began: int
    facts: dict[tuple[str, str], object]
    said: list[str]
    result: object


class EvalRecords:
    """The records in ``folder``, which need not exist."""

    def __init__(self, folder: str) -> None:
        self._folder: Final = folder

    def find(self, key: str) -> Record | None:
        """None for what is not there, or not whole."""
        try:
            with open(os.path.join(self._folder, key), "rb") as file:
                found = marshalled.decode(_MAGIC, file.read())
        except OSError:
            return None
        return None if found is None else Record(*cast(tuple[Any, Any, Any, Any], found))

    def keep(self, key: str, record: Record) -> None:
        """Write a record over the one that is there; a disk that will not have it is no error."""
        from imagetools.image_io.cache_file import keep, tidy

        keep(self._folder, key, marshalled.encode(_MAGIC, (record.began, record.facts, record.said, record.result)))
        tidy(self._folder, _MOST)


def key_of(request: Iterable[object], settings: Settings, here: str) -> str:
    """The name of a request's record. ``request``: the command and its arguments (their ``repr`` must say all); ``here``: the
    current folder."""
    state = hashlib.sha256(_MAGIC)
    asked = {name: value for name, value in settings._asdict().items() if name not in _NO_MATTER}
    for part in (__version__, _own_sources(), sorted(asked.items()), here, list(request)):
        state.update(repr(part).encode("utf-8", "surrogateescape") + b"\0")
    return state.hexdigest()


def _own_sources() -> list[tuple[str, int, int]]:
    """What tells one state of our own code from another: the files that values depend on."""
    found: list[tuple[str, int, int]] = []
    todo = [f"{PACKAGE}/{name}" for name in ("lang", "instantiate", "formats", "kernel")]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        todo.append(entry.path)
                else:
                    state = entry.stat()
                    found.append((entry.name, state.st_size, state.st_mtime_ns))
    return sorted(found)
