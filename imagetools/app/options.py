"""``--option NAME VALUE``: the settings that Nix knows, by Nix's names, as changes to ``Settings``.

One table from names to fields. Nix quirks: a name that nobody knows and a value that makes no sense are warnings, not errors;
``extra-NAME`` adds to a list; old names go on working. A setting of Nix's that has no meaning here says so.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from imagetools.app.settings import Settings, cpu_count, store_root

Pairs = Iterable[tuple[str, str]]
Read = Callable[[str], Any]
_UNITS: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _number(text: str) -> int:
    """A whole number, not below 0, with an optional K, M, G or T."""
    digits, unit = (text[:-1], _UNITS[text[-1].upper()]) if text[-1:].upper() in _UNITS else (text, 1)
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError
    return int(digits) * unit


def _seconds(text: str) -> float:
    return float(_number(text))


def _flag(text: str) -> bool:
    return _WORDS[text]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _jobs(text: str) -> int:
    return cpu_count() if text == "auto" else _number(text)


def _cores(text: str) -> int:
    return _number(text) or cpu_count()


def _sandbox(text: str) -> tuple[bool, bool]:
    return (True, True) if text == "relaxed" else (_flag(text), False)


def _search_path(text: str) -> str:
    return ":".join(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    words = [word.partition("=") for word in text.split()]
    if not all(name and equals and value for name, equals, value in words):
        raise ValueError
    return tuple((name, value) for name, _, value in words)


TABLE: Final[Mapping[str, tuple[tuple[str, ...], Read]]] = {
    "abort-on-warn": (("abort_on_warn",), _flag),
    "access-tokens": (("access_tokens",), _pairs),
    "allow-dirty": (("allow_dirty",), _flag),
    "allow-import-from-derivation": (("import_from_derivation",), _flag),
    "allowed-uris": (("allowed_uris",), _words),
    "connect-timeout": (("connect_timeout",), _seconds),
    "cores": (("cores",), _cores),
    "download-attempts": (("download_attempts",), _number),
    "eval-cache": (("eval_cache",), _flag),
    "extra-platforms": (("extra_systems",), _words),
    "fallback": (("fallback",), _flag),
    "fsync-metadata": (("durable",), _flag),
    "hashed-mirrors": (("hashed_mirrors",), _words),
    "keep-failed": (("keep_failed",), _flag),
    "keep-going": (("keep_going",), _flag),
    "log-lines": (("log_lines",), _number),
    "max-build-log-size": (("max_log",), _number),
    "max-jobs": (("max_jobs",), _jobs),
    "max-silent-time": (("max_silent",), _seconds),
    "netrc-file": (("netrc",), str),
    "nix-path": (("nix_path",), _search_path),
    "pure-eval": (("pure",), _flag),
    "require-sigs": (("require_sigs",), _flag),
    "restrict-eval": (("restricted",), _flag),
    "sandbox": (("sandbox", "relaxed"), _sandbox),
    "sandbox-dev-shm-size": (("shm_size",), str),
    "secret-key-files": (("secret_key_files",), _words),
    "ssl-cert-file": (("ca_file",), str),
    "stalled-download-timeout": (("stalled_timeout",), _seconds),
    "store": (("root",), store_root),
    "substitute": (("substitute",), _flag),
    "substituters": (("substituters",), _words),
    "system": (("system",), str),
    "system-features": (("features",), _words),
    "tarball-ttl": (("tarball_ttl",), _number),
    "timeout": (("timeout",), _seconds),
    "trace-verbose": (("trace_verbose",), _flag),
    "trusted-public-keys": (("trusted_public_keys",), _words),
    "warn-dirty": (("warn_dirty",), _flag),
}
"""Name to the fields that it sets; with two fields the value is a pair."""

OLD: Final = {
    "binary-cache-public-keys": "trusted-public-keys",
    "binary-caches": "substituters",
    "build-cores": "cores",
    "build-fallback": "fallback",
    "build-extra-platforms": "extra-platforms",
    "build-keep-failed": "keep-failed",
    "build-max-jobs": "max-jobs",
    "build-max-log-size": "max-build-log-size",
    "build-max-silent-time": "max-silent-time",
    "build-timeout": "timeout",
    "build-use-chroot": "sandbox",
    "build-use-sandbox": "sandbox",
    "build-use-substitutes": "substitute",
    "max-log-size": "max-build-log-size",
}
QUIET: Final = frozenset(("print-missing",))
"""What scripts say out of habit, and what is so in any case."""

_OF_NIX_ALONE: Final = """
accept-flake-config allow-new-privileges allow-symlinked-store
allow-unsafe-native-code-during-evaluation allowed-impure-host-deps allowed-users always-allow-substitutes
auto-allocate-uids auto-optimise-store bash-prompt bash-prompt-prefix bash-prompt-suffix build-hook build-poll-interval
build-users-group builders builders-use-substitutes commit-lockfile-summary compress-build-log cores-per-build
debugger-on-trace diff-hook enforce-determinism experimental-features filter-syscalls flake-registry gc-reserved-space
http-connections http2 id-count ignored-acls impersonate-linux-26 keep-build-log keep-derivations keep-env-derivations
keep-outputs max-call-depth max-free max-substitution-jobs min-free min-free-check-interval nar-buffer-size
narinfo-cache-negative-ttl narinfo-cache-positive-ttl plugin-files post-build-hook pre-build-hook preallocate-contents
repeat require-drop-supplementary-groups run-diff-hook sandbox-build-dir sandbox-fallback sandbox-paths
show-trace start-id sync-before-registering trace-function-calls
trusted-substituters trusted-users upgrade-nix-store-path-url use-case-hack use-cgroups use-registries
use-sqlite-wal use-xdg-base-directories user-agent-suffix
"""
WITHOUT_EFFECT: Final = frozenset(_OF_NIX_ALONE.split())


def with_options(settings: Settings, options: Pairs, warn: Callable[[str], object]) -> Settings:
    """``settings`` with each option applied in turn; ``warn`` hears what was wrong, in Nix's words."""
    for given, value in options:
        more = "extra-" if given.startswith("extra-") else ""
        plain = given.removeprefix(more)
        name = more + OLD.get(plain, plain)
        if name in TABLE:
            settings = _applied(settings, name, value, more=False, warn=warn)
        elif name.startswith("extra-") and _is_list(name.removeprefix("extra-")):
            settings = _applied(settings, name.removeprefix("extra-"), value, more=True, warn=warn)
        elif name in WITHOUT_EFFECT or name.removeprefix("extra-") in WITHOUT_EFFECT:
            warn(f"setting '{given}' has no effect in imagetools")
        elif name not in QUIET:
            warn(f"unknown setting '{given}'")
    return settings


def _is_list(name: str) -> bool:
    return name in TABLE and TABLE[name][1] in {_words, _pairs}


def _applied(settings: Settings, name: str, text: str, *, more: bool, warn: Callable[[str], object]) -> Settings:
    fields, read = TABLE[name]
    try:
        value = read(text)
    except (ValueError, KeyError):
        kind = "Boolean setting" if read is _flag else "option" if name == "sandbox" else "setting"
        warn(f"{kind} '{name}' has invalid value '{'***' if read is _pairs else text}'")
        return settings
    if more:
        value = (*(getattr(settings, fields[0]) or ()), *value)
    changes: dict[str, Any] = dict(zip(fields, value if len(fields) > 1 else (value,), strict=True))
    return settings._replace(**changes)
