"""What Mercurial meant when it failed, by its own words (``HGPLAIN``). Pure text, shared by whoever runs hg."""

from collections.abc import Sequence
from typing import Final

from imagetools.net.troubles import LATER, LOGIN, Trouble

_BROKEN: Final = (
    r"[Cc]onnection reset|bad HTTP status line|stream ended unexpectedly|unexpected EOF|IncompleteRead|Broken pipe|ended early"
)
SCHEMES: Final = "a Mercurial repository is named by https://, http://, ssh:// or file://, or by a full path"
TROUBLES: Final = (
    Trouble(r"unknown revision '([^']*)'", "it has no revision '{0}'", "name a changeset, a tag, a bookmark or a branch"),
    Trouble(
        r"authorization (?:failed|required)|HTTP Error 40[13]|Permission denied|no suitable response from remote hg",
        "the server wants a login",
        LOGIN,
    ),
    Trouble(
        r"HTTP Error 404|repository .* not found|does not appear to be an hg repository",
        "there is no Mercurial repository",
        f"check the URL; {SCHEMES}",
    ),
    Trouble(r"Name or service not known|failure in name resolution", "the host is not known", "check the host's name in the URL"),
    Trouble(r"Connection refused|No route to host|unreachable", "the host does not answer there", "check the port in the URL"),
    Trouble(
        r"certificate",
        "the server's certificate is not trusted",
        "if the certificate is your own, name its authority: NIX_SSL_CERT_FILE=FILE",
    ),
    Trouble(r"timed out", "the server did not answer in time", LATER, may_pass=True),
    Trouble(r"HTTP Error (429|5\d\d)", "the server is busy or broken", LATER, may_pass=True),
    Trouble(r"bad HTTP status line: [^']", "what answers there is no web server", "check the URL and its port"),
    Trouble(_BROKEN, "the connection broke", LATER, may_pass=True),
    Trouble(r"No space left on device", "the disk is full", "make room and try again"),
)


def last_words(lines: Sequence[str]) -> str:
    """The line that tells most, without what stands before it."""
    return next(
        (line.removeprefix("abort: ") for line in reversed(lines) if line.startswith("abort: ")), lines[-1] if lines else ""
    )
