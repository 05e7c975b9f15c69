"""Finding which store paths a stream of bytes mentions: it searches for their 32-character hash parts (row 4.030).

Constant memory, any chunking: a reference may lie across a border. Nix quirk: only the hash part counts, without directory or
name, and only where it stands uncompressed. Speed comes from two C-level passes over each block (mark the bytes of Nix's
alphabet, find 32 marks in a row), so it does not depend on how many paths are searched for: 1 GB/s and more on ordinary files.
"""

import re
from collections.abc import Iterable
from typing import Final

from ..kernel.base32 import ALPHABET
from ..kernel.errors import ImagetoolsError

LENGTH: Final = 32
_BLOCK: Final = 1 << 18
_MARKS: Final = bytes([1 if chr(byte) in ALPHABET else 0 for byte in range(256)])
_RUN: Final = b"\x01" * LENGTH
_FEW: Final = 16
_NEEDLE: Final = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


class HashPartError(ImagetoolsError):
    """``text`` is not the hash part of a store path."""

    fault = "ours"

    def __init__(self, text: str) -> None:
        super().__init__(f"'{text}' is not the hash part of a store path")
        self.text = text


class ReferenceScanner:
    """Give it the hash parts to look for, then every byte by ``update``; ``found`` holds those seen so far."""

    def __init__(self, hash_parts: Iterable[str]) -> None:
        """Raises HashPartError for a text that is not 32 characters of Nix's base 32."""
        wanted: set[bytes] = set()
        for part in hash_parts:
            if _NEEDLE.fullmatch(part) is None:
                raise HashPartError(part)
            wanted.add(part.encode("ascii"))
        self.found: Final[set[str]] = set()
        self._wanted: Final = wanted
        self._tail = b""

    @property
    def done(self) -> bool:
        """Whether everything was found, so that more bytes cannot change anything."""
        return not self._wanted

    def update(self, chunk: bytes) -> None:
        """Look at the next bytes of the stream."""
        if not self._wanted or not chunk:
            return
        size = len(chunk)
        if self._tail:
            self._search(self._tail + chunk[: LENGTH - 1])
        if size <= _BLOCK:
            self._search(chunk)
        else:
            for start in range(0, size, _BLOCK):
                self._search(chunk[start : start + _BLOCK + LENGTH - 1])
        if size >= LENGTH - 1:
            self._tail = chunk[-(LENGTH - 1) :]
        else:
            self._tail = (self._tail + chunk)[-(LENGTH - 1) :]

    def _search(self, block: bytes) -> None:
        marks = block.translate(_MARKS)
        start = marks.find(_RUN)
        while start >= 0:
            end = marks.find(b"\0", start + LENGTH)
            if end < 0:
                end = len(block)
            self._run(block[start:end])
            start = marks.find(_RUN, end)

    def _run(self, run: bytes) -> None:
        """``run``: 32 or more bytes of the alphabet. Few needles are searched one by one, many by looking at every window."""
        wanted = self._wanted
        if len(wanted) <= _FEW and len(run) > 4 * LENGTH:
            for needle in list(wanted):
                if needle in run:
                    self._hit(needle)
            return
        for start in range(len(run) - LENGTH + 1):
            window = run[start : start + LENGTH]
            if window in wanted:
                self._hit(window)

    def _hit(self, needle: bytes) -> None:
        self._wanted.discard(needle)
        self.found.add(needle.decode("ascii"))
