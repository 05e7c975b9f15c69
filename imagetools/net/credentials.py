"""Names and passwords for hosts: from the URL itself, else from a netrc text. Refuses to ask anybody and to read files.

Credentials belong to one host: they are looked up again after each redirect, so that a password never travels to another
host (what curl does without ``--location-trusted``).
"""

import shlex
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from imagetools.kernel.errors import ImagetoolsError


class NetrcError(ImagetoolsError):
    """A netrc file that cannot be understood; the message never quotes its content."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(
            f"cannot understand the netrc file, line {line}: {what}", "its form is: machine HOST login NAME password WORD"
        )
        self.line = line


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


class Netrc:
    """``machine``/``default`` entries of a netrc text; the first match wins."""

    def __init__(self, text: str = "") -> None:
        self._machines: dict[str, Login] = {}
        self._default: Login | None = None
        self._parse(text)

    def lookup(self, host: str) -> Login | None:
        return self._machines.get(host.lower(), self._default)

    def machine(self, host: str) -> Login | None:
        """The entry that names ``host``; never the default."""
        return self._machines.get(host.lower())

    def passwords(self) -> list[str]:
        """All that must not be shown."""
        logins = [*self._machines.values(), *([self._default] if self._default is not None else [])]
        return [login.password for login in logins]

    def _parse(self, text: str) -> None:
        words = _words(text)
        at = 0
        while at < len(words):
            line, word = words[at]
            at += 1
            if word == "machine":
                if at >= len(words):
                    raise NetrcError(line, "'machine' without a host")
                host: str | None = words[at][1].lower()
                at += 1
            elif word == "default":
                host = None
            else:
                raise NetrcError(line, "expected 'machine' or 'default'")
            fields: dict[str, str] = {}
            while at < len(words) and words[at][1] in {"login", "user", "password", "account"}:
                if at + 1 >= len(words):
                    raise NetrcError(words[at][0], f"'{words[at][1]}' without a value")
                fields[words[at][1]] = words[at + 1][1]
                at += 2
            login = Login(fields.get("login", fields.get("user", "")), fields.get("password", ""))
            if host is None:
                self._default = self._default or login
            else:
                self._machines.setdefault(host, login)


def _words(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    in_macro = False
    for number, line in enumerate(text.splitlines(), 1):
        if in_macro:
            in_macro = bool(line.strip())
            continue
        if line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line, posix=True) if '"' in line else line.split()
        except ValueError:
            raise NetrcError(number, "a quote is not closed") from None
        if words and words[0] == "macdef":
            in_macro = True
            continue
        found += [(number, word) for word in words]
    return found


def split_login(url: str) -> tuple[str, Login | None]:
    """``https://u:p@h/x`` → (``https://h/x``, Login); percent escapes in name and password are undone."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, _, host = parts.netloc.rpartition("@")
    name, _, password = userinfo.partition(":")
    return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment)), Login(unquote(name), unquote(password))
