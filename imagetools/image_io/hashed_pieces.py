"""Bytes that are hashed while they go by, in pieces: for whoever needs to read them anyway."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final


class HashedPieces:
    """Passes pieces on; ``digest`` (base 16) and ``size`` are those of what went through so far."""

    def __init__(self, pieces: Iterable[bytes], algorithm: str = "sha256") -> None:
        self._pieces: Final = iter(pieces)
        self._hasher: Final = hashlib.new(algorithm, usedforsecurity=False)
        self.algorithm: Final = algorithm
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._hasher.update(piece)
        self.size += len(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hasher.hexdigest()
