"""What a server, a proxy or the network can do to a download, and what then comes of it: the table.

``BODY`` is the file as it should be. A case ends either with that file (``error`` None) or with exactly this error and
hint. After
an error the server behaves, and the same download is made again: ``resumes`` tells whether it asks for the rest only. ``SECRET``
stands in the login, the query and the headers of every request, and must be nowhere in what is shown.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imagetools.net import refusals
from tests.unit.net.faults import raw, reset, reset_after, stall_after, trickle
from tests.unit.net.server import Answer, chunked, cut, ranged, redirect, silence, slam, status

BODY = bytes(range(256)) * 1000
OTHER = bytes(256 * 1000)
SECRET = "s3cret-w0rd"
_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
_TIRED = "gave up after 3 attempts without progress; "


@dataclass(frozen=True)
class Fault:
    """``answers``: one a request, the last one repeats. ``error``: with ``{url}`` for the address as it is shown.

    ``silent``: the server says nothing any more, so that a client must not wait for long.
    """

    answers: Sequence[Answer]
    error: str | None = None
    hint: str | None = None
    resumes: bool = False
    requests: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    body: bytes = BODY
    silent: bool = False


def gone(reason: str, hint: str, *answers: Answer, requests: int = 1) -> Fault:
    """It is not tried again."""
    return Fault(answers, f"cannot download '{{url}}': {reason}", hint, requests=requests)


def tired(reason: str, hint: str, *answers: Answer, resumes: bool = False, requests: int = 3, silent: bool = False) -> Fault:
    """It is tried three times."""
    return Fault(answers, f"cannot download '{{url}}': {reason}", _TIRED + hint, resumes, requests, silent=silent)


E = '"v1"'
FAULTS: Mapping[str, Fault] = {
    # -- the connection
    "closed without a word, then well": Fault([slam, slam, status(200, BODY)], requests=3),
    "closed without a word": tired("the server closed the connection without an answer", refusals.NO_HTTP, slam),
    "reset before the answer": tired("Connection reset by peer", refusals.LATER, reset),
    "reset at a byte, ranges": Fault([reset_after(BODY, 70_000, ETag=E), ranged(BODY, ETag=E)], requests=2),
    "reset at a byte, no ranges": Fault([reset_after(BODY, 70_000, ETag=E), status(200, BODY, ETag=E)], requests=2),
    "reset at the same byte always": tired(
        "Connection reset by peer", refusals.LATER, reset_after(BODY, 70_000, ETag=E), resumes=True, requests=3
    ),
    "reset always, no validator": tired("Connection reset by peer", refusals.LATER, reset_after(BODY, 70_000), requests=3),
    "reset a few bytes further each time": Fault(
        [reset_after(BODY, n, ETag=E, Accept_Ranges="bytes") for n in range(40_000, 240_000, 40_000)] + [ranged(BODY, ETag=E)],
        requests=6,
    ),
    "no answer": tired("timed out while waiting for data", refusals.LATER, silence, silent=True),
    "a stall, then the rest": Fault([stall_after(BODY, 90_000, ETag=E), ranged(BODY, ETag=E)], requests=2, silent=True),
    "a stall at the same byte always": tired(
        "timed out while waiting for data",
        refusals.LATER,
        stall_after(BODY, 90_000, ETag=E),
        resumes=True,
        requests=3,
        silent=True,
    ),
    "a slow trickle": Fault([trickle(BODY, 20, 0.01)], requests=1),
    "a trickle slower than --max-time": Fault(
        [trickle(BODY, 1000, 0.05)],
        "cannot download '{url}': it took longer than the time given",
        "give it more (--max-time)",
        env={"curlOpts": "--max-time 0.2"},
    ),
    # -- the length
    "shorter than said, then the rest": Fault([cut(BODY, 100_000, Last_Modified="Sat, 01 Jan 2022 00:00:00 GMT"), ranged(BODY)]),
    "shorter than said": tired(
        "100000 bytes came instead of 256000", refusals.LATER, cut(BODY, 100_000, ETag=E), resumes=True, requests=3
    ),
    "longer than said": Fault([raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY + b"more")]),
    "nothing, as said": Fault([status(200)], body=b""),
    "a length nobody says": Fault([raw(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)]),
    "a length that is none": tired(
        "the answer is no HTTP", refusals.NO_HTTP, raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")
    ),
    "chunks that end early, then well": Fault([raw(_CHUNKS), status(200, BODY)], requests=2),
    "chunks that end early": tired(
        "the connection ended before the whole body had come", refusals.NO_HTTP, raw(_CHUNKS), requests=3
    ),
    "chunks of no size": tired("the answer is no HTTP", refusals.NO_HTTP, raw(_CHUNKS + b"zz\r\n"), requests=3),
    "chunks": Fault([chunked(BODY[:10], BODY[10:])]),
    "more than any disk holds": Fault(
        [raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\nabc")],
        "cannot download '{url}': its 1000000000000000000 bytes do not fit on the disk, where N bytes are free",
        "make room on the file system of the store, or choose another store (--store)",
        requests=1,
    ),
    # -- ranges
    "another range than asked for": Fault([cut(BODY, 100_000, ETag=E), ranged(BODY, shift=7), status(200, BODY)], requests=3),
    "a range of another file": Fault([cut(BODY, 100_000, ETag=E), ranged(OTHER, ETag='"v2"'), status(200, BODY)], requests=3),
    "a range of a file of another size": Fault([cut(BODY, 100_000, ETag=E), ranged(BODY + b"x", ETag=E), status(200, BODY)]),
    "the file changes meanwhile": Fault([cut(OTHER, 100_000, ETag=E), status(200, BODY, ETag='"v2"')], requests=2),
    "a range that nobody asked for": gone("HTTP 206 Partial Content", refusals.ADDRESS, ranged(BODY)),
    "416 where a part is there": Fault([cut(BODY, 100_000, ETag=E), status(416), status(200, BODY)], requests=3),
    "416 from the start": gone("HTTP 416 Requested Range Not Satisfiable", refusals.ADDRESS, status(416)),
    # -- the answer
    "garbage": tired("the answer is no HTTP", refusals.NO_HTTP, raw(b"\x16\x03\x01 SSH-2.0-x %s\r\n\r\n" % SECRET.encode())),
    "a head without an end": tired(
        "the head of the answer is too long", refusals.NO_HTTP, raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000)
    ),
    "packed as it should not be": Fault(
        [status(200, gzip.compress(BODY, mtime=0), Content_Encoding="gzip")], body=gzip.compress(BODY, mtime=0)
    ),
    "said to be packed": Fault([status(200, BODY, Content_Encoding="gzip")]),
    "packed as it was asked for": Fault(
        [status(200, gzip.compress(BODY), Content_Encoding="gzip")], env={"curlOptsList": "--compressed"}
    ),
    "asked for packed, and said to be": Fault(
        [status(200, BODY, Content_Encoding="gzip")],
        "cannot download '{url}': the body is not what its Content-Encoding says",
        "leave --compressed out",
        env={"curlOptsList": "--compressed"},
    ),
    "400": gone("HTTP 400 Bad Request", refusals.ADDRESS, status(400)),
    "401": gone("HTTP 401 Unauthorized", refusals.CREDENTIALS, status(401)),
    "403": gone("HTTP 403 Forbidden", refusals.CREDENTIALS, status(403)),
    "404": gone("HTTP 404 Not Found", refusals.GONE, status(404)),
    "407": gone("HTTP 407 Proxy Authentication Required", refusals.PROXY_CREDENTIALS, status(407)),
    "410": gone("HTTP 410 Gone", refusals.GONE, status(410)),
    "204": gone("HTTP 204 No Content", refusals.ADDRESS, status(204)),
    "304": gone("HTTP 304 Not Modified", refusals.ADDRESS, status(304)),
    "429 with Retry-After, then well": Fault([status(429, Retry_After="1"), status(200, BODY)], requests=2),
    "429": tired("HTTP 429 Too Many Requests", refusals.BUSY, status(429, Retry_After="86400")),
    "500, then well": Fault([status(500), status(200, BODY)], requests=2),
    "500": tired("HTTP 500 Internal Server Error", refusals.BUSY, status(500)),
    "503 in the middle": Fault([cut(BODY, 100_000, ETag=E), status(503), ranged(BODY, ETag=E)], requests=3),
    "404 in the middle": Fault(
        [cut(BODY, 100_000, ETag=E), status(404)], "cannot download '{url}': HTTP 404 Not Found", refusals.GONE, resumes=True
    ),
    "its secret comes back": gone("HTTP 403 No ***", refusals.CREDENTIALS, raw(f"HTTP/1.1 403 No {SECRET}\r\n\r\n".encode())),
    # -- redirects
    "a redirect in a circle": gone("more than 20 redirects", refusals.ADDRESS, redirect("/x"), requests=21),
    "a redirect to file:": gone(
        "the server redirects to a 'file:' URL, which is refused", refusals.ADDRESS, redirect("file:///etc/passwd")
    ),
    "a redirect to ftp:": gone(
        "the server redirects to a 'ftp:' URL, which is refused", refusals.ADDRESS, redirect("ftp://127.0.0.1/x")
    ),
    "a redirect to nothing": gone(
        "the server redirects to something that is no URL", refusals.ADDRESS, redirect(f"http://[{SECRET}")
    ),
    "a redirect to nowhere": gone("HTTP 302 Found", refusals.ADDRESS, status(302)),
    "more redirects than --max-redirs": Fault(
        [redirect("/x")],
        "cannot download '{url}': more than 2 redirects",
        refusals.ADDRESS,
        env={"curlOpts": "--max-redirs 2"},
        requests=3,
    ),
    "no retries wanted": Fault(
        [status(500)],
        "cannot download '{url}': HTTP 500 Internal Server Error",
        f"it was tried once; {refusals.BUSY}",
        env={"curlOpts": "--retry 0"},
        requests=1,
    ),
}
