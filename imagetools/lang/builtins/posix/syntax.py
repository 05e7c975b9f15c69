"""Parser of POSIX extended regular expressions, with the same idea of what is invalid as Nix.

It makes a tree; it matches nothing. What it forgives and what it refuses is what C++'s ``std::regex`` (GCC) does with the
``extended`` grammar: ``a**``, ``()`` and ``a|`` are fine; ``*a``, ``^*``, ``\\d``, ``\\]``, ``[a-c-e]`` and an unclosed
bracket are not. A pattern that would need more than 100,000 states is refused too ("memory limit"), so ``a{1000000}``
fails as it does in Nix.
"""

from typing import Final

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.builtins.posix.classes import ALL, CLASSES, COLLATING, NOT_NUL, equivalence, signed_range

STATE_LIMIT: Final = 100_000
SPECIAL: Final = ".[\\()*+?{|^$"


class PatternError(ImagetoolsError):
    """The pattern cannot be used: ``too_big`` tells the memory limit from plain nonsense."""

    def __init__(self, pattern: str, too_big: bool = False) -> None:
        problem = "memory limit exceeded by" if too_big else "invalid"
        super().__init__(f"{problem} regular expression '{pattern}'")
        self.pattern = pattern
        self.too_big = too_big


class Node:
    """A part of a pattern. ``nullable``: may match the empty text; ``first``: the bytes it can begin with; ``width``: how
    many bytes it matches, -1 where that differs; ``states``: its size in the automaton that Nix would make."""

    def __init__(self, nullable: bool, first: int, width: int, states: int) -> None:
        self.nullable = nullable
        self.first = first
        self.width = width
        self.states = states


class Chars(Node):
    """One byte of a set."""

    def __init__(self, mask: int) -> None:
        super().__init__(False, mask, 1, 1)
        self.mask = mask


class Anchor(Node):
    """``^`` or ``$``."""

    def __init__(self, at_end: bool) -> None:
        super().__init__(True, 0, 0, 1)
        self.at_end = at_end


class Group(Node):
    """``( ... )``; ``number`` from 1."""

    def __init__(self, number: int, body: Node) -> None:
        super().__init__(body.nullable, body.first, body.width, body.states + 2)
        self.number = number
        self.body = body


class Sequence(Node):
    """One after the other; also the empty pattern."""

    def __init__(self, items: list[Node]) -> None:
        nullable = True
        first = 0
        width = 0
        states = 1
        for item in items:
            if nullable:
                first |= item.first
                nullable = item.nullable
            width = -1 if width < 0 or item.width < 0 else width + item.width
            states += item.states
        super().__init__(nullable, first, width, states)
        self.items = items


class Either(Node):
    """``a|b|c``."""

    def __init__(self, branches: list[Node]) -> None:
        nullable = False
        first = 0
        states = 2 * (len(branches) - 1)
        width = branches[0].width
        for branch in branches:
            nullable = nullable or branch.nullable
            first |= branch.first
            states += branch.states
            if branch.width != width:
                width = -1
        super().__init__(nullable, first, width, states)
        self.branches = branches


class Repeat(Node):
    """``body`` at least ``low`` and at most ``high`` times (-1: no limit), as often as it goes."""

    def __init__(self, body: Node, low: int, high: int) -> None:
        width = body.width * low if low == high and body.width >= 0 else -1
        if high < 0:
            states = (low + 1) * body.states + 2
        else:
            states = low * body.states + 2 + (high - low) * (body.states + 1)
        super().__init__(low == 0 or body.nullable, body.first, width, states)
        self.body = body
        self.low = low
        self.high = high


class Tree:
    """A parsed pattern: the root and how many groups it has; ``anchored``: whether ``^`` stands in it anywhere."""

    def __init__(self, root: Node, groups: int, anchored: bool) -> None:
        self.root = root
        self.groups = groups
        self.anchored = anchored


class Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.anchored = False

    def parse(self) -> Tree:
        """The whole pattern. Raises PatternError."""
        if "\0" in self.pattern:
            raise PatternError(self.pattern)
        root = self.either()
        if self.at < len(self.pattern):
            raise PatternError(self.pattern)
        self.fits(root)
        return Tree(root, self.groups, self.anchored)

    def peek(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def fits(self, node: Node) -> Node:
        if node.states > STATE_LIMIT:
            raise PatternError(self.pattern, too_big=True)
        return node

    def either(self) -> Node:
        """either = sequence { "|" sequence }"""
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else self.fits(Either(branches))

    def sequence(self) -> Node:
        """sequence = { "^" | "$" | atom { quantifier } }"""
        items: list[Node] = []
        while True:
            c = self.peek()
            if c in ("^", "$"):
                self.at += 1
                self.anchored = self.anchored or c == "^"
                items.append(Anchor(c == "$"))
                continue
            atom = self.atom(c)
            if atom is None:
                break
            items.append(self.quantified(atom))
        return items[0] if len(items) == 1 else self.fits(Sequence(items))

    def atom(self, c: str) -> Node | None:
        """atom = char | "." | "\\" special | "(" either ")" | bracket; None where a sequence ends."""
        if c == "" or c in "*+?{|)":
            return None
        self.at += 1
        if c == ".":
            return Chars(NOT_NUL)
        if c == "[":
            return self.bracket()
        if c == "\\":
            escaped = self.peek()
            if escaped == "" or escaped not in SPECIAL:
                raise PatternError(self.pattern)
            self.at += 1
            return Chars(1 << ord(escaped))
        if c == "(":
            self.groups += 1
            number = self.groups
            if 2 * number > STATE_LIMIT:
                raise PatternError(self.pattern, too_big=True)
            body = self.either()
            if self.peek() != ")":
                raise PatternError(self.pattern)
            self.at += 1
            return self.fits(Group(number, body))
        return Chars(1 << ord(c))

    def quantified(self, atom: Node) -> Node:
        """quantifier = "*" | "+" | "?" | "{" number [ "," [ number ] ] "}"; any number of them."""
        while True:
            c = self.peek()
            if c == "*":
                atom = Repeat(atom, 0, -1)
            elif c == "+":
                atom = Repeat(atom, 1, -1)
            elif c == "?":
                atom = Repeat(atom, 0, 1)
            elif c == "{":
                atom = self.interval(atom)
            else:
                return atom
            self.at += 1
            self.fits(atom)

    def interval(self, atom: Node) -> Node:
        """From "{" up to (not over) "}"."""
        self.at += 1
        low = self.number()
        high = low
        if low < 0:
            raise PatternError(self.pattern)
        if self.peek() == ",":
            self.at += 1
            high = self.number()
        if self.peek() != "}" or 0 <= high < low:
            raise PatternError(self.pattern)
        return Repeat(atom, low, high)

    def number(self) -> int:
        """The digits here, -1 where there are none."""
        start = self.at
        while self.at < len(self.pattern) and self.pattern[self.at] in "0123456789":
            self.at += 1
        return int(self.pattern[start : self.at][:9]) if self.at > start else -1

    def bracket(self) -> Node:
        """From after "[" to after "]"."""
        negated = self.peek() == "^"
        if negated:
            self.at += 1
        mask = 0
        last = ""  # a character that a "-" could make the start of a range
        after_class = False
        start = True
        while True:
            c = self.peek()
            if c == "":
                raise PatternError(self.pattern)
            following = self.pattern[self.at + 1 : self.at + 2]
            if c == "]" and not start:
                self.at += 1
                break
            if c == "[" and following in (".", ":", "="):
                kind = following
                name = self.class_name(kind)
                if kind == ":":
                    named = CLASSES.get(name.lower())
                    if named is None:
                        raise PatternError(self.pattern)
                    mask |= named
                    last = ""
                    after_class = True
                else:
                    char = COLLATING.get(name)
                    if char is None:
                        raise PatternError(self.pattern)
                    mask |= equivalence(char) if kind == "=" else 1 << ord(char)
                    last = char if kind == "." else ""
                    after_class = kind == "="
            elif c == "[" and following == "":
                raise PatternError(self.pattern)
            elif c == "-" and not start:
                self.at += 1
                if self.peek() == "]":
                    self.at += 1
                    mask |= 1 << 45
                    break
                if after_class or last == "":
                    raise PatternError(self.pattern)
                mask |= self.range_from(last)
                last = ""
            else:
                self.at += 1
                mask |= 1 << ord(c)
                last = c
                after_class = False
            start = False
        return Chars(ALL ^ mask if negated else mask)

    def range_from(self, low: str) -> int:
        """The end of a range that began with ``low``, after its "-"."""
        c = self.peek()
        following = self.pattern[self.at + 1 : self.at + 2]
        if c == "" or (c == "[" and following in (".", ":", "=", "")):
            raise PatternError(self.pattern)
        self.at += 1
        mask = signed_range(low, c)
        if mask is None:
            raise PatternError(self.pattern)
        return mask

    def class_name(self, kind: str) -> str:
        """The name in ``[:name:]``, up to after its "]"."""
        start = self.at + 2
        end = self.pattern.find(kind, start)
        if end < 0 or self.pattern[end + 1 : end + 2] != "]":
            raise PatternError(self.pattern)
        self.at = end + 2
        return self.pattern[start:end]
