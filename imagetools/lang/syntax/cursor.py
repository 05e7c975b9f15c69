"""Where the parser stands in the tokens, how deep it is, and how it fails; below the grammar proper."""

from typing import Final, cast

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.attrsets import Node
from imagetools.lang.syntax.errors import TOO_DEEP, SyntaxFailure
from imagetools.lang.syntax.expecting import describe
from imagetools.lang.syntax.lexer import Lexer

DEPTH_LIMIT: Final = 10000  # Nix 2.8 gives up at the same depth, with "memory exhausted"


class Cursor:
    """The current token is the one at index ``_at``; the last token is END or FAILURE, so there always is one."""

    def __init__(self, lexer: Lexer) -> None:
        self._kinds = lexer.kinds
        self._values = lexer.values
        self._positions = lexer.positions
        self._at = 0
        self._depth = 0

    def position(self) -> int:
        """The offset of the current token."""
        return self._positions[self._at]

    def _failure(self) -> SyntaxFailure:
        """What to raise when the current token does not fit."""
        if self._kinds[self._at] == k.FAILURE:
            return cast(SyntaxFailure, self._values[self._at])
        return SyntaxFailure(describe(self._kinds[: self._at + 1]), self._positions[self._at])

    def _expect(self, kind: int) -> None:
        if self._kinds[self._at] != kind:
            raise self._failure()
        self._at += 1

    def _deeper(self) -> None:
        """One level down; who calls it takes one off ``_depth`` afterwards."""
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise SyntaxFailure(TOO_DEEP, self._positions[self._at])

    def _expression(self) -> Node:
        """Any expression. The grammar defines it; what is read below the grammar contains it."""
        raise NotImplementedError

    def _inner(self) -> Node:
        """An expression one level deeper."""
        self._deeper()
        tree = self._expression()
        self._depth -= 1
        return tree
