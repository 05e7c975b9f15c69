"""Downloads with everything that goes wrong: the table of ``fault_cases``, and what needs more than a server."""

import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.fetchers.fetchurl.fetch_url import FetchUrl
from imagetools.net import refusals
from imagetools.net.credentials import Netrc
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.net.proxies import Proxies
from tests.unit.fetchers.context import SmallContext
from tests.unit.fetchers.fault_cases import BODY, FAULTS, SECRET, Fault
from tests.unit.fetchers.forges import authority
from tests.unit.net.faults import refuse_tunnel
from tests.unit.net.server import Server, ranged, running, status

POLICY = RetryPolicy(attempts=3, first_delay=0, stall_timeout=20, connect_timeout=20)
HASTY = RetryPolicy(attempts=3, first_delay=0, stall_timeout=0.25, connect_timeout=20)
"""For servers that say nothing any more; all others may take their time on a busy machine."""
SECRETS = f"-H 'Private-Token: {SECRET}' -u me:{SECRET}"


class Fetch:
    """One derivation's download, as often as wished, with all that it says."""

    def __init__(self, folder: Path, url: str, env: Mapping[str, str], said: list[str], policy: RetryPolicy = POLICY) -> None:
        self.out = folder / "out"
        self._folder = folder
        self._env = {"url": url, **env}
        self._said = said
        self._policy = policy

    def run(self, proxies: Proxies | None = None, ca_file: str | None = None) -> None:
        transport = HttpTransport(
            sleep=lambda seconds: None,
            policy=self._policy,
            log=self._said.append,
            proxies=proxies,
            ca_file=ca_file,
            netrc=Netrc(f"default login you password {SECRET}"),
        )
        ctx = SmallContext.below(self._folder, "fetchurl", self._env, transport)
        try:
            FetchUrl().build(ctx)
        except BuiltinError as error:
            self._said += [error.message, error.hint or ""]
            raise
        finally:
            self._said += ctx.lines
            transport.close()

    def fails(self, proxies: Proxies | None = None, ca_file: str | None = None) -> tuple[str, str]:
        with pytest.raises(BuiltinError) as caught:
            self.run(proxies, ca_file)
        assert not self.out.exists()
        return caught.value.message, caught.value.hint or ""


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Everything that was shown: none of it may be secret."""
    texts: list[str] = []
    yield texts
    assert texts
    assert SECRET not in "\n".join(texts)


def with_secrets(server: Server) -> str:
    return server.url(f"/x?token={SECRET}", f"me:{SECRET}@")


@pytest.mark.parametrize("name", FAULTS)
def test_fault(server: Server, name: str, tmp_path: Path, said: list[str]) -> None:
    fault: Fault = FAULTS[name]
    server.script["/x"] = list(fault.answers)
    env = dict(fault.env)
    env["curlOptsList"] = f"{env.get('curlOptsList', '')} {SECRETS}"
    fetch = Fetch(tmp_path, with_secrets(server), env, said, HASTY if fault.silent else POLICY)
    if fault.error is None:
        fetch.run()
        assert fetch.out.read_bytes() == fault.body
    else:
        message, hint = fetch.fails()
        shown = server.url("/x?token=***")
        assert re.sub(r"where \d+ bytes", "where N bytes", message) == fault.error.replace("{url}", shown)
        assert hint == fault.hint
    if fault.requests is not None:
        assert len(server.seen) == fault.requests
    if fault.error is not None:
        server.script["/x"] = [ranged(BODY, ETag='"v1"') if fault.resumes else status(200, BODY)]
        number = len(server.seen)
        fetch.run()
        assert ("range" in server.headers(number), fetch.out.read_bytes()) == (fault.resumes, BODY)
        assert list((tmp_path / "build" / ".kept").iterdir()) == []


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_nobody_listens(tmp_path: Path, said: list[str]) -> None:
    url = f"http://127.0.0.1:{closed_port()}/x"
    message, hint = Fetch(tmp_path, url, {}, said).fails()
    assert message == f"cannot download '{url}': Connection refused"
    assert hint == f"gave up after 3 attempts without progress; {refusals.NETWORK}"


def test_a_name_that_nobody_knows(tmp_path: Path, said: list[str]) -> None:
    message, hint = Fetch(tmp_path, f"https://me:{SECRET}@nowhere.invalid/x", {}, said).fails()
    assert message.startswith("cannot download 'https://nowhere.invalid/x': the host's name is unknown: ")
    assert hint == f"gave up after 3 attempts without progress; {refusals.NETWORK}"


def test_a_certificate_of_an_unknown_authority(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "tls").mkdir()
    ca_file, context = authority.make(tmp_path / "tls", ["localhost"])
    with running() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.script["/x"] = [status(200, BODY)]
        port = server.server_address[1]
        url = f"https://localhost:{port}/x"
        message, hint = Fetch(tmp_path, url, {}, said).fails()
        assert message.startswith(f"cannot download '{url}': the server's certificate was refused: ")
        assert "unable to get local issuer certificate" in message
        assert hint == refusals.AUTHORITY
        message, _ = Fetch(tmp_path, f"https://127.0.0.1:{port}/x", {}, said).fails(ca_file=str(ca_file))
        assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in message
        fetch = Fetch(tmp_path, url, {}, said)
        fetch.run(ca_file=str(ca_file))
        assert fetch.out.read_bytes() == BODY
        fetch.out.unlink()
        fetch = Fetch(tmp_path, url, {"curlOpts": "-k"}, said)
        fetch.run()
        assert fetch.out.read_bytes() == BODY


def test_a_server_without_tls(server: Server, tmp_path: Path, said: list[str]) -> None:
    url = server.url("/x").replace("http:", "https:")
    found = Fetch(tmp_path, url, {}, said).fails()
    assert found == (f"cannot download '{url}': what answers there speaks no TLS", refusals.NO_TLS)


PROXY_FAULTS = {
    "407": ("http", 407, "HTTP 407 Proxy Authentication Required", refusals.PROXY_CREDENTIALS),
    "407 of a tunnel": (
        "https",
        407,
        "the proxy '{proxy}' refuses: 407 Proxy Authentication Required",
        refusals.PROXY_CREDENTIALS,
    ),
    "403 of a tunnel": ("https", 403, "the proxy '{proxy}' refuses: 403 Forbidden", refusals.NETWORK),
    "503 of a tunnel": (
        "https",
        503,
        "the proxy '{proxy}' refuses: 503 Service Unavailable",
        f"gave up after 3 attempts without progress; {refusals.BUSY}",
    ),
}


@pytest.mark.parametrize("name", PROXY_FAULTS)
def test_a_proxy_that_refuses(server: Server, name: str, tmp_path: Path, said: list[str]) -> None:
    scheme, code, reason, hint = PROXY_FAULTS[name]
    url = f"{scheme}://nowhere.invalid/x"
    server.script[url] = server.script["nowhere.invalid:443"] = [refuse_tunnel(code)]
    proxy = server.url("", f"me:{SECRET}@")
    found = Fetch(tmp_path, url, {}, said).fails(Proxies(http=proxy, https=proxy))
    assert found == (f"cannot download '{url}': {reason}".replace("{proxy}", server.url("", "***@")), hint)
    assert server.headers(0)["proxy-authorization"].startswith("Basic ")


def test_a_proxy_that_is_not_there(tmp_path: Path, said: list[str]) -> None:
    port = closed_port()
    message, hint = Fetch(tmp_path, "http://nowhere.invalid/x", {}, said).fails(
        Proxies(http=f"http://me:{SECRET}@127.0.0.1:{port}")
    )
    assert message == (
        f"cannot download 'http://nowhere.invalid/x': Connection refused (through the proxy 'http://***@127.0.0.1:{port}')"
    )
    assert hint == f"gave up after 3 attempts without progress; {refusals.NETWORK}"


@pytest.mark.parametrize("kind", ["socks5", "socks4a", "ftp"])
def test_a_proxy_of_a_kind_that_is_not_known(kind: str, tmp_path: Path, said: list[str]) -> None:
    proxy = f"{kind}://me:{SECRET}@127.0.0.1:1"
    found = Fetch(tmp_path, "https://nowhere.invalid/x", {}, said).fails(Proxies(https=proxy))
    message = f"cannot download 'https://nowhere.invalid/x': proxies of the kind '{kind}' are not supported"
    assert found == (message, refusals.PROXY_KIND)


def test_a_proxy_of_an_option(server: Server, tmp_path: Path, said: list[str]) -> None:
    server.script["http://nowhere.invalid/x"] = [status(200, BODY)]
    fetch = Fetch(tmp_path, "http://nowhere.invalid/x", {"curlOptsList": f"-x {server.url('', f'me:{SECRET}@')}"}, said)
    fetch.run()
    assert fetch.out.read_bytes() == BODY


def test_the_login_stays_with_its_server(server: Server, tmp_path: Path, said: list[str]) -> None:
    with running() as other:
        other.script["/y"] = [status(200, BODY)]
        server.script["/x"] = [status(302, Location=other.url("/y"))]
        options = f"{SECRETS} -H 'Accept: a/b' -A me -b 'c={SECRET}'"
        Fetch(tmp_path, with_secrets(server), {"curlOptsList": options}, said).run()
        first, second = server.headers(0), other.headers(0)
        assert (first["private-token"], first["cookie"], first["accept"]) == (SECRET, f"c={SECRET}", "a/b")
        assert (second["accept"], second["user-agent"]) == ("a/b", "me")
        assert {"private-token", "cookie"}.isdisjoint(second)
        # the second server's login is the netrc file's, which names no host
        assert first["authorization"] != second["authorization"]
