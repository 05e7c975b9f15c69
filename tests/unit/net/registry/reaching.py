"""A registry reached without waiting between attempts."""

from collections.abc import Callable

from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.net.registry.access import FindLogin, RegistryAccess, no_login
from imagetools.net.registry.registry import Registry


class Patience:
    """Notes the waits instead of waiting, and what is logged."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.lines: list[str] = []


def access_to(
    patience: Patience | None = None, *, find_login: FindLogin = no_login, policy: RetryPolicy | None = None
) -> RegistryAccess:
    patience = patience or Patience()
    return RegistryAccess(
        HttpTransport().client,
        find_login=find_login,
        policy=policy or RetryPolicy(attempts=3, stall_timeout=5),
        sleep=patience.waits.append,
        log=patience.lines.append,
    )


def registry_at(
    address: str, patience: Patience | None = None, *, find_login: FindLogin = no_login, policy: RetryPolicy | None = None
) -> Registry:
    return Registry(address, access_to(patience, find_login=find_login, policy=policy), insecure=True)


def message(work: Callable[[], object], error: type[Exception], *hidden: str) -> str:
    """What the error that ``work`` raises says, with its hint; addresses replaced by HOST."""
    try:
        work()
    except error as problem:
        text = f"{problem}\nhint: {getattr(problem, 'hint', None)}"
        for address in hidden:
            text = text.replace(address, "HOST")
        return text
    raise AssertionError("no error")
