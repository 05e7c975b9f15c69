"""The transport asked only for what is new, and with headers of the caller's."""

from collections.abc import Iterator

import pytest

from imagetools.net.http import HttpTransport
from imagetools.net.ports import FetchError, Wishes
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
    with pytest.raises(FetchError) as caught:
        transport.get(server.url("/x"), ignore, wishes=Wishes(headers=(("If-None-Match", '"abc"'),)))
    assert caught.value.status == 304
    assert server.headers(0)["if-none-match"] == '"abc"'


def test_headers_go_to_the_host_that_was_asked_and_to_no_other(server: Server, transport: HttpTransport) -> None:
    def body(handler: Handler) -> None:
        status(200, b"x")(handler)

    with running() as other:
        server.script["/a"] = [redirect("/b")]
        server.script["/b"] = [redirect(other.url("/c"))]
        other.script["/c"] = [body]
        wishes = Wishes(headers=(("Authorization", "token s3cret"), ("If-None-Match", '"abc"')))
        transport.get(server.url("/a"), lambda piece: None, wishes=wishes)
        assert [server.headers(number)["authorization"] for number in (0, 1)] == ["token s3cret"] * 2
        assert "authorization" not in other.headers(0)
        assert other.headers(0)["if-none-match"] == '"abc"'
