"""The product's own client for a registry of the tests: no environment, no real waiting."""

from collections.abc import Callable

import httpx

from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Registries
from imagetools.net.policy import RetryPolicy
from imagetools.net.registry.access import RegistryAccess, RegistryLogin
from imagetools.net.registry.registry import Registry
from imagetools.net.registry.repository import RemoteRepository


def registries(wait: Callable[[float], object], login: RegistryLogin | None = None) -> Registries:
    """``wait`` hears how long would be waited before another try."""
    access = RegistryAccess(
        lambda proxy, verify: httpx.Client(trust_env=False, proxy=proxy, verify=verify),
        find_login=lambda registry, repository: login,
        policy=RetryPolicy(attempts=3, first_delay=0.01),
        sleep=wait,
    )
    known: dict[str, Registry] = {}

    def opened(reference: RemoteReference) -> RemoteRepository:
        registry = known.setdefault(reference.registry, Registry(reference.registry, access, insecure=True))
        return RemoteRepository(registry, reference)

    return opened
