"""URLs as they may be shown: user names, passwords and tokens taken out. Pure; refuses to touch anything but text.

Applied once, where an error or a log line is made, so that no secret of a URL reaches a log, an error or a terminal.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

_SECRET_KEY = re.compile(
    r"(?i)(^|[-_.])(access[-_]?)?(token|secret|passw(or)?d|pass|pwd|auth|authorization|credentials?|signature|sig|api[-_]?key|key|private[-_]token|jwt|session)($|[-_.])"
)
_SHORTEST = 4  # what is shorter is in every text
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#'\"@]*(?:@[^\s/?#'\"@]*)*@")
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s\"'`<>]+")
_PARTS = re.compile(r"([^/]*//)([^/?#]*@)?([^?]*)(.*)")
_HEADER = re.compile(r"(?i)(\b(?:proxy-)?authorization\s*:\s*)([^\"']+)")


def redact(url: str) -> str:
    """``https://u:p@h/x?token=1`` → ``https://***@h/x?token=***``. Never raises, whatever the text is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _USERINFO.sub(r"\1***@", url)
    netloc = parts.netloc
    if "@" in netloc:
        netloc = "***@" + netloc.rpartition("@")[2]
    query = "&".join(_redact_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    if netloc == parts.netloc and query == parts.query:
        return url
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def without_login(url: str) -> str:
    """``redact``, and without the stars that stand for a login: how errors name an address."""
    return redact(url).replace("://***@", "://", 1)


def redact_text(text: str) -> str:
    """A sentence with every ``scheme://user:password@`` in it made harmless (for messages of other programs)."""
    return _USERINFO.sub(r"\1***@", text)


def mask(line: str) -> str:
    """A line of a definition with the secrets of its URLs and of ``Authorization:`` headers as stars, each letter as one.

    The length stays, so that a caret beneath the line stays where it points.
    """
    line = _URL.sub(lambda found: _masked(found.group()), line)
    return _HEADER.sub(lambda found: found.group(1) + "*" * len(found.group(2)), line)


def _masked(url: str) -> str:
    found = _PARTS.match(url)
    assert found is not None
    scheme, login, rest, query = found.groups(default="")
    pairs = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        pairs.append(key + equals + ("*" * len(value) if _SECRET_KEY.search(key.lstrip("?")) else value))
    return scheme + (login and "*" * (len(login) - 1) + "@") + rest + "&".join(pairs)


class Secrets:
    """Words that must not be shown: passwords, the values of headers."""

    def __init__(self, words: Iterable[str]) -> None:
        found = {part for word in words for part in (word, *word.split()) if len(part) >= _SHORTEST}
        self._words = sorted(found, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """``text`` with every one of them as ``***``."""
        for word in self._words:
            text = text.replace(word, "***")
        return text


def _redact_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if equals and value and _SECRET_KEY.search(key):
        return key + "=***"
    return pair
