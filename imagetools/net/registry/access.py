"""How registries are reached: clients by proxy, logins, patience. One value for all of a command's registries."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagetools.net.policy import RetryPolicy
from imagetools.net.proxies import Proxies

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """A name and a password; or an identity token (OAuth2 refresh token), which is shown to the token server alone; or a token
    that is shown to the registry as it is. Empty where it has no such thing."""

    name: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        return "RegistryLogin(***)"

    def __bool__(self) -> bool:
        return bool(self.name or self.password or self.identity_token or self.registry_token)


def write_login(login: RegistryLogin) -> bytes:
    """For the file in which a builder's process finds it."""
    return json.dumps([login.name, login.password, login.identity_token, login.registry_token]).encode()


def read_login(data: bytes) -> RegistryLogin:
    """The inverse of ``write_login``."""
    return RegistryLogin(*json.loads(data))


#: The login for a registry (as people write it) and a repository in it; None where nobody said one.
FindLogin = Callable[[str, str], RegistryLogin | None]


def no_login(registry: str, repository: str) -> RegistryLogin | None:
    """What is known where nothing is known."""
    del registry, repository
    return None


class RegistryAccess:
    """``connect`` makes a client for a proxy (None: straight), with certificates checked or not."""

    def __init__(
        self,
        connect: "Callable[[str | None, bool], httpx.Client]",
        *,
        proxies: Proxies | None = None,
        find_login: FindLogin = no_login,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], object] = time.sleep,
        log: Callable[[str], object] | None = None,
    ) -> None:
        self.proxies = proxies or Proxies()
        self.find_login = find_login
        self.policy = policy or RetryPolicy()
        self.sleep = sleep
        self.log = log
        self._connect = connect
        self._lock = threading.Lock()
        self._clients: dict[tuple[str | None, bool], httpx.Client] = {}

    def client(self, proxy: str | None, verify: bool) -> "httpx.Client":
        """The one for this way; it serves several threads."""
        with self._lock:
            client = self._clients.get((proxy, verify))
            if client is None:
                client = self._clients[proxy, verify] = self._connect(proxy, verify)
            return client
