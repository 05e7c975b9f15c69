"""The text of a docker ``config.json`` or containers ``auth.json``: logins by registry, and programs that know them. Pure.

Keys are hosts, hosts with a path (``quay.io/team``, containers-auth.json(5)) or, of old, URLs (``https://index.docker.io/v1/``).
No message quotes the content.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from imagetools.image.remote_reference import HUB, HUB_HOSTS
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.registry.access import RegistryLogin

_HELPER: Final = re.compile(r"[A-Za-z0-9._-]+")
_URL: Final = re.compile(r"https?://")


class AuthFileError(ImagetoolsError):
    """A file with logins cannot be understood."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot understand the logins for registries in '{path}': {reason}", "`docker login` writes it anew")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AuthFile:
    """``logins`` and ``helpers`` by the keys of the file; ``store`` is the program for all registries that it does not name."""

    logins: Mapping[str, RegistryLogin] = field(default_factory=dict, repr=False)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""

    @staticmethod
    def parse(data: bytes, path: str) -> "AuthFile":
        """Raises AuthFileError."""
        try:
            document = json.loads(data) if data.strip() else {}
        except (ValueError, RecursionError) as error:
            line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            raise AuthFileError(path, f"it is no JSON{line}") from None
        if not isinstance(document, dict):
            raise AuthFileError(path, "it is no object")
        logins: dict[str, RegistryLogin] = {}
        for key, value in _object(document, "auths", path).items():
            login = _login(value, key, path)
            if login:
                logins[key] = login
        helpers = _object(document, "credHelpers", path)
        store = document.get("credsStore") or ""
        for name in (*helpers.values(), *([store] if store else [])):
            if not isinstance(name, str) or _HELPER.fullmatch(name) is None:
                raise AuthFileError(path, "the name of a credential helper is none")
        return AuthFile(logins, {str(key): str(name) for key, name in helpers.items()}, store)

    def helper(self, registry: str) -> str:
        """The program that this file names for a registry; empty where it names none."""
        return next((name for key, name in self.helpers.items() if _host(key) == registry), "")

    def login(self, registry: str, repository: str) -> RegistryLogin | None:
        """The login of the longest key that is a beginning of the name, in whole parts; then that of the registry."""
        for key in _keys(registry, repository):
            if key in self.logins:
                return self.logins[key]
        return next((login for key, login in self.logins.items() if _host(key) == registry), None)


def _keys(registry: str, repository: str) -> Iterator[str]:
    parts = [registry, *repository.split("/")]
    for count in range(len(parts), 0, -1):
        yield "/".join(parts[:count])


def _host(key: str) -> str:
    """The registry that a key without repositories means; empty for one with them."""
    host, _, path = _URL.sub("", key).partition("/")
    if path and _URL.match(key) is None and path.strip("/") not in {"v1", "v2"}:
        return ""
    return HUB if host.lower() in HUB_HOSTS else host


def _object(document: Mapping[str, object], name: str, path: str) -> Mapping[str, object]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AuthFileError(path, f"'{name}' is no object")
    return value


def _login(value: object, key: str, path: str) -> RegistryLogin | None:
    if not isinstance(value, dict):
        raise AuthFileError(path, f"what it says of '{key}' is no object")
    fields = {name: value.get(name) or "" for name in ("auth", "username", "password", "identitytoken", "registrytoken")}
    if not all(isinstance(text, str) for text in fields.values()):
        raise AuthFileError(path, f"what it says of '{key}' is no text")
    name, password = fields["username"], fields["password"]
    if fields["auth"]:
        try:
            text = base64.b64decode(fields["auth"], validate=True).decode()
        except (binascii.Error, ValueError):
            raise AuthFileError(path, f"the 'auth' of '{key}' is no base64") from None
        name, colon, password = text.partition(":")
        if not colon:
            raise AuthFileError(path, f"the 'auth' of '{key}' has no colon between name and password")
        password = password.rstrip("\0")
    return RegistryLogin(name, password, fields["identitytoken"], fields["registrytoken"])
