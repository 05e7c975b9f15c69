"""Where something stands in a source text, found only when somebody asks.

A node keeps a byte offset; line and column come from the table of line starts when an error is shown or a program asks
(``unsafeGetAttrPos``, ``__curPos``). It is never a reader of files: the text of a file for an excerpt is fetched by the renderer.
"""

from typing import Final

from mypy_extensions import mypyc_attr

NEWLINE: Final = 10
STRING: Final = "(string)"
"""The file of a text that is none."""
STDIN: Final = "(stdin)"
"""The file of what stands on standard input."""
NO_FILES: Final = {STRING: "«string»", STDIN: "«stdin»"}
"""How messages name what is no file."""


class Source:
    """One parsed text: ``file`` is the logical path or one of ``NO_FILES``; ``line_starts`` the offsets of its lines as bytes of
    unsigned 32-bit ints; ``text`` the text itself where no file can be read again (else None)."""

    def __init__(self, file: str, line_starts: bytes, text: bytes | None = None) -> None:
        self.file = file
        self.line_starts = line_starts
        self.text = text

    def line_col(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, the column in bytes."""
        starts = memoryview(self.line_starts).cast("I")
        low = 0
        high = len(starts)
        while high - low > 1:
            middle = (low + high) // 2
            if starts[middle] <= offset:
                low = middle
            else:
                high = middle
        start: int = starts[low] if len(starts) else 0
        return low + 1, offset - start + 1


@mypyc_attr(acyclic=True)
class Pos:
    """A place in a source."""

    def __init__(self, source: Source, offset: int) -> None:
        self.source = source
        self.offset = offset

    def resolve(self) -> tuple[str, int, int]:
        """(file, line, column)"""
        line, column = self.source.line_col(self.offset)
        return self.source.file, line, column

    def __str__(self) -> str:
        file, line, column = self.resolve()
        return f"{file}:{line}:{column}"


NOWHERE: Final = Pos(Source("", b""), -1)
"""The place of an attribute that a builtin made."""


class Origin:
    """Says where the attributes of a set were written. The set's ``origin`` field holds one, or None: no place is known.

    It knows exactly the attributes of its set, also those that have no place: ``//`` must know what the right side hides.
    """

    def find(self, name: str) -> Pos | None:
        """The place of an attribute, None where nobody knows it."""
        found = self.look(name)
        return None if found is NOWHERE else found

    def look(self, name: str) -> Pos | None:
        """The place of an attribute, ``NOWHERE`` where it has none; None where the set has no such attribute."""
        return None


class Merged(Origin):
    """The origin of ``left // right``: what the right side has wins.

    It holds origins, never sets, so that a long chain of ``//`` keeps no old dicts alive. Origins are known to the collector,
    other than values: only then is a long chain of them freed without recursion.
    """

    def __init__(self, left: Origin, right: Origin) -> None:
        self.left = left
        self.right = right

    def look(self, name: str) -> Pos | None:
        here: Merged = self
        while True:
            found = here.right.look(name)
            if found is not None:
                return found
            left = here.left
            if not isinstance(left, Merged):
                return left.look(name)
            here = left


class Within(Origin):
    """The origin of a set with just these attributes of another's; without the other's, of one whose attributes have no place."""

    def __init__(self, names: list[str], of: Origin | None) -> None:
        self.names = names
        self.of = of

    def look(self, name: str) -> Pos | None:
        if name not in self.names:
            return None
        return NOWHERE if self.of is None else self.of.look(name)


class Without(Origin):
    """The origin of a set that lacks these attributes of another's."""

    def __init__(self, names: list[str], of: Origin) -> None:
        self.names = names
        self.of = of

    def look(self, name: str) -> Pos | None:
        return None if name in self.names else self.of.look(name)


class Placed(Origin):
    """Positions known one by one: the formals of a function."""

    def __init__(self, places: dict[str, Pos]) -> None:
        self.places = places

    def look(self, name: str) -> Pos | None:
        return self.places.get(name)
