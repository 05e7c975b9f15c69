"""ftp: URLs against a small real server."""

from collections.abc import Iterator

import pytest

from imagetools.net import refusals
from imagetools.net.credentials import Netrc
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.net.ports import FetchError, Part, Wishes
from tests.unit.net.ftp_server import Server, running

BODY = bytes(range(256)) * 1000


@pytest.fixture
def ftp() -> Iterator[Server]:
    with running({"a b/x": BODY}) as made:
        yield made


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, piece: bytes) -> None:
        self.data += piece


def get(url: str, netrc: str = "", wishes: Wishes | None = None) -> bytes:
    sink = Sink()
    policy = RetryPolicy(attempts=3, stall_timeout=1)
    transport = HttpTransport(sleep=lambda seconds: None, policy=policy, netrc=Netrc(netrc))
    parts: list[Part] = []
    transport.get(url, sink, start_over=sink.data.clear, begun=parts.append, wishes=wishes or Wishes())
    assert not any(part.continuable for part in parts)
    return bytes(sink.data)


def test_a_file(ftp: Server) -> None:
    assert get(ftp.url("/a%20b/x")) == BODY
    assert ftp.commands[:3] == ["USER anonymous", "PASS anonymous@", "TYPE I"]


def test_a_broken_connection_goes_on(ftp: Server) -> None:
    ftp.cuts = [100_000, 200_000]
    assert get(ftp.url("/a%20b/x")) == BODY
    assert [line for line in ftp.commands if line.startswith("REST")] == ["REST 100000", "REST 200000"]


def test_without_a_size_everything_comes_anew(ftp: Server) -> None:
    ftp.knows_size = False
    ftp.cuts = [100_000]
    with pytest.raises(FetchError, match="FTP 426 broken") as caught:
        get(ftp.url("/a%20b/x"), wishes=Wishes(attempts=1))
    assert caught.value.hint == f"it was tried once; {refusals.BUSY}"
    ftp.cuts = [100_000]
    assert get(ftp.url("/a%20b/x")) == BODY
    assert not any(line.startswith("REST") for line in ftp.commands)


@pytest.mark.parametrize("where", ["url", "netrc", "wishes"])
def test_logins(ftp: Server, where: str) -> None:
    ftp.login = ("me", "s3cret-w0rd")
    userinfo = "me:s3cret-w0rd@" if where == "url" else ""
    netrc = "machine 127.0.0.1 login me password s3cret-w0rd" if where == "netrc" else ""
    wishes = Wishes(login=ftp.login) if where == "wishes" else None
    assert get(ftp.url("/a%20b/x", userinfo), netrc, wishes) == BODY


def test_what_goes_wrong(ftp: Server) -> None:
    ftp.login = ("me", "other")
    with pytest.raises(FetchError) as caught:
        get(ftp.url("/a%20b/x", "me:s3cret-w0rd@"))
    assert caught.value.message == f"cannot download '{ftp.url('/a%20b/x')}': FTP 530 not with ***"
    assert caught.value.hint == refusals.CREDENTIALS
    ftp.login = None
    for path, reason, hint in [
        ("/gone", "FTP 550 no such file", refusals.GONE),
        ("/folder/", "an ftp: URL names a host and a file", refusals.ADDRESS),
        ("/x%0d%0aDELE y", "an ftp: URL names a host and a file", refusals.ADDRESS),
    ]:
        with pytest.raises(FetchError) as caught:
            get(ftp.url(path))
        assert (caught.value.reason, caught.value.hint) == (reason, hint)
    assert not any(line.startswith("DELE") for line in ftp.commands)
    with pytest.raises(FetchError, match="Connection refused"):
        get("ftp://127.0.0.1:9/x")


def test_a_sink_that_fails(ftp: Server) -> None:
    def full(piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    transport = HttpTransport(sleep=lambda seconds: None)
    with pytest.raises(OSError, match="No space left"):
        transport.get(ftp.url("/a%20b/x"), full)
    assert [line for line in ftp.commands if line.startswith("RETR")] == ["RETR a b/x"]
