"""From a challenge to an ``Authorization`` header: Basic, or a token that a token server gives for certain scopes.

Tokens are kept until they expire or are refused (distribution-spec, "Token Authentication": a GET with name and password, or a
POST with an identity token). A password goes to the registry itself or to the token server that it names, over TLS if the
registry has it.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from imagetools.net.redact import redact
from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.challenge import Challenge
from imagetools.net.registry.exchange import Ask, Exchange, limited
from imagetools.net.registry.failures import LOGIN, RegistryError

if TYPE_CHECKING:
    import httpx

_LARGEST: Final = 1 << 20
_USUAL_LIFE: Final = 60.0
_USED_UP: Final = 0.9


class Authority:
    """The headers for one registry. ``login`` gives the name and password for a repository."""

    def __init__(
        self,
        exchange: Exchange,
        login: Callable[[str], RegistryLogin | None],
        challenges: Sequence[Challenge],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._login = login
        self._clock = clock
        self._challenges = tuple(challenges)
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def learn(self, challenges: Sequence[Challenge]) -> None:
        """What a later answer offered; counts where nothing was offered before."""
        with self._lock:
            self._challenges = self._challenges or tuple(challenges)

    def refused(self, header: str | None) -> None:
        """This one is worth nothing (any more)."""
        with self._lock:
            self._tokens = {scopes: token for scopes, token in self._tokens.items() if token[0] != header}

    def header(self, repository: str, scopes: tuple[str, ...]) -> str | None:
        """What to send; None where nothing is wanted, or nothing known. Raises RegistryError."""
        login = self._login(repository)
        for challenge in self._challenges:
            if challenge.scheme == "bearer":
                if login is not None and login.registry_token:
                    return f"Bearer {login.registry_token}"
                return self._token(challenge, login, scopes)
            if challenge.scheme == "basic":
                if login is None or not login.name:
                    continue
                return basic(login)
        return None

    def _token(self, challenge: Challenge, login: RegistryLogin | None, scopes: tuple[str, ...]) -> str:
        with self._lock:
            known = self._tokens.get(scopes)
            if known is not None and self._clock() < known[1]:
                return known[0]
            header, life = self._exchange.patiently(lambda: self._ask(challenge, login, scopes))
            self._tokens[scopes] = (header, self._clock() + life * _USED_UP)
            return header

    def _ask(self, challenge: Challenge, login: RegistryLogin | None, scopes: tuple[str, ...]) -> tuple[str, float]:
        registry = self._exchange.registry
        realm = challenge.parameters.get("realm", "")
        action = f"log in at '{registry}'" if login else f"get a token for '{registry}'"
        scheme = urlsplit(realm).scheme.lower() if realm.isascii() else ""
        if scheme not in {"http", "https"}:
            raise RegistryError(action, "the registry names no token server")
        if scheme == "http" and login and self._exchange.verify:
            raise RegistryError(action, f"its token server '{redact(realm)}' has no TLS: no password is sent there")
        service = challenge.parameters.get("service", "")
        fields = ([("service", service)] if service else []) + [("scope", scope) for scope in scopes]
        headers = {"Accept": "application/json"}
        if login is not None and login.identity_token:
            form = [
                ("grant_type", "refresh_token"),
                ("client_id", "imagetools"),
                *([("service", service)] if service else []),
                ("scope", " ".join(scopes)),
                ("refresh_token", login.identity_token),
            ]
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            ask = Ask(action, "POST", realm, headers, urlencode(form).encode())
        else:
            if login is not None and login.name:
                fields = [("account", login.name), *fields]
                headers["Authorization"] = basic(login)
            ask = Ask(action, "GET", realm + ("&" if "?" in realm else "?") + urlencode(fields), headers)
        return self._exchange.once(ask, lambda response: self._read(ask, response, bool(login)))

    def _read(self, ask: Ask, response: "httpx.Response", logged_in: bool) -> tuple[str, float]:
        if response.status_code != 200:
            problem = self._exchange.refusal(ask, response, logged_in=logged_in)
            if problem.status == 404:
                problem.hint = LOGIN.format(registry=self._exchange.registry)
            raise problem
        try:
            document = json.loads(limited(response, _LARGEST)[0])
        except (ValueError, RecursionError):
            document = None
        found = document if isinstance(document, dict) else {}
        token = found.get("token") or found.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RegistryError(ask.action, f"the token server '{redact(ask.url.partition('?')[0])}' gives no token")
        life = found.get("expires_in")
        if isinstance(life, int | float) and not isinstance(life, bool) and life > 0:
            return f"Bearer {token}", float(life)
        return f"Bearer {token}", _USUAL_LIFE


def basic(login: RegistryLogin) -> str:
    """``Basic ...`` (RFC 7617, UTF-8)."""
    return "Basic " + base64.b64encode(f"{login.name}:{login.password}".encode()).decode()
