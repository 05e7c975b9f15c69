"""One registry: its manifests and blobs (OCI distribution-spec 1.1). Every byte is checked against the digest it was asked by.

``send`` is the one way to the registry: it finds out how it is reached, logs in, follows redirects, is patient. What further
modules do with a registry is made of it. Everything may be used from several threads.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from imagetools.image import media_types
from imagetools.image.descriptor import shortened
from imagetools.image.json_text import LARGEST
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Document
from imagetools.net.ports import Sink
from imagetools.net.registry.access import RegistryAccess, RegistryLogin
from imagetools.net.registry.authority import Authority
from imagetools.net.registry.blob import BlobTransfer
from imagetools.net.registry.challenge import read_challenges
from imagetools.net.registry.exchange import Ask, Content, Exchange, limited, with_headers
from imagetools.net.registry.failures import BadContentError, RegistryError, of_answer

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

ACCEPTED: Final = (
    media_types.OCI_MANIFEST,
    media_types.DOCKER_MANIFEST,
    media_types.OCI_INDEX,
    media_types.DOCKER_INDEX,
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
)


class Registry:
    """``registry`` as people write it (``docker.io``). ``insecure`` allows any certificate, and http where there is no https."""

    def __init__(self, registry: str, access: RegistryAccess, *, insecure: bool = False) -> None:
        self.registry: Final = registry
        self.insecure: Final = insecure
        self._access = access
        self._host: Final = RemoteReference(registry, "x").host
        self._exchange = Exchange(registry, access, verify=not insecure)
        self._lock = threading.Lock()
        self._found: tuple[str, Authority] | None = None
        self._logins: dict[str, RegistryLogin | None] = {}

    # -- reading -------------------------------------------------------------------------------------------------------

    def manifest(self, reference: RemoteReference) -> Document:
        """The manifest or index that the reference means. Raises RegistryError (``status`` 404: there is none)."""
        action = f"fetch the manifest of '{reference}'"

        def take(ask: Ask, response: "httpx.Response") -> Document:
            self.expect(ask, response, 200)
            data, whole = limited(response, LARGEST)
            if not whole:
                raise RegistryError(action, f"it has more than {LARGEST >> 20} MiB")
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            if reference.digest is not None:
                algorithm = reference.digest.partition(":")[0]
                digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
                if digest != reference.digest:
                    raise BadContentError(action, f"what came has the digest {digest}")
            media_type = response.headers.get("content-type", "").partition(";")[0].strip()
            return Document(data, shortened(media_type), digest)

        path = f"/v2/{reference.repository}/manifests/{reference.selector}"
        return self.send(action, "GET", path, take, reference.repository, headers={"Accept": ", ".join(ACCEPTED)})

    def has_manifest(self, reference: RemoteReference) -> str | None:
        """The digest that the registry says a reference has, without fetching it; empty where it does not say, None where there
        is no such thing. Raises RegistryError."""

        def take(ask: Ask, response: "httpx.Response") -> str | None:
            self.expect(ask, response, 200, 404)
            return response.headers.get("docker-content-digest", "") if response.status_code == 200 else None

        path = f"/v2/{reference.repository}/manifests/{reference.selector}"
        action = f"ask for the manifest of '{reference}'"
        return self.send(action, "HEAD", path, take, reference.repository, headers={"Accept": ", ".join(ACCEPTED)})

    def blob(
        self,
        repository: str,
        digest: str,
        sink: Sink,
        *,
        size: int | None = None,
        have: Iterable[bytes] = (),
    ) -> int:
        """Stream a blob into ``sink``, from where it broke if it breaks; its size. ``have`` are the first bytes, where the sink
        has some from an earlier time.

        The digest is checked at the end: what the sink got counts only when this returns. Raises RegistryError (BadContentError
        for another digest or size), and what ``sink`` raises.
        """
        action = f"fetch the blob {digest} of '{self.registry}/{repository}'"
        transfer = BlobTransfer(action, digest, sink, size, self._access.policy.stall_timeout)
        transfer.resume(have)

        def take(ask: Ask, response: "httpx.Response") -> None:
            self.expect(ask, response, 200, 206, 416)
            transfer.take(response)

        def attempt() -> None:
            headers = transfer.request_headers()
            self.send(action, "GET", f"/v2/{repository}/blobs/{digest}", take, repository, headers=headers, patient=False)

        if not transfer.whole:
            self._exchange.patiently(attempt, lambda: transfer.received)
        return transfer.finish()

    def has_blob(self, repository: str, digest: str) -> int | None:
        """A blob's size in bytes (-1 where the registry does not say); None where it is not there. Raises RegistryError."""

        def take(ask: Ask, response: "httpx.Response") -> int | None:
            self.expect(ask, response, 200, 404)
            if response.status_code == 404:
                return None
            length = response.headers.get("content-length", "")
            return int(length) if length.isdigit() else -1

        action = f"ask for the blob {digest} of '{self.registry}/{repository}'"
        return self.send(action, "HEAD", f"/v2/{repository}/blobs/{digest}", take, repository)

    # -- what everything is made of ------------------------------------------------------------------------------------

    def send(
        self,
        action: str,
        method: str,
        path: str,
        take: "Callable[[Ask, httpx.Response], T]",
        repository: str,
        *,
        write: bool = False,
        further_scopes: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        patient: bool = True,
    ) -> T:
        """One request; ``take`` judges the answer (``expect``) and reads what it wants of it.

        ``path`` begins with ``/v2/``, or is a whole URL that the registry gave (an upload's ``Location``), which gets the login
        only where it is at the registry itself. ``write``: also push to ``repository``; ``further_scopes`` such as
        ``repository:NAME:pull``. With ``patient`` what may pass is tried again. Raises RegistryError, and as ``take``.
        """
        scope = f"repository:{repository}:{'pull,push' if write else 'pull'}"

        def attempt() -> T:
            base, authority = self._reached(action)
            url = urljoin(base, path) if "://" in path else base + quote(path, safe="/:@?&=%+,~!$'()*;[]")
            ask = Ask(action, method, url, headers or {}, content)
            if urlsplit(url)[:2] != urlsplit(base)[:2]:
                return self._exchange.once(ask, lambda response: take(ask, response))
            refused = False
            while True:
                header = authority.header(repository, (scope, *further_scopes))
                asked = ask if header is None else with_headers(ask, Authorization=header)
                try:
                    return self._exchange.once(asked, lambda response: _take_or_refuse(take, ask, response))
                except _RefusedError as refusal:
                    authority.learn(refusal.challenges)
                    authority.refused(header)
                    if refused or authority.header(repository, (scope, *further_scopes)) in {None, header}:
                        raise self._no_entry(ask, refusal, repository) from None
                    refused = True

        return self._exchange.patiently(attempt) if patient else attempt()

    def patiently(self, work: Callable[[], T], progress: Callable[[], int]) -> T:
        """Do ``work`` again while it fails in ways that may pass; ``progress`` counts what came of it so far."""
        return self._exchange.patiently(work, progress)

    def expect(self, ask: Ask, response: "httpx.Response", *statuses: int) -> None:
        """Raise the error for an answer that is none of these."""
        if response.status_code not in statuses:
            raise self._exchange.refusal(ask, response, logged_in=any(self._logins.values()))

    def login(self, repository: str) -> RegistryLogin | None:
        """The login for a repository, looked for once."""
        with self._lock:
            if repository not in self._logins:
                self._logins[repository] = self._access.find_login(self.registry, repository)
            return self._logins[repository]

    def _reached(self, action: str) -> tuple[str, Authority]:
        with self._lock:
            if self._found is not None:
                return self._found
        found = self._ping(action)
        with self._lock:
            self._found = self._found or found
            return self._found

    def _ping(self, action: str) -> tuple[str, Authority]:
        """Where the registry is, and how one comes in."""

        def take(response: "httpx.Response") -> Authority:
            if response.status_code not in {200, 401}:
                problem = self._exchange.refusal(ask, response)
                if problem.status == 404:
                    problem.hint = "there is no registry (its /v2/ does not exist): look at the host and its port"
                raise problem
            return Authority(self._exchange, self.login, read_challenges(response.headers.get_list("www-authenticate")))

        base = f"https://{self._host}"
        ask = Ask(action, "GET", base + "/v2/")
        try:
            return base, self._exchange.once(ask, take)
        except RegistryError as problem:
            if not self.insecure or problem.status is not None:
                raise
            first = problem
        base = f"http://{self._host}"
        ask = Ask(action, "GET", base + "/v2/")
        try:
            return base, self._exchange.once(ask, take)
        except RegistryError as problem:
            if problem.status is not None or "TLS" in first.reason or "is no HTTP" not in problem.reason:
                raise
            raise first from None

    def _no_entry(self, ask: Ask, refusal: "_RefusedError", repository: str) -> RegistryError:
        logged_in = bool(self.login(repository))
        return of_answer(ask.action, self.registry, 401, refusal.phrase, refusal.body, logged_in=logged_in)


class _RefusedError(Exception):
    """A 401."""

    def __init__(self, response: "httpx.Response") -> None:
        super().__init__()
        self.challenges = read_challenges(response.headers.get_list("www-authenticate"))
        self.phrase = response.reason_phrase
        self.body = limited(response, LARGEST)[0]


def _take_or_refuse(take: "Callable[[Ask, httpx.Response], T]", ask: Ask, response: "httpx.Response") -> T:
    if response.status_code == 401:
        raise _RefusedError(response)
    return take(ask, response)
