"""A call of a fetcher as a value: the expression that a person pastes, and the one that is evaluated to find its hash. Pure text.

Nix's shape: the hash is an argument of the call and nothing else of it changes what was fetched, so the same call with an empty
hash says which one is right (row 1.005).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from imagetools.formats.store_path import MAX_NAME, StoreNameError, check_name
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.redact import redact, redact_text

Argument = str | bool | int | tuple[str, ...] | tuple[int, ...]

_ILLEGAL = re.compile(r"[^0-9A-Za-z+._?=-]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SSH_NAME = re.compile(r"(?i)(git\+)?ssh(\+git)?://[^/:@]*@[^@]*$")


class NoFileNameError(ImagetoolsError):
    """A URL that ends in nothing which could be a file's name."""

    exit_code = 2

    def __init__(self, url: str) -> None:
        super().__init__(f"cannot figure out a file name for '{redact(url)}'", "give it one: --name NAME")


@dataclass(frozen=True, slots=True)
class FetcherCall:
    """``function`` of the embedded set with ``arguments`` in the order in which they are written, the hash not among them."""

    function: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    def expression(self, hash: str) -> str:
        """The call as it is pasted into a definition, with ``hash`` in it. Secrets in URLs are left out."""
        return f"{self.function} {self.argument_set(hash)}"

    def argument_set(self, hash: str) -> str:
        """Only what the function is called with, in the same way."""
        rows = [*self.arguments.items(), ("hash", hash)]
        lines = [f"  {name} = {literal(_shown(value))};" for name, value in rows]
        return "\n".join(["{", *lines, "}"])

    def to_evaluate(self, package_set: str, hash: str) -> str:
        """A function from ``url`` to the call, over the package set in the folder ``package_set``.

        The URL is handed in, not written in, so that no error about this text can quote a secret of it.
        """
        names = [f"{name} = {literal(value)};" for name, value in self.arguments.items() if name != "url"]
        given = "{ url }: " if "url" in self.arguments else ""
        inherited = "inherit url; " if "url" in self.arguments else ""
        pkgs = f"(import {literal(package_set)} {{ config = {{ }}; }})"
        return f"{given}{pkgs}.{self.function} {{ {inherited}{' '.join(names)} hash = {literal(hash)}; }}"

    def shown_arguments(self) -> dict[str, Argument]:
        """The arguments as they may be printed."""
        return {name: _shown(value) for name, value in self.arguments.items()}

    @property
    def has_secret(self) -> bool:
        """Whether ``expression`` leaves something out."""
        return any(_shown(value) != value for value in self.arguments.values())


def _shown(value: Argument) -> Argument:
    """The argument as it may be printed; the name in ssh://git@host is no secret."""
    if not isinstance(value, str) or _SSH_NAME.match(value):
        return value
    return redact(value) if _URL.match(value) else redact_text(value)


def literal(value: Argument) -> str:
    """A value in the Nix language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
        return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'
    return "[ " + "".join(literal(item) + " " for item in value) + "]"


def file_name(url: str) -> str | None:
    """The name to give to what ``url`` leads to; None where the fetchers' own choice, its last part, will do.

    That part may hold what no store path can, and the secrets of a query, which belong into no file's name. Raises
    NoFileNameError.
    """
    last = url.rstrip("/").rpartition("/")[2]
    if redact(url).rstrip("/").rpartition("/")[2] == last:
        try:
            check_name(last)
        except StoreNameError:
            pass
        else:
            return None
    path = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    name = _ILLEGAL.sub("-", unquote(path)).lstrip(".")[-MAX_NAME:]
    if not name.strip("-"):
        raise NoFileNameError(url)
    return name
