"""Registries from settings: how they are reached, and the logins of the person who asks."""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from imagetools.app.caches import connect, read_optional
from imagetools.app.settings import Settings
from imagetools.app.ui.terminal import say
from imagetools.kernel.bytestr import to_bytes, to_str

if TYPE_CHECKING:
    from imagetools.image_io.ports import Registries
    from imagetools.net.registry.access import RegistryAccess
    from imagetools.net.registry.logins import Logins


def registry_access(settings: Settings) -> "RegistryAccess":
    """How registries are reached. One for all that a command asks, since it keeps connections open."""
    from imagetools.net.policy import RetryPolicy
    from imagetools.net.proxies import Proxies
    from imagetools.net.registry.access import RegistryAccess

    known = RetryPolicy()
    transport = connect(settings, "")
    return RegistryAccess(
        transport.client,
        proxies=Proxies.from_env(settings.environment),
        find_login=registry_logins(settings).find,
        policy=RetryPolicy(
            attempts=max(1, settings.download_attempts),
            connect_timeout=settings.connect_timeout or known.connect_timeout,
            stall_timeout=settings.stalled_timeout or known.stall_timeout,
        ),
        log=lambda text: say(to_str(text.encode())),
    )


def open_registries(settings: Settings, *, insecure: bool = False) -> "Registries":
    """What opens the repository of a name; connections and logins are shared by all of one registry. ``insecure`` allows any
    certificate, and http where there is no https."""
    from imagetools.net.registry.registry import Registry
    from imagetools.net.registry.repository import RemoteRepository

    @cache
    def access() -> "RegistryAccess":
        return registry_access(settings)

    @cache
    def registry(name: str) -> Registry:
        return Registry(name, access(), insecure=insecure)

    return lambda reference: RemoteRepository(registry(reference.registry), reference)


def registry_logins(settings: Settings) -> "Logins":
    """The logins for registries that this person has."""
    from imagetools.net.credentials import Netrc
    from imagetools.net.registry.logins import Logins

    netrc = (read_optional(settings.netrc) or b"").decode("utf-8", "replace")
    environment = {os.fsdecode(to_bytes(name)): os.fsdecode(to_bytes(value)) for name, value in settings.environment.items()}
    files = auth_files(settings.home, environment, os.getuid())
    return Logins(files, read_optional, Netrc(netrc), environment, lambda text: say(to_str(text.encode())))


def registry_login(settings: Settings) -> "Callable[[str, str], bytes | None]":
    """What gives a builder's process the login that it needs."""
    from imagetools.net.registry.access import write_login

    logins = registry_logins(settings)

    def find(registry: str, repository: str) -> bytes | None:
        login = logins.find(registry, repository)
        return None if login is None else write_login(login)

    return find


def auth_files(home: str, environment: "dict[str, str]", uid: int) -> list[str]:
    """Where logins may lie, the first wins: those of skopeo and podman, then Docker's (containers-auth.json(5))."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    config = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    named = environment.get("REGISTRY_AUTH_FILE")
    own = os.path.join(runtime, "containers/auth.json") if runtime else f"/run/containers/{uid}/auth.json"
    docker = environment.get("DOCKER_CONFIG") or os.path.join(home, ".docker")
    return [named or own, os.path.join(config, "containers/auth.json"), os.path.join(docker, "config.json")]
