"""The transport asked only for what is new, and with headers of the caller's."""

from collections.abc import Iterator

import pytest

from imagetools.net.http import HttpTransport
from imagetools.net.ports import FetchError
from tests.unit.net.server import Handler, Server, redirect, running, status


def ignore(piece: bytes) -> None:
    raise AssertionError(piece)


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport()
    yield made
    made.close()


def test_what_the_caller_has_does_not_come_again(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [status(304)]
    result = transport.get(server.url("/x"), ignore, etag='"abc"')
    assert (result.not_modified, result.size, result.etag) == (True, 0, '"abc"')
    assert server.headers(0)["if-none-match"] == '"abc"'


def test_something_newer_comes_whole(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [status(200, b"new", ETag='"def"')]
    pieces: list[bytes] = []
    result = transport.get(server.url("/x"), pieces.append, etag='"abc"')
    assert (b"".join(pieces), result.not_modified, result.etag) == (b"new", False, '"def"')


def test_an_answer_that_nobody_asked_for_is_an_error(server: Server, transport: HttpTransport) -> None:
    server.script["/x"] = [status(304)]
    with pytest.raises(FetchError, match="HTTP 304"):
        transport.get(server.url("/x"), ignore)
    assert "if-none-match" not in server.headers(0)


def test_headers_go_to_the_host_that_was_asked_and_to_no_other(server: Server, transport: HttpTransport) -> None:
    def body(handler: Handler) -> None:
        status(200, b"x")(handler)

    with running() as other:
        server.script["/a"] = [redirect("/b")]
        server.script["/b"] = [redirect(other.url("/c"))]
        other.script["/c"] = [body]
        transport.get(server.url("/a"), lambda piece: None, headers={"Authorization": "token s3cret"})
        assert [server.headers(number)["authorization"] for number in (0, 1)] == ["token s3cret"] * 2
        assert "authorization" not in other.headers(0)
