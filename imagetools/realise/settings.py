"""How realising is done on this machine: limits, features, what comes from the calling process. Plain data; asks nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

NIX_FEATURES: Final = ("benchmark", "big-parallel", "nixos-test")


@dataclass(frozen=True, slots=True)
class RealiseSettings:
    """``cores`` is what builders see as NIX_BUILD_CORES (row 4.022); ``max_jobs`` how many builds run at once (row 4.046).

    ``timeout`` and ``max_silent`` are seconds, ``max_log`` bytes; 0 means no limit. ``environment`` is the calling process's
    (bytestr), for ``impureEnvVars`` only (row 4.040). ``ca_file`` are the host's certificates, ``netrc`` the text of a netrc
    file, ``registry_login`` gives the login for a registry and a repository in it, as ``builtin_request.LOGIN`` has it; it is
    asked when a builder of ours says that it reads there. ``fallback``: what binary caches promised and do not give is built.
    ``keep_folder`` is where ``keep_failed`` puts build folders. ``relaxed`` lets derivations with ``__noChroot`` see the host
    (row 4.053). ``features``: see ``machine.features``.
    """

    system: str = "x86_64-linux"
    extra_systems: tuple[str, ...] = ()
    features: tuple[str, ...] = NIX_FEATURES
    max_jobs: int = 1
    cores: int = 1
    keep_going: bool = False
    keep_failed: bool = False
    fallback: bool = False
    keep_folder: str = "/tmp"
    timeout: float = 0
    max_silent: float = 0
    max_log: int = 0
    log_lines: int = 10
    environment: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    netrc: bytes | None = None
    registry_login: Callable[[str, str], bytes | None] | None = field(default=None, repr=False)
    relaxed: bool = False
