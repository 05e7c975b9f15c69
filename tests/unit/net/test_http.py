"""The transport against a real server that misbehaves: every fault ends in the whole body or in one clear error."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.net import refusals
from imagetools.net.credentials import Netrc
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.net.ports import FetchError, TransientFetchError
from imagetools.net.proxies import Proxies
from tests.unit.net.server import Server, chunked, cut, ranged, redirect, silence, slam, status

BODY = bytes(range(256)) * 1000


class Sink:
    """Collects bytes and can start over."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.restarts = 0

    def write(self, piece: bytes) -> None:
        self.data += piece

    def start_over(self) -> None:
        self.data.clear()
        self.restarts += 1


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def transport(waits: list[float], log: list[str]) -> Iterator[HttpTransport]:
    made = HttpTransport(sleep=waits.append, log=log.append, policy=RetryPolicy(stall_timeout=5.0))
    yield made
    made.close()


def test_a_body_comes_as_it_is(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [status(200, BODY, ETag='"abc"', Content_Type="text/plain")]
    sink = Sink()
    counts: list[tuple[int, int | None]] = []
    result = transport.get(server.url("/x"), sink.write, progress=lambda got, total: counts.append((got, total)))
    assert bytes(sink.data) == BODY
    assert (result.size, result.etag, result.content_type) == (len(BODY), '"abc"', "text/plain")
    assert counts[-1] == (len(BODY), len(BODY))
    assert server.headers(0)["accept-encoding"] == "identity"


def test_a_compressed_body_is_not_unpacked(server: Server, transport: HttpTransport) -> None:
    packed = gzip.compress(BODY)
    server.script["/x"] = [status(200, packed, Content_Encoding="gzip")]
    sink = Sink()
    transport.get(server.url("/x"), sink.write)
    assert bytes(sink.data) == packed


def test_a_length_that_nobody_says(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [chunked(b"a", b"b" * 5000, b"c")]
    sink = Sink()
    totals: set[int | None] = set()
    transport.get(server.url("/x"), sink.write, progress=lambda got, total: totals.add(total))
    assert bytes(sink.data) == b"a" + b"b" * 5000 + b"c"
    assert totals == {None}


def test_a_broken_connection_goes_on_where_it_broke(server: Server, transport: HttpTransport, log: list[str]) -> None:
    server.script["/x"] = [cut(BODY, 100_000, ETag='"v1"'), ranged(BODY, after=50_000), ranged(BODY)]
    sink = Sink()
    transport.get(server.url("/x"), sink.write, start_over=sink.start_over)
    assert bytes(sink.data) == BODY
    assert sink.restarts == 0
    assert server.headers(1)["range"].startswith("bytes=")
    assert server.headers(1)["if-range"] == '"v1"'
    assert "trying again from byte" in log[0]


def test_a_weak_validator_is_not_sent(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [cut(BODY, 100_000, ETag='W/"v1"'), ranged(BODY)]
    sink = Sink()
    transport.get(server.url("/x"), sink.write)
    assert bytes(sink.data) == BODY
    assert "if-range" not in server.headers(1)


def test_a_server_without_ranges_starts_over(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [cut(BODY, 100_000), status(200, BODY)]
    sink = Sink()
    transport.get(server.url("/x"), sink.write, start_over=sink.start_over)
    assert bytes(sink.data) == BODY
    assert sink.restarts == 1


def test_starting_over_needs_leave(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [cut(BODY, 100_000), status(200, BODY)]
    with pytest.raises(FetchError, match="cannot continue where it was"):
        transport.get(server.url("/x"), Sink().write)


def test_a_wrong_range_is_not_believed(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [cut(BODY, 100_000), ranged(BODY, shift=7), status(200, BODY)]
    sink = Sink()
    transport.get(server.url("/x"), sink.write, start_over=sink.start_over)
    assert bytes(sink.data) == BODY


def test_a_file_that_changed_meanwhile_starts_over(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [cut(b"old" * 50_000, 100_000, ETag='"v1"'), status(200, BODY, ETag='"v2"')]
    sink = Sink()
    assert transport.get(server.url("/x"), sink.write, start_over=sink.start_over).etag == '"v2"'
    assert bytes(sink.data) == BODY


def test_always_cut_at_the_same_place_gives_up(server: Server, transport: HttpTransport, waits: list[float]) -> None:
    server.script["/x"] = [cut(BODY, 100_000)]
    sink = Sink()
    with pytest.raises(TransientFetchError) as caught:
        transport.get(server.url("/x"), sink.write, start_over=sink.start_over)
    assert caught.value.hint == f"gave up after 5 attempts without progress; {refusals.LATER}"
    assert waits == [0.25, 0.5, 1.0, 2.0]


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_server_that_has_a_bad_moment(server: Server, transport: HttpTransport, waits: list[float], code: int) -> None:
    server.script["/x"] = [status(code), slam, status(200, b"fine")]
    sink = Sink()
    transport.get(server.url("/x"), sink.write)
    assert bytes(sink.data) == b"fine"
    assert waits == [0.25, 0.5]


def test_retry_after_is_honoured_within_reason(server: Server, transport: HttpTransport, waits: list[float]) -> None:
    server.script["/x"] = [status(429, Retry_After="3"), status(503, Retry_After="86400"), status(200, b"fine")]
    transport.get(server.url("/x"), Sink().write)
    assert waits == [3.0, 30.0]


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (404, "HTTP 404 Not Found", refusals.GONE),
        (410, "HTTP 410 Gone", refusals.GONE),
        (400, "HTTP 400 Bad Request", refusals.ADDRESS),
        (401, "HTTP 401 Unauthorized", refusals.CREDENTIALS),
        (403, "HTTP 403 Forbidden", refusals.CREDENTIALS),
        (407, "HTTP 407 Proxy Authentication Required", refusals.PROXY_CREDENTIALS),
        (304, "HTTP 304 Not Modified", refusals.ADDRESS),
        (206, "HTTP 206 Partial Content", refusals.ADDRESS),
    ],
)
def test_what_is_no_use_to_try_again(
    server: Server, transport: HttpTransport, waits: list[float], code: int, reason: str, hint: str
) -> None:
    server.script["/x"] = [status(code)]
    with pytest.raises(FetchError) as caught:
        transport.get(server.url("/x"), Sink().write)
    assert not caught.value.retryable
    assert caught.value.message == f"cannot download '{server.url('/x')}': {reason}"
    assert (caught.value.hint, caught.value.status, waits) == (hint, code, [])


def test_nobody_listens(transport: HttpTransport, waits: list[float]) -> None:
    with pytest.raises(TransientFetchError, match=r": Connection refused$"):
        transport.get("http://127.0.0.1:9/x", Sink().write)
    assert len(waits) == 4


def test_a_silent_server_times_out(server: Server, waits: list[float]) -> None:
    server.script["/x"] = [silence]
    impatient = HttpTransport(sleep=waits.append, policy=RetryPolicy(attempts=2, stall_timeout=0.05))
    with pytest.raises(TransientFetchError, match="timed out while waiting for data"):
        impatient.get(server.url("/x"), Sink().write)
    impatient.close()


def test_redirects_are_followed(server: Server, transport: HttpTransport) -> None:
    server.script.update({"/a": [redirect("/b", 301)], "/b": [redirect(server.url("/c"), 307)], "/c": [status(200, b"here")]})
    sink = Sink()
    assert transport.get(server.url("/a"), sink.write).url == server.url("/c")
    assert bytes(sink.data) == b"here"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/a", "more than 20 redirects"),
        ("file:///etc/passwd", "the server redirects to a 'file:' URL, which is refused"),
        ("ftp://127.0.0.1/x", "the server redirects to a 'ftp:' URL, which is refused"),
        ("http://[", "the server redirects to something that is no URL"),
    ],
)
def test_redirects_to_nowhere(server: Server, transport: HttpTransport, target: str, reason: str) -> None:
    server.script["/a"] = [redirect(target)]
    with pytest.raises(FetchError) as caught:
        transport.get(server.url("/a"), Sink().write)
    assert caught.value.message == f"cannot download '{server.url('/a')}': {reason}"


def test_credentials_go_to_their_own_host_only(server: Server, transport: HttpTransport) -> None:
    with_port = server.url("/b").replace("127.0.0.1", "localhost")
    server.script.update({"/a": [redirect(with_port)], "/b": [status(200, b"here")]})
    result = transport.get(server.url("/a", "user:s3cret@"), Sink().write)
    assert server.headers(0)["authorization"] == "Basic dXNlcjpzM2NyZXQ="
    assert "authorization" not in server.headers(1)
    assert "s3cret" not in result.url


def test_netrc_gives_credentials(server: Server) -> None:
    server.script["/a"] = [status(200, b"here")]
    transport = HttpTransport(netrc=Netrc("machine 127.0.0.1 login user password s3cret"))
    transport.get(server.url("/a"), Sink().write)
    transport.close()
    assert server.headers(0)["authorization"] == "Basic dXNlcjpzM2NyZXQ="


def test_no_secret_in_errors_and_log(server: Server, transport: HttpTransport, log: list[str]) -> None:
    server.script["/a"] = [slam]
    with pytest.raises(FetchError) as caught:
        transport.get(server.url("/a?token=s3cret&x=1", "user:s3cret@"), Sink().write)
    assert "s3cret" not in caught.value.message + "".join(log)
    assert "x=1" in caught.value.message


def test_through_a_proxy(server: Server) -> None:
    server.script["http://nowhere.example/x"] = [status(200, b"by proxy")]
    transport = HttpTransport(proxies=Proxies(http=server.url("", "me:s3cret@")))
    sink = Sink()
    transport.get("http://nowhere.example/x", sink.write)
    transport.close()
    assert bytes(sink.data) == b"by proxy"
    assert server.headers(0)["proxy-authorization"] == "Basic bWU6czNjcmV0"


@pytest.mark.parametrize("url", ["gopher://example.org/x", "x", "/etc/passwd"])
def test_other_schemes_are_refused(transport: HttpTransport, url: str) -> None:
    with pytest.raises(FetchError, match="is not supported"):
        transport.get(url, Sink().write)


def test_a_sink_that_fails_is_not_tried_again(server: Server, transport: HttpTransport, waits: list[float]) -> None:
    server.script["/x"] = [status(200, BODY)]

    def full(piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        transport.get(server.url("/x"), full)
    assert waits == []


def test_files(transport: HttpTransport, tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(BODY)
    sink = Sink()
    result = transport.get(f"file://{tmp_path}/a%20b", sink.write)
    assert bytes(sink.data) == BODY
    assert result.size == len(BODY)
