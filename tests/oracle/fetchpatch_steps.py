"""fetchpatch's steps with the real programs of patchutils, driven from here."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests.golden.fetchpatch.cases import FAILED, NO_PATCH, NOTHING_SELECTED, Options

_LIMITS = ["prlimit", "--cpu=5", "--fsize=2097152"]  # interdiff does not end on some patches


class _FailedError(Exception):
    pass


def real_outcome(data: bytes, options: Options) -> bytes | str:
    """The bytes that come out, or the kind of failure."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _Steps(Path(folder)).run(data, options)
        except _FailedError:
            return FAILED


class _Steps:
    def __init__(self, folder: Path) -> None:
        self._patch = folder / "patch"
        self._answer = folder / "answer"

    def run(self, data: bytes, options: Options) -> bytes | str:
        below = [] if options.relative is None else ["-p1", "-i", options.relative + "/*"]
        listing = self._program(data, "lsdiff", *below)
        names = sorted(set(listing.split(b"\n")[:-1]))
        prefix = options.prefix
        renamed = [f"--strip={options.total_strip}"]
        renamed += [] if prefix is None else [f"--addoldprefix=a/{prefix}", f"--addnewprefix=b/{prefix}"]
        escape = {ord("*"): r"\*", ord("?"): r"\?"}
        ordered = b"".join(
            self._program(data, "filterdiff", "--include=" + os.fsdecode(name).translate(escape), "--clean", *renamed)
            for name in names
        )
        if not ordered:
            return NO_PATCH
        chosen = [word for pattern in options.excludes for word in ("-x", pattern)]
        chosen += [word for pattern in options.includes for word in ("-i", pattern)]
        chosen += [] if options.hunks is None else [f"--hunks={options.hunks}"]
        kept = self._program(ordered, "filterdiff", "-p1", *chosen)
        if not kept:
            return NOTHING_SELECTED
        return self._program(kept, "interdiff", behind=("/dev/null",)) if options.revert else kept

    def _program(self, data: bytes, program: str, *words: str, behind: tuple[str, ...] = ()) -> bytes:
        self._patch.write_bytes(data)
        with self._answer.open("wb") as answer:
            status = subprocess.run(
                [*_LIMITS, program, *words, str(self._patch), *behind],
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                check=False,
            ).returncode
        if status:
            raise _FailedError
        return self._answer.read_bytes()
