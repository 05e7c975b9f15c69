"""A name and a password for one server, for programs that cannot be given a netrc file: from the URL, else from a netrc text."""

import netrc
import tempfile
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"


def login_for(url: str, netrc_text: str) -> tuple[str, Login | None]:
    """``url`` without what it says of a login, and the login. A netrc that cannot be read is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "svn"} or not parts.netloc:
        return url, None
    user, at, host = parts.netloc.rpartition("@")
    if at:
        name, _, password = user.partition(":")
        bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
        return bare, Login(unquote(name), unquote(password))
    return url, _from_netrc(parts.hostname or "", netrc_text)


def _from_netrc(host: str, text: str) -> Login | None:
    if not text:
        return None
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        try:
            found = netrc.netrc(file.name).authenticators(host)
        except netrc.NetrcParseError:
            return None
    return Login(found[0], found[2] or "") if found is not None else None
