"""Strings and paths with interpolation, from their tokens (rows 5.002-5.005).

Whole strings and paths are one token and do not come here. What indentation does to the text is decided in ``strings``.
"""

from typing import Final, cast

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Node
from imagetools.lang.syntax.cursor import Cursor
from imagetools.lang.syntax.strings import strip

_NOTHING: Final[Node] = ()


class Literals(Cursor):
    """The rules for what stands between quotes and within paths."""

    def _interpolation(self) -> Node:
        """``"${" expression "}"``."""
        self._at += 1
        tree = self._inner()
        self._expect(k.RIGHT_BRACE)
        return tree

    def _parts(self, parts: list[Node], marks: list[int]) -> None:
        """``{ PART | interpolation }``."""
        while True:
            at = self._at
            kind = self._kinds[at]
            if kind == k.PART:
                parts.append((t.STRING, self._positions[at], self._values[at]))
                self._at = at + 1
            elif kind == k.INTERPOLATION:
                parts.append(self._interpolation())
            else:
                return
            marks.append(self._positions[at])

    def _string(self) -> Node:
        """What follows an opening quote, closing quote included."""
        pos = self._positions[self._at]
        parts: list[Node] = []
        marks: list[int] = []
        self._parts(parts, marks)
        self._expect(k.QUOTE)
        return (t.CONCAT, pos, True, tuple(parts), tuple(marks))

    def _indented(self, pos: int) -> Node:
        """``"''" { PART | interpolation } "''"``, its indentation removed."""
        self._at += 1
        texts: list[str | None] = []
        escapes: list[bool] = []
        parts: list[Node] = []
        marks: list[int] = []
        while True:
            at = self._at
            kind = self._kinds[at]
            if kind in (k.INDENTED_PART, k.INDENTED_ESCAPE):
                texts.append(cast(str, self._values[at]))
                parts.append(_NOTHING)
                self._at = at + 1
            elif kind == k.INTERPOLATION:
                texts.append(None)
                parts.append(self._interpolation())
            else:
                break
            escapes.append(kind == k.INDENTED_ESCAPE)
            marks.append(self._positions[at])
        self._expect(k.INDENTED_CLOSE)
        kept: list[Node] = []
        kept_marks: list[int] = []
        for index, text in enumerate(strip(texts, escapes)):
            if text != "":
                kept.append(parts[index] if text is None else (t.STRING, marks[index], text))
                kept_marks.append(marks[index])
        if not kept:
            return (t.STRING, pos, "")
        if len(kept) == 1 and kept[0][0] == t.STRING:
            return kept[0]
        return (t.CONCAT, pos, True, tuple(kept), tuple(kept_marks))

    def _interpolated_path(self, kind: int, pos: int) -> Node:
        """``PATH_OPEN [ PART ] interpolation { PART | interpolation } PATH_CLOSE``."""
        parts: list[Node] = [(t.PATH if kind == k.PATH_OPEN else t.HOME, pos, self._values[self._at])]
        marks = [pos]
        self._at += 1
        if self._kinds[self._at] == k.PART and self._kinds[self._at + 1] != k.INTERPOLATION:
            self._at += 1
            raise self._failure()
        self._parts(parts, marks)
        self._expect(k.PATH_CLOSE)
        return (t.CONCAT, pos, False, tuple(parts), tuple(marks))
