"""``ftp:`` URLs: one file, in binary form, passive, taken up again where it broke (REST). Refuses directories and TLS.

The file has no validator, so a part of an earlier run is never continued; within one run its size must stay the same.
"""

import ftplib
import time
from typing import Protocol
from urllib.parse import unquote, urlsplit

from imagetools.net import refusals
from imagetools.net.credentials import Login
from imagetools.net.policy import RetryPolicy
from imagetools.net.ports import FetchError, FetchResult, TransientFetchError
from imagetools.net.redact import redact_text, without_login
from imagetools.net.transfer import Transfer

_PIECE = 1 << 18


class LoginFor(Protocol):
    def __call__(self, host: str, *, first: bool) -> Login | None: ...


class _SinkFailedError(Exception):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


def get_ftp(transfer: Transfer, login_for: LoginFor, policy: RetryPolicy, deadline: float | None) -> FetchResult:
    """One attempt. Raises ``FetchError`` or ``TransientFetchError``."""
    parts = urlsplit(transfer.url)
    shown = without_login(transfer.url)
    host = parts.hostname or ""
    path = unquote(parts.path).lstrip("/")
    if not host or not path or path.endswith("/") or any(character in path for character in "\r\n\0"):
        raise FetchError(shown, "an ftp: URL names a host and a file", hint=refusals.ADDRESS)
    login = login_for(host, first=True) or Login("anonymous", "anonymous@")
    try:
        with ftplib.FTP(timeout=policy.stall_timeout) as server:
            server.connect(host, parts.port or ftplib.FTP_PORT, policy.connect_timeout)
            server.login(login.name, login.password)
            server.voidcmd("TYPE I")
            transfer.begin_plain(_size(server, path), shown)
            connection, _ = server.ntransfercmd(f"RETR {path}", transfer.received or None)
            with connection:
                connection.settimeout(policy.stall_timeout)
                while piece := connection.recv(_PIECE):
                    try:
                        transfer.give(piece)
                    except OSError as error:
                        raise _SinkFailedError(error) from error
                    if deadline is not None and time.monotonic() > deadline:
                        raise FetchError(shown, "it took longer than the time given", hint="give it more (--max-time)")
            found = transfer.finish(shown)
            server.voidresp()
    except _SinkFailedError as failed:
        raise failed.error from None
    except TimeoutError:
        raise TransientFetchError(shown, "timed out while waiting for data", hint=refusals.LATER) from None
    except ftplib.error_perm as problem:
        code = str(problem)[:3]
        hint = refusals.CREDENTIALS if code == "530" else refusals.GONE
        raise FetchError(shown, f"FTP {redact_text(str(problem))}", hint=hint) from None
    except ftplib.Error as problem:
        raise TransientFetchError(shown, f"FTP {redact_text(str(problem))}", hint=refusals.BUSY) from None
    except (ConnectionError, EOFError) as problem:
        raise TransientFetchError(
            shown, getattr(problem, "strerror", None) or "the connection ended", hint=refusals.LATER
        ) from None
    except OSError as problem:
        raise refusals.of_connection(shown, problem.strerror or str(problem), None) from None
    return found


def _size(server: ftplib.FTP, path: str) -> int | None:
    try:
        return server.size(path)
    except ftplib.Error:
        return None
