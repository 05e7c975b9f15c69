"""A blob on its way from a registry: across broken connections, hashed as it comes, never more than was announced.

What a digest names cannot change, so a part is always continued; where the registry begins anew instead, what is known already
is passed over.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from imagetools.net.body import Body
from imagetools.net.ports import Sink
from imagetools.net.registry.failures import LATER, BadContentError, TransientRegistryError

if TYPE_CHECKING:
    import httpx


class BlobTransfer:
    """``size`` is what the manifest says (None: unknown); ``received`` counts what the sink has."""

    def __init__(self, action: str, digest: str, sink: Sink, size: int | None, stall: float) -> None:
        self.received = 0
        self._action = action
        self._digest = digest
        self._sink = sink
        self._size = size
        self._stall = stall
        self._hasher = hashlib.new(digest.partition(":")[0], usedforsecurity=False)
        self._skip = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is left to ask for."""
        return self._size is not None and self._size > 0 and self.received == self._size

    def resume(self, have: Iterable[bytes]) -> None:
        """These bytes came before. Raises BadContentError where they are too many."""
        for piece in have:
            self._count(piece)

    def request_headers(self) -> dict[str, str]:
        return {"Range": f"bytes={self.received}-"} if self.received else {}

    def take(self, response: "httpx.Response") -> None:
        """Stream the body of an answer (200, 206 or 416). Raises TransientRegistryError where it ended early."""
        status = response.status_code
        if status == 416:
            if self._size is None or self.received == self._size:
                return
            raise BadContentError(self._action, f"{self.received} bytes came instead of {self._size}, and there are no more")
        self._skip = self.received
        if status == 206:
            self._skip -= self._first(response)
            if self._skip < 0:
                raise BadContentError(self._action, "the registry continues with another part than the one asked for")
        length = response.headers.get("content-length", "")
        expected = self.received - self._skip + int(length) if length.isdigit() else None
        if self._size is None:
            self._size = expected
        Body(response, self._stall, None).send(self._give, lambda count: None)
        whole = self._size if self._size is not None else expected
        if whole is not None and self.received < whole:
            raise TransientRegistryError(self._action, f"{self.received} bytes came instead of {whole}", LATER)

    def finish(self) -> int:
        """All has come: check it. Raises BadContentError."""
        if self._size is not None and self.received != self._size:
            raise BadContentError(self._action, f"{self.received} bytes came instead of {self._size}")
        algorithm = self._digest.partition(":")[0]
        found = f"{algorithm}:{self._hasher.hexdigest()}"
        if found != self._digest:
            raise BadContentError(self._action, f"what came has the digest {found}")
        return self.received

    def _first(self, response: "httpx.Response") -> int:
        span = response.headers.get("content-range", "").partition(" ")[2].partition("/")[0]
        first = span.partition("-")[0]
        return int(first) if first.isdigit() else self.received + 1

    def _give(self, piece: bytes) -> None:
        if self._skip:
            passed = min(self._skip, len(piece))
            self._skip -= passed
            piece = piece[passed:]
            if not piece:
                return
        self._count(piece)
        self._sink(piece)

    def _count(self, piece: bytes) -> None:
        if self._size is not None and self.received + len(piece) > self._size:
            raise BadContentError(self._action, f"more than the {self._size} bytes came that it should have")
        self._hasher.update(piece)
        self.received += len(piece)
