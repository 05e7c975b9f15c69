"""What compress(1) makes (``.Z``): LZW with codes of 9 to 16 bits.

Codes are packed with the lowest bit first, in groups of eight; where the width changes, the rest of a group is skipped. A string
of the table is kept as its last bytes and the code of what stands before them, so memory is bounded however long strings are.
"""

_CLEAR = 256
_TAIL = 64


class LzwError(ValueError):
    """Not what compress(1) writes."""


class LzwDecoder:
    """In the shape of lzma's and bz2's decoders. ``eof`` never comes: such a file ends where its bytes end (ask ``whole``)."""

    def __init__(self) -> None:
        self._data = b""
        self._place = 0
        self._started = False
        self._bits = 9
        self._most = 16
        self._blocks = True
        self._group = 0  # codes read of the present group of eight
        self._up: list[int] = []
        self._tails: list[bytes] = []
        self._last = -1
        self._last_first = b""
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    @property
    def whole(self) -> bool:
        """Whether the file may end here: the three bytes of its header were there."""
        return self._started

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next bytes, at least ``max_length`` of them unless input is missing (a string's length more at most).
        Raises LzwError."""
        self._data = self._data[self._place :] + data
        self._place = 0
        self.needs_input = True
        if not self._started and not self._begin():
            return b""
        out: list[bytes] = []
        made = 0
        while made < max_length:
            code = self._code(final=not data)
            if code < 0:
                return b"".join(out)
            if code == _CLEAR and self._blocks:
                self._clear()
                continue
            text = self._text(code)
            out.append(text)
            made += len(text)
        self.needs_input = False
        return b"".join(out)

    def _begin(self) -> bool:
        if len(self._data) < 3:
            return False
        flags = self._data[2]
        self._most = flags & 0x1F
        self._blocks = bool(flags & 0x80)
        if not 9 <= self._most <= 16 or flags & 0x60:
            raise LzwError("a header that compress does not write")
        self._place = 3
        self._started = True
        self._clear_table()
        return True

    def _clear_table(self) -> None:
        self._up = [-1] * 256
        self._tails = [bytes((code,)) for code in range(256)]
        if self._blocks:
            self._up.append(-1)
            self._tails.append(b"")
        self._bits = 9
        self._last = -1

    def _clear(self) -> None:
        self._align()
        self._clear_table()

    def _align(self) -> None:
        if self._group:
            self._place += self._bits
            self._group = 0

    def _code(self, final: bool) -> int:
        """The next code, or -1 where bytes are missing."""
        if len(self._tails) >= 1 << self._bits and self._bits < self._most and self._last >= 0:
            self._align()
            self._bits += 1
        at = self._group * self._bits
        first = self._place + (at >> 3)
        last = self._place + (at + self._bits + 7 >> 3)
        have = len(self._data)
        if last > have or (not final and self._place + self._bits > have):
            return -1
        code = (int.from_bytes(self._data[first:last], "little") >> (at & 7)) & ((1 << self._bits) - 1)
        self._group += 1
        if self._group == 8:
            self._group = 0
            self._place += self._bits
        return code

    def _text(self, code: int) -> bytes:
        size = len(self._tails)
        if self._last < 0:
            if code > 255:
                raise LzwError("it does not begin with a byte")
            text = self._tails[code]
        else:
            if code > size or (code == size and size >= 1 << self._most):
                raise LzwError("a code that is not in the table yet")
            text = self._string(self._last) + self._last_first if code == size else self._string(code)
            if size < 1 << self._most:
                tail = self._tails[self._last]
                if len(tail) < _TAIL:
                    self._up.append(self._up[self._last])
                    self._tails.append(tail + text[:1])
                else:
                    self._up.append(self._last)
                    self._tails.append(text[:1])
        self._last = code
        self._last_first = text[:1]
        return text

    def _string(self, code: int) -> bytes:
        up = self._up[code]
        if up < 0:
            return self._tails[code]
        parts = [self._tails[code]]
        while up >= 0:
            parts.append(self._tails[up])
            up = self._up[up]
        parts.reverse()
        return b"".join(parts)
