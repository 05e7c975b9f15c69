"""builtin:fetchurl with a real transport against a real server."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.bundled.fetchers.curl_options import CurlOptionError
from imagetools.bundled.fetchers.download import NothingWorkedError, as_ascii
from imagetools.bundled.fetchers.fetchurl.fetch_url import FetchUrl, urls_of
from imagetools.bundled.fetchers.mirrors import UnknownMirrorError
from imagetools.kernel.bytestr import to_str
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from tests.unit.fetchers.context import SmallContext
from tests.unit.net.server import Server, cut, running, status

BODY = b"0123456789" * 1000


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport(sleep=lambda seconds: None, policy=RetryPolicy(attempts=2))
    yield made
    made.close()


def test_the_first_url_that_works(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    server.script["/x"] = [status(200, BODY)]
    env = {"url": server.url("/gone"), "urls": f"{server.url('/gone?token=s3cret')} {server.url('/x')}"}
    ctx = SmallContext.below(tmp_path, "fetchurl", env, transport)
    FetchUrl().build(ctx)
    out = tmp_path / "out"
    assert out.read_bytes() == BODY
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    assert ctx.lines == [
        f"downloading '{server.url('/gone?token=***')}'",
        f"cannot download '{server.url('/gone?token=***')}': HTTP 404 Not Found; trying the next URL",
        f"downloading '{server.url('/x')}'",
        f"10000 bytes from '{server.url('/x')}'",
    ]


def test_starting_over_leaves_no_trace(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    server.script["/x"] = [cut(b"old" * 4000, 9000), status(200, BODY)]
    FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", {"url": server.url("/x"), "executable": "1"}, transport))
    assert (tmp_path / "out").read_bytes() == BODY
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755


def test_nothing_works_and_nothing_is_left(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    server.script["/cut"] = [cut(BODY, 100)]
    env = {"urls": f"{server.url('/a')} {server.url('/cut')}"}
    with pytest.raises(NothingWorkedError) as caught:
        FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", env, transport))
    first, second, third = caught.value.message.splitlines()
    assert first == "none of the 2 URLs could be downloaded:"
    assert second == f"  cannot download '{server.url('/a')}': HTTP 404 Not Found"
    assert third.startswith(f"  cannot download '{server.url('/cut')}': ")
    assert not (tmp_path / "out").exists()


def test_one_url_fails_with_its_own_words(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(NothingWorkedError) as caught:
        FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", {"url": server.url("/a", "u:s3cret@")}, transport))
    assert caught.value.message == f"cannot download '{server.url('/a')}': HTTP 404 Not Found"


def test_large_downloads_say_how_far_they_are(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    server.script["/x"] = [status(200, bytes(40 << 20))]
    ctx = SmallContext.below(tmp_path, "fetchurl", {"url": server.url("/x")}, transport)
    FetchUrl().build(ctx)
    said = [line for line in ctx.lines if "MiB" in line]
    assert 2 <= len(said) <= 4
    assert all(re.fullmatch(r"\d+ MiB of 40 MiB \(\d+ %\)", line) for line in said)


def test_files(transport: HttpTransport, tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(BODY)
    FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", {"url": f"file://{tmp_path}/a%20b"}, transport))
    assert (tmp_path / "out").read_bytes() == BODY


def test_which_files_the_sandbox_must_show(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(BODY)
    urls = [
        f"file://{tmp_path}/a%20b",
        f"file://{tmp_path}/x/../a%20b",
        "file:///proc/self/environ",
        f"file://{tmp_path}",
        "http://x/",
    ]
    assert FetchUrl().host_files({"urls": " ".join(urls)}) == (f"{tmp_path}/a b",)


@pytest.mark.parametrize(
    ("env", "error"),
    [
        ({}, MissingAttributeError),
        ({"urls": " ", "url": ""}, MissingAttributeError),
        ({"url": "mirror://nowhere/x"}, UnknownMirrorError),
        ({"url": "mirror://gnu"}, UnknownMirrorError),
        ({"url": "http://x/", "curlOpts": "--data x"}, CurlOptionError),
        ({"url": "gopher://x/"}, NothingWorkedError),
    ],
)
def test_must_reject(env: dict[str, str], error: type[Exception], transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(error):
        FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", env, transport))


def test_needs_a_fixed_output(tmp_path: Path) -> None:
    with pytest.raises(NoNetworkError):
        FetchUrl().build(SmallContext.below(tmp_path, "fetchurl", {"url": "http://x/"}))


def test_has_one_output(transport: HttpTransport, tmp_path: Path) -> None:
    ctx = SmallContext("fetchurl", {"url": "http://x/"}, {"out": "a", "dev": "b"}, str(tmp_path), transport)
    with pytest.raises(BuiltinError, match="exactly one output"):
        FetchUrl().build(ctx)


def test_bytes_that_are_no_ascii() -> None:
    assert as_ascii(to_str("http://h/ü?a=%20 ".encode())) == "http://h/%C3%BC?a=%20%20"
    assert urls_of({"urls": "http://a/ http://b/\nhttp://c/", "url": "http://d/"}) == ["http://a/", "http://b/", "http://c/"]
