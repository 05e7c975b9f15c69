"""Putting a blob into a registry (OCI distribution-spec 1.1, "Pushing blobs"): a session, its bytes in one piece, its digest.

Where the connection breaks, the registry is asked how far it came, and only the rest is sent. A registry that takes no piece that
large (413) gets smaller ones. What was begun and not finished is taken back.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.registry.exchange import Ask, Content
from imagetools.net.registry.failures import BUSY, RegistryError, TransientRegistryError
from imagetools.net.registry.registry import Registry

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
#: The bytes from a place on, as often as they are asked for.
Pieces = Callable[[int], Iterator[bytes]]

_CHUNKS: Final = (64 << 20, 4 << 20)
_MOST_RESTARTS: Final = 2
_LOST: Final = frozenset((404, 410, 416))


class BlobUpload:
    """One blob on its way. ``sent`` hears how many bytes have gone out; the number falls where some did not arrive."""

    def __init__(
        self,
        registry: Registry,
        repository: str,
        digest: str,
        size: int,
        pieces: Pieces,
        sent: Callable[[int], object] = lambda count: None,
    ) -> None:
        self._registry: Final = registry
        self._repository: Final = repository
        self._digest: Final = digest
        self._size: Final = size
        self._pieces: Final = pieces
        self._sent: Final = sent
        self._action: Final = f"upload the blob {digest} to '{registry.registry}/{repository}'"
        self._session: str | None = None
        self._offset = 0
        self._most_accepted = 0
        self._requests = 0
        self._unsure = False
        self._restarts = 0
        self._chunk: int | None = None

    def run(self) -> None:
        """Upload it. Raises RegistryError, and what ``pieces`` raises."""
        try:
            self._registry.patiently(self._attempt, lambda: self._most_accepted)
        except BaseException as error:
            self._take_back(error)
            raise

    def mount(self, source: str) -> bool:
        """Whether the registry takes it from its repository ``source``. Raises RegistryError where it cannot be asked."""
        query = f"?mount={quote(self._digest)}&from={quote(source, safe='')}"
        try:
            if self._open(query, (f"repository:{source}:pull",)):
                return True
        except RegistryError as problem:
            if problem.retryable:
                raise
            return False  # no right to read there, or no such thing as mounting
        self._take_back(None)
        return False

    def _open(self, query: str = "", further_scopes: tuple[str, ...] = ()) -> bool:
        def take(ask: Ask, response: "httpx.Response") -> bool:
            self._registry.expect(ask, response, 201, 202)
            if response.status_code == 201:
                return True
            self._moved(ask, response)
            return False

        self._session, self._offset, self._requests = None, 0, 0
        return self._send("POST", f"/v2/{self._repository}/blobs/uploads/{query}", take, further_scopes=further_scopes)

    def _attempt(self) -> None:
        if self._session is None:
            self._open()
        elif self._unsure:
            if self._registry.has_blob(self._repository, self._digest) is not None:
                return
            self._find_out()
        self._unsure = True  # until an answer says otherwise
        try:
            while self._offset < self._size:
                self._send_piece()
            self._finish()
        except RegistryError as problem:
            self._judge(problem)

    def _judge(self, problem: RegistryError) -> None:
        """Whether another attempt may mend it. Raises in any case."""
        chunk = next((size for size in _CHUNKS if self._chunk is None or size < self._chunk), None)
        if problem.status == 413 and chunk is not None:
            self._chunk = chunk
        elif (problem.status in _LOST or (problem.status == 400 and self._requests > 1)) and self._restarts < _MOST_RESTARTS:
            self._restarts += 1  # the registry has lost its thread
            self._take_back(None)
        else:
            raise problem
        raise TransientRegistryError(problem.action, problem.reason, problem.hint, problem.status, problem.codes)

    def _find_out(self) -> None:
        """Ask how far the registry came."""

        def take(ask: Ask, response: "httpx.Response") -> bool:
            if response.status_code in {404, 410}:
                return False
            self._registry.expect(ask, response, 204, 202, 200)
            self._offset = _received(response)
            self._most_accepted = max(self._most_accepted, self._offset)
            self._moved(ask, response)
            return True

        if not self._send("GET", self._where(), take):
            self._open()
        if self._offset > self._size:
            raise RegistryError(self._action, f"the registry says that it has {self._offset} bytes of {self._size}", BUSY)
        self._sent(self._offset)

    def _send_piece(self) -> None:
        start = self._offset
        end = self._size if self._chunk is None else min(self._size, start + self._chunk)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(end - start)}
        if start or end < self._size:
            headers["Content-Range"] = f"{start}-{end - 1}"
        self._requests += 1

        def take(ask: Ask, response: "httpx.Response") -> None:
            self._registry.expect(ask, response, 202, 201, 204)
            self._offset = end
            self._most_accepted = max(self._most_accepted, end)
            self._moved(ask, response)

        self._send("PATCH", self._where(), take, headers=headers, content=lambda: self._counted(start, end), patient=False)

    def _counted(self, start: int, end: int) -> Iterator[bytes]:
        at = start
        self._sent(at)
        for piece in self._pieces(start):
            part = piece[: end - at]
            yield part
            at += len(part)
            self._sent(at)
            if at == end < self._size:
                return

    def _finish(self) -> None:
        def take(ask: Ask, response: "httpx.Response") -> None:
            self._registry.expect(ask, response, 201, 204)
            said = response.headers.get("docker-content-digest", self._digest)
            if said != self._digest:
                raise RegistryError(self._action, f"the registry calls what it got {said}", BUSY)

        if not self._size:
            for _ in self._pieces(0):
                pass
        where = self._where()
        url = f"{where}{'&' if urlsplit(where).query else '?'}digest={quote(self._digest)}"
        self._send("PUT", url, take, headers={"Content-Length": "0"}, patient=False)
        self._session = None

    def _send(
        self,
        method: str,
        path: str,
        take: "Callable[[Ask, httpx.Response], T]",
        *,
        further_scopes: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        patient: bool = True,
    ) -> T:
        return self._registry.send(
            self._action,
            method,
            path,
            take,
            self._repository,
            write=True,
            further_scopes=further_scopes,
            headers=headers,
            content=content,
            patient=patient,
        )

    def _where(self) -> str:
        if self._session is None:
            raise RegistryError(self._action, "the registry opened no session", BUSY)
        return self._session

    def _moved(self, ask: Ask, response: "httpx.Response") -> None:
        """Each answer says where the session goes on."""
        location = response.headers.get("location")
        if location is None:
            if self._session is None:
                raise RegistryError(ask.action, "the registry does not say where to send it", BUSY)
            return
        here = str(response.request.url)
        target = urljoin(here, location)
        if target.startswith("http:") and here.startswith("https:") and urlsplit(target).netloc == urlsplit(here).netloc:
            target = "https:" + target.removeprefix("http:")  # a registry that does not know of the TLS before it
        self._session = target

    def _take_back(self, error: BaseException | None) -> None:
        session, self._session = self._session, None
        if session is None or (isinstance(error, ImagetoolsError) and error.retryable):
            return
        with contextlib.suppress(RegistryError):
            self._send("DELETE", session, lambda ask, response: None, patient=False)


def _received(response: "httpx.Response") -> int:
    """How many bytes there are: ``Range: 0-N`` counts the last one, and ``0-0`` is what an empty session says, too."""
    last = response.headers.get("range", "").removeprefix("bytes=").partition("-")[2]
    return int(last) + 1 if last.isdigit() and int(last) else 0
