"""What fetchurl does beside downloading: shell before and after, lists of URLs, hashed mirrors, archives of Nix."""

import hashlib
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.fetchers.download import NothingWorkedError
from imagetools.bundled.fetchers.fetchurl.fetch_url import FetchUrl
from imagetools.bundled.fetchers.fetchurl.unpack_nar import BadArchiveError
from imagetools.bundled.fetchers.post_fetch import NoNetrcError
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.store.fs_nar import dump, file_hash, nar_hash
from tests.unit.fetchers.context import SHELL, SmallContext
from tests.unit.net.server import Server, cut, ranged, running, status

BODY = b"0123456789" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        made.script["/x"] = [status(200, BODY)]
        yield made


def run(folder: Path, env: dict[str, str]) -> SmallContext:
    transport = HttpTransport(sleep=lambda seconds: None, policy=RetryPolicy(attempts=2))
    ctx = SmallContext.below(folder, "fetchurl", env, transport)
    try:
        FetchUrl().build(ctx)
    finally:
        transport.close()
    return ctx


def test_post_fetch_over_the_output(server: Server, tmp_path: Path) -> None:
    script = '[ "$downloadedFile" = "$out" ]; printf %s "$greeting" >> $downloadedFile; pwd -P'
    ctx = run(tmp_path, {"url": server.url("/x"), "postFetch": script, "greeting": "hello", **SHELL})
    assert (tmp_path / "out").read_bytes() == BODY + b"hello"
    assert ctx.lines[-1] == str(tmp_path / "build")
    assert ctx.facts == {}


def test_post_fetch_makes_the_output(server: Server, tmp_path: Path) -> None:
    script = (
        'mkdir $out; stripHash /nix/store/0c5b8vw40d1178xlddw0nqmd6lhq5ha5-x > $out/name; wc -c < "$downloadedFile" > $out/size'
    )
    run(tmp_path, {"url": server.url("/x"), "postFetch": script, "downloadToTemp": "1", **SHELL})
    assert (tmp_path / "out" / "name").read_text() == "x\n"
    assert (tmp_path / "out" / "size").read_text().strip() == "10000"


@pytest.mark.parametrize("script", ["false; true", "echo $undefined", "false | true", "x=$(false; echo)"])
def test_post_fetch_is_strict(server: Server, tmp_path: Path, script: str) -> None:
    with pytest.raises(BuiltinError, match="failed with exit code"):
        run(tmp_path, {"url": server.url("/x"), "postFetch": script, **SHELL})


def test_executable_before_post_fetch(server: Server, tmp_path: Path) -> None:
    run(tmp_path, {"url": server.url("/x"), "postFetch": "[ -x $out ]", "executable": "1", **SHELL})


def test_netrc_phase(server: Server, tmp_path: Path) -> None:
    script = 'printf "machine 127.0.0.1 login me password %s\\n" "$TOKEN" > netrc; [ "$(umask)" = 0022 ]'
    ctx = run(tmp_path, {"url": server.url("/x"), "netrcPhase": script, "TOKEN": "s3cret", **SHELL})
    assert server.headers(0)["authorization"] == "Basic bWU6czNjcmV0"
    assert [path.name for path in (tmp_path / "build").iterdir()] == [".kept"]
    assert "s3cret" not in "\n".join(ctx.lines)
    with pytest.raises(NoNetrcError):
        run(tmp_path, {"url": server.url("/x"), "netrcPhase": "true", **SHELL})


def test_show_urls(server: Server, tmp_path: Path) -> None:
    run(tmp_path, {"urls": "http://a/b?c mirror://x/d", "NIX_MIRRORS_x": "http://e http://f/", "showURLs": "1"})
    assert (tmp_path / "out").read_text() == "http://a/b?c http://e/d http://f/d\n"
    assert server.seen == []


def test_hashed_mirrors_are_asked_first(server: Server, tmp_path: Path) -> None:
    server.script[f"/m/sha256/{SHA256}"] = [status(200, BODY)]
    env = {"url": server.url("/gone"), "hashedMirrors": f"{server.url('/empty/')} {server.url('/m')}", "outputHashMode": "flat"}
    ctx = run(tmp_path, {**env, "outputHash": SHA256, "outputHashAlgo": "sha256", "postFetch": "exit 1", **SHELL})
    assert (tmp_path / "out").read_bytes() == BODY
    assert [path for path, _ in server.seen] == [f"/empty/sha256/{SHA256}", f"/m/sha256/{SHA256}"]
    assert any("not from the hashed mirror" in line for line in ctx.lines)


def test_hashed_mirrors_of_the_environment(server: Server, tmp_path: Path) -> None:
    env = {"url": server.url("/x"), "hashedMirrors": "http://127.0.0.1:1/", "NIX_HASHED_MIRRORS": server.url("/none")}
    run(tmp_path, {**env, "outputHash": SHA256, "outputHashAlgo": "sha256", "NIX_CONNECT_TIMEOUT": "1"})
    assert [path for path, _ in server.seen] == [f"/none/sha256/{SHA256}", "/x"]


@pytest.mark.parametrize(
    "env",
    [
        {"outputHash": "", "outputHashAlgo": "sha256"},
        {"outputHash": "0" * 64, "outputHashAlgo": "sha256"},
        {"outputHash": SHA256, "outputHashAlgo": "sha256", "outputHashMode": "recursive"},
    ],
)
def test_hashed_mirrors_need_a_flat_hash(server: Server, tmp_path: Path, env: dict[str, str]) -> None:
    run(tmp_path, {"url": server.url("/x"), "hashedMirrors": server.url("/m"), **env})
    assert [path for path, _ in server.seen] == ["/x"]


@pytest.mark.parametrize("executable", ["", "1"])
def test_what_was_measured(server: Server, tmp_path: Path, executable: str) -> None:
    big = BODY * 500
    server.script["/x"] = [cut(big, 3_000_000, ETag='"v"'), ranged(big, ETag='"v"')]
    env = {"url": server.url("/x"), "outputHash": "0" * 128, "outputHashAlgo": "sha512", "executable": executable}
    facts = run(tmp_path, env).facts["out"]
    assert (facts.nar_hash, facts.nar_size) == nar_hash(tmp_path / "out")
    assert facts.file_hash == file_hash(tmp_path / "out", "sha512")[0]


@pytest.mark.parametrize("name", ["x.nar", "x.nar.xz"])
def test_unpacking(server: Server, tmp_path: Path, name: str) -> None:
    (tmp_path / "tree" / "a").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "b").write_bytes(BODY)
    pieces: list[bytes] = []
    dump(tmp_path / "tree", pieces.append)
    nar = b"".join(pieces)
    server.script[f"/{name}"] = [status(200, lzma.compress(nar) if name.endswith(".xz") else nar)]
    run(tmp_path, {"url": server.url(f"/{name}"), "unpack": "1"})
    assert nar_hash(tmp_path / "out") == nar_hash(tmp_path / "tree")


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("x.nar", BODY, "cannot unpack what was downloaded: it is no NAR: "),
        ("x.nar", b"", "cannot unpack what was downloaded: it is no NAR: "),
        ("x.nar.xz", BODY, "cannot unpack what was downloaded: it is not xz-compressed as its name says: "),
        ("x.nar.xz", lzma.compress(BODY)[:50], "cannot unpack what was downloaded: it is "),
    ],
)
def test_nothing_to_unpack(server: Server, tmp_path: Path, name: str, body: bytes, message: str) -> None:
    server.script[f"/{name}"] = [status(200, body)]
    with pytest.raises(BadArchiveError) as caught:
        run(tmp_path, {"url": server.url(f"/{name}"), "unpack": "1"})
    assert caught.value.message.startswith(message)


def test_every_place_of_a_mirror(server: Server, tmp_path: Path) -> None:
    env = {"url": "mirror://mine/x", "NIX_MIRRORS_mine": f"{server.url('/a')} {server.url('/')}"}
    run(tmp_path, env)
    assert [path for path, _ in server.seen] == ["/a/x", "/x"]
    with pytest.raises(NothingWorkedError, match="none of the 2 URLs could be downloaded"):
        run(tmp_path, {**env, "url": "mirror://mine/y"})
