"""URLs as Nix takes them apart: stricter than RFC 3986 in some places, laxer in others, and part of what makes a cache entry.

Pure text (bytestrs). A path keeps its percent escapes, only values of the query are decoded. Nix quirks: a ``file:`` URL has no
host; a double quote and ``^`` count as letters of a query.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from imagetools.instantiate.fetching.errors import BadUrl, shown

_PERCENT: Final = "(?:%[0-9a-fA-F]{2})"
_PLAIN: Final = "[a-zA-Z0-9._~-]"
_DELIMITERS: Final = "[!$&'\"()*+,;=]"
_HOST: Final = rf"(?:\[[0-9a-fA-F:]+(?:%\w+)?\]|[0-9a-fA-F:]+(?:%\w+)?|(?:{_PLAIN}|{_PERCENT}|{_DELIMITERS})*)"
_AUTHORITY: Final = rf"(?:(?:{_PLAIN}|{_PERCENT}|{_DELIMITERS}|:)*@)?{_HOST}(?::[0-9]+)?"
_LETTER: Final = rf"(?:{_PLAIN}|{_PERCENT}|{_DELIMITERS}|[:@])"
_SEGMENT: Final = f"{_LETTER}*"
_QUERY: Final = rf'(?:{_LETTER}|[/? "^])*'
_URL: Final = re.compile(
    rf"(?P<base>(?P<scheme>[a-z][a-z0-9+.-]*):"
    rf"(?://(?P<authority>{_AUTHORITY})(?P<absolute>(?:/{_SEGMENT})*/?)|(?P<path>/?{_SEGMENT}(?:/{_SEGMENT})*/?)))"
    rf"(?:\?(?P<query>{_QUERY}))?(?:#(?P<fragment>{_QUERY}))?"
)
_KEPT: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$'()*+,;=:@/")

_IN_PATH: Final = _KEPT | frozenset('&"')


@dataclass(frozen=True, slots=True)
class Url:
    """``authority`` is None where there are no two slashes; ``query`` is decoded, in the order of its names when written."""

    scheme: str
    authority: str | None
    path: str
    query: tuple[tuple[str, str], ...] = ()
    fragment: str = ""

    @staticmethod
    def parse(text: str) -> "Url":
        """Raises BadUrl."""
        found = _URL.fullmatch(text)
        if found is None:
            raise BadUrl(f"'{shown(text)}' is not a valid URL")
        scheme, authority = found["scheme"], found["authority"]
        path = found["absolute"] if found["absolute"] is not None else found["path"]
        if scheme.rpartition("+")[2] == "file":
            if authority:
                raise BadUrl(f"file:// URL '{shown(text)}' has unexpected authority '{authority}'")
            path = path or "/"
        pairs: dict[str, str] = {}
        for pair in (found["query"] or "").split("&"):
            name, equals, value = pair.partition("=")
            if equals:
                pairs.setdefault(name, percent_decode(value))
        return Url(scheme, authority, path, tuple(sorted(pairs.items())), percent_decode(found["fragment"] or ""))

    @property
    def base(self) -> str:
        """Without query and fragment."""
        return f"{self.scheme}:" + ("" if self.authority is None else f"//{self.authority}") + self.path

    def changed(self, scheme: str, query: "dict[str, str]") -> "Url":
        """The same with another scheme and query."""
        return replace(self, scheme=scheme, query=tuple(sorted(query.items())))

    def __str__(self) -> str:
        query = "&".join(f"{percent_encode(name)}={percent_encode(value)}" for name, value in self.query)
        return self.base + (f"?{query}" if query else "") + (f"#{percent_encode(self.fragment)}" if self.fragment else "")


def encode_path(text: str) -> str:
    """A path as it stands in a URL."""
    return "".join(letter if letter in _IN_PATH else f"%{ord(letter):02X}" for letter in text)


def percent_decode(text: str) -> str:
    """Raises BadUrl for a percent sign without two digits."""
    pieces = text.split("%")
    decoded = [pieces[0]]
    for piece in pieces[1:]:
        if not re.match("[0-9a-fA-F]{2}", piece):
            raise BadUrl(f"invalid URI parameter '{text}'")
        decoded.append(chr(int(piece[:2], 16)) + piece[2:])
    return "".join(decoded)


def percent_encode(text: str) -> str:
    """A value of a query."""
    return "".join(letter if letter in _KEPT else f"%{ord(letter):02x}" for letter in text)


def as_ascii(url: str) -> str:
    """A bytestr URL with what is no printable ASCII as percent escapes, for who downloads."""
    return "".join(letter if "!" <= letter <= "~" else f"%{ord(letter):02X}" for letter in url)
