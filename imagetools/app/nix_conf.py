"""What Nix's configuration files say of binary caches and downloads (rows 7.037, 7.038).

Files in Nix's order: the machine's, then the user's, then the text of NIX_CONFIG; later ones win, ``extra-NAME`` adds. Only
settings about where things come from are taken over: whether and how Nix builds in a sandbox on this machine is Nix's affair
(Debian's file switches it off, for instance).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from imagetools.app.options import OLD
from imagetools.kernel.errors import ImagetoolsError

_TAKEN: Final = """
access-tokens connect-timeout download-attempts fallback hashed-mirrors netrc-file require-sigs secret-key-files ssl-cert-file
stalled-download-timeout substitute substituters tarball-ttl trusted-public-keys
"""
TAKEN: Final = frozenset(_TAKEN.split())
DEEPEST: Final = 10


class NixConfError(ImagetoolsError):
    """A configuration file that makes no sense."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{what} in '{where}'")
        self.where = where


def nix_conf(environment: Mapping[str, str], home: str) -> list[tuple[str, str]]:
    """The settings that count, in order. Raises NixConfError for a line or an include that makes no sense."""
    found: list[tuple[str, str]] = []
    for path in _files(environment, home):
        found += _read(path, 0, missing_is_fine=True)
    found += _parse(environment.get("NIX_CONFIG", ""), "NIX_CONFIG", os.getcwd, 0)
    return [(name, value) for name, value in found if _base(name) in TAKEN]


def _base(name: str) -> str:
    name = OLD.get(name, name)
    return OLD.get(name.removeprefix("extra-"), name.removeprefix("extra-"))


def _files(environment: Mapping[str, str], home: str) -> list[str]:
    machine = os.path.join(environment.get("NIX_CONF_DIR") or "/etc/nix", "nix.conf")
    named = environment.get("NIX_USER_CONF_FILES")
    if named is not None:
        return [machine, *(path for path in reversed(named.split(":")) if path)]
    folders = [
        environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"),
        *(environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"),
    ]
    return [machine, *(os.path.join(folder, "nix/nix.conf") for folder in reversed(folders) if folder)]


def _read(path: str, depth: int, *, missing_is_fine: bool) -> list[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        if missing_is_fine:
            return []
        raise NixConfError(path, "there is nothing to include") from None
    except OSError as error:
        if missing_is_fine:
            return []
        raise NixConfError(path, error.strerror or str(error)) from None
    return list(_parse(text, path, lambda: os.path.dirname(path), depth))


def _parse(text: str, where: str, folder: Callable[[], str], depth: int) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] in ("include", "!include") and len(words) == 2:
            if depth >= DEEPEST:
                raise NixConfError(f"{where}:{number}", "files include each other too deeply")
            path = os.path.join(folder(), words[1])
            yield from _read(path, depth + 1, missing_is_fine=words[0] == "!include")
        elif len(words) >= 2 and words[1] == "=":
            yield words[0], " ".join(words[2:])
        else:
            raise NixConfError(f"{where}:{number}", "illegal configuration line")
