"""Putting files on a server with HTTP PUT (binary caches that allow it, row 7.005). Refuses redirects and other methods."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagetools.net.credentials import Netrc, split_login
from imagetools.net.policy import RETRY_STATUS, RetryPolicy
from imagetools.net.ports import FetchError
from imagetools.net.proxies import Proxies
from imagetools.net.redact import redact, redact_text
from imagetools.net.refusals import check_proxy

if TYPE_CHECKING:
    import httpx


class UploadError(FetchError):
    """A file could not be put on a server."""

    def __init__(self, url: str, reason: str, status: int | None = None, hint: str | None = None) -> None:
        super().__init__(url, reason, status, hint)
        self.message = f"cannot upload '{url}': {reason}"
        self.args = (self.message,)


class Uploader:
    """``client``: a configured httpx client (certificates, proxy). One instance may be used from several threads."""

    def __init__(
        self,
        connect: "Callable[[str | None], httpx.Client]",
        proxies: Proxies,
        netrc: Netrc,
        policy: RetryPolicy,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._connect = connect
        self._proxies = proxies
        self._netrc = netrc
        self._policy = policy
        self._sleep = sleep
        self._clients: dict[str | None, httpx.Client] = {}

    def exists(self, url: str) -> bool:
        """Whether the server has it. Raises UploadError."""
        status = self._send("HEAD", url, None)
        if status in (200, 204):
            return True
        if status in (403, 404, 410):
            return False
        raise UploadError(redact(url), f"HTTP {status}", status)

    def put(self, url: str, path: str) -> None:
        """Send a file. Raises UploadError."""
        status = self._send("PUT", url, path)
        if status not in (200, 201, 202, 204):
            hint = "the server does not let you write there" if status in (401, 403, 405, 501) else None
            raise UploadError(redact(url), f"HTTP {status}", status, hint)

    def _send(self, method: str, url: str, path: str | None) -> int:
        import httpx  # noqa: PLC0415

        plain, login = split_login(url)
        login = login or self._netrc.lookup(urlsplit(plain).hostname or "")
        auth = None if login is None else httpx.BasicAuth(login.name, login.password)
        client = self._client(plain)
        failures = 0
        while True:
            failures += 1
            try:
                if path is None:
                    status = client.request(method, plain, auth=auth).status_code
                else:
                    with open(path, "rb") as file:
                        headers = {"Content-Length": str(os.fstat(file.fileno()).st_size)}
                        pieces = iter(lambda: file.read(1 << 18), b"")
                        status = client.request(method, plain, content=pieces, headers=headers, auth=auth).status_code
            except httpx.HTTPError as problem:
                if failures >= self._policy.attempts:
                    raise UploadError(redact(url), redact_text(str(problem)) or "the connection broke") from None
            else:
                if status not in RETRY_STATUS or failures >= self._policy.attempts:
                    return status
            self._sleep(self._policy.delay(failures))

    def _client(self, url: str) -> "httpx.Client":
        proxy = self._proxies.for_url(url)
        try:
            check_proxy(redact(url), proxy)
        except FetchError as problem:
            raise UploadError(problem.url, problem.reason, hint=problem.hint) from None
        if proxy not in self._clients:
            self._clients[proxy] = self._connect(proxy)
        return self._clients[proxy]
