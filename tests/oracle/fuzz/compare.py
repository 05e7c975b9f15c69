"""A program, evaluated by Nix and by us: what is not equal."""

import re
from pathlib import Path
from typing import Final

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.builtins.serialise import InvalidUtf8
from imagetools.lang.runtime.errors import IntegerOverflow
from tests.oracle.fuzz.ours import Ours
from tests.oracle.fuzz.repl import Repl

# Failures that Nix 2.8 does not know (docs/nix-versions.md): what it makes of them is not compared.
NEWER: Final = (IntegerOverflow, InvalidUtf8)

# Nix goes through the attributes of a set in the order of addresses where it compares sets or forces all of one: which of two
# failures comes first, and which trace, is no matter of the language. A derivation without outputs fails at once in Nix, here
# when its attributes have been looked at (docs/nix-versions.md).
UNORDERED: Final = re.compile(r"[=!]=|deepSeq|builtins\.elem |genericClosure|outputs = \[ \]")


class Sides:
    """Both evaluators. Programs lie in folders with nothing else in them; ``close`` at the end."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "a/b/c"
        for path in (self.programs, folder / "nix", folder / "ours", folder / "home"):
            path.mkdir(parents=True)
        for place in (self.programs / "p", self.programs.parent / "p"):
            place.mkdir()
            (place / "a").write_text("text")
            (place / "b").symlink_to("a")
            (place / "x.nix").write_text("[ x ]")
            (place / "f.nix").write_text("{ __functor = self: x: x + 1; }")
        home = folder / "home"  # programs copy it: nothing may change in it
        self.nix = Repl(folder / "nix", home)
        self.ours = Ours(folder / "ours", home)
        self.count = 0

    def difference(self, program: str) -> tuple[str, str] | None:
        """(what is ours, what is Nix's) where they are not equal: values, a failure on one side, or the order of evaluation."""
        self.count += 1
        file = self.programs / f"{self.count}.nix"
        file.write_text(program, "latin-1")
        try:
            ours = self.ours.of(file)
            if isinstance(ours, NEWER):
                return None
            theirs, said, traces = self.nix.of(file)
        finally:
            file.unlink()
        if UNORDERED.search(program):
            return None if theirs is None or isinstance(ours, ImagetoolsError) or theirs == ours else (ours, theirs)
        if self.ours.traces != traces:
            return "\n".join(self.ours.traces), "\n".join(traces)
        if isinstance(ours, ImagetoolsError):
            return None if theirs is None else (f"fails: {ours.message}", theirs)
        return None if theirs == ours else (ours, f"fails: {said}" if theirs is None else theirs)

    def close(self) -> None:
        self.nix.close()
