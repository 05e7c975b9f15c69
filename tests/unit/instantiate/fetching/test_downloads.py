"""Files and tarballs by way of the cache: when the server is asked, and what happens when it does not answer."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.instantiate.fetching.downloads import download_file
from imagetools.instantiate.fetching.errors import (
    BadArchive,
    FetchedHashMismatch,
    FetchFailed,
    NotSupportedHere,
    TopLevelFiles,
)
from imagetools.lang.runtime.errors import EvalError
from tests.unit.instantiate.fetching.session import Session
from tests.unit.instantiate.fetching.tapes import Files, tarball
from tests.unit.net.server import Handler, Server, cut, redirect, running, status

HOUR = 3600
TREE: Files = {"pkg/default.nix": b'"one"\n', "pkg/out": "../../etc/passwd"}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        made.script["/x"] = [status(200, b"one", ETag='"1"')]
        made.script["/t"] = [status(200, tarball(TREE), ETag='"1"')]
        yield made


def asked(server: Server) -> list[str | None]:
    """The If-None-Match of each request so far; forgets them."""
    found = [headers.get("if-none-match") for _, headers in server.seen]
    server.seen.clear()
    return found


def read(session: Session, server: Server) -> str:
    return session.shown(f'builtins.readFile (builtins.fetchurl "{server.url("/x")}")')


def imported(session: Session, server: Server) -> str:
    return session.shown(f'import (fetchTarball "{server.url("/t")}")')


def test_for_an_hour_nobody_is_asked(server: Server, tmp_path: Path) -> None:
    assert read(Session(tmp_path), server) == '"one"'
    assert asked(server) == [None]
    assert read(Session(tmp_path, now=1_000_000 + HOUR), server) == '"one"'
    assert asked(server) == []


def test_afterwards_the_server_is_asked_for_something_newer(server: Server, tmp_path: Path) -> None:
    read(Session(tmp_path), server)
    server.script["/x"] = [status(304)]
    later = Session(tmp_path, now=1_000_001 + HOUR)
    assert read(later, server) == '"one"'
    assert asked(server) == [None, '"1"']
    assert read(Session(tmp_path, now=1_000_000 + 2 * HOUR), server) == '"one"'
    assert asked(server) == []
    server.script["/x"] = [status(200, b"two", ETag='"2"')]
    assert read(Session(tmp_path, now=1_000_000 + 3 * HOUR), server) == '"two"'
    assert asked(server) == ['"1"']
    assert later.said == []


def test_with_zero_seconds_it_is_asked_each_time(server: Server, tmp_path: Path) -> None:
    server.script["/x"] = [status(200, b"one"), status(200, b"two")]
    assert read(Session(tmp_path, ttl=0), server) == '"one"'
    assert read(Session(tmp_path, ttl=0), server) == '"two"'


def test_within_one_evaluation_nothing_is_fetched_twice(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert (
        session.shown(f'let f = builtins.fetchurl "{server.url("/x")}"; in f == builtins.fetchurl "{server.url("/x")}"') == "true"
    )
    assert len(asked(server)) == 1


def test_a_tarball_is_unpacked_again_only_when_it_has_changed(server: Server, tmp_path: Path) -> None:
    assert imported(Session(tmp_path), server) == '"one"'
    server.script["/t"] = [status(304)]
    assert imported(Session(tmp_path, now=2_000_000), server) == '"one"'
    assert asked(server) == [None, '"1"']
    server.script["/t"] = [status(200, tarball({"pkg/default.nix": b'"two"\n'}), ETag='"2"')]
    assert imported(Session(tmp_path, now=3_000_000), server) == '"two"'


@pytest.mark.parametrize("answer", [status(503), status(404), cut(b"x" * 100, 10)])
def test_without_an_answer_the_old_copy_is_used(answer: object, server: Server, tmp_path: Path) -> None:
    read(Session(tmp_path), server)
    imported(Session(tmp_path), server)
    server.script["/x"] = server.script["/t"] = [answer]  # type: ignore[list-item]
    later = Session(tmp_path, now=2_000_000)
    assert (read(later, server), imported(later, server)) == ('"one"', '"one"')
    assert [line.startswith(f"warning: cannot download '{server.url('/x')}'") for line in later.said] == [True, False]
    assert all(line.endswith("; using cached version") for line in later.said)


def test_without_a_network_the_old_copy_is_used(tmp_path: Path) -> None:
    with running() as server:
        server.script["/x"] = [status(200, b"one")]
        text = f'builtins.readFile (builtins.fetchurl "{server.url("/x")}")'
        assert Session(tmp_path).shown(text) == '"one"'
    later = Session(tmp_path, now=2_000_000)
    assert later.shown(text) == '"one"'
    assert len(later.said) == 1
    with pytest.raises(FetchFailed, match="cannot download"):
        Session(tmp_path / "fresh").shown(text)


def test_what_is_gone_from_the_store_is_fetched_again(server: Server, tmp_path: Path) -> None:
    assert read(Session(tmp_path), server) == '"one"'
    assert read(Session(tmp_path, store="another"), server) == '"one"'
    assert asked(server) == [None, None]


def test_what_has_a_hash_never_expires(server: Server, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"one").hexdigest()
    text = f'builtins.fetchurl {{ url = "{server.url("/x")}"; sha256 = "{digest}"; }}'
    first = Session(tmp_path).shown(text)
    assert asked(server) == [None]
    assert Session(tmp_path, now=9_000_000, ttl=0).shown(text) == first
    elsewhere = text.replace(server.url("/x"), "http://127.0.0.1:1/x")
    assert Session(tmp_path, now=9_000_000, ttl=0).shown(elsewhere) == first
    assert asked(server) == []


def test_a_hash_makes_no_promise_for_the_same_url_without_one(server: Server, tmp_path: Path) -> None:
    """Nix 2.8 would never look again."""
    digest = hashlib.sha256(b"one").hexdigest()
    Session(tmp_path).shown(f'builtins.fetchurl {{ url = "{server.url("/x")}"; sha256 = "{digest}"; }}')
    server.script["/x"] = [status(200, b"two")]
    assert read(Session(tmp_path, now=2_000_000), server) == '"two"'


def test_what_others_fetch_at_the_same_time_is_fetched_once(server: Server, tmp_path: Path) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(handler: Handler) -> None:
        arrived.set()
        release.wait(20)
        status(200, b"one")(handler)

    server.script["/x"] = [slow]
    found: list[str] = []

    def work() -> None:
        session = Session(tmp_path)
        file = download_file(session.world, server.url("/x"), "x", locked=False)
        found.append(Path(session.store.real_path(file.path)).read_text())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert arrived.wait(20)
    release.set()
    for thread in threads:
        thread.join(30)
    assert found == ["one"] * 3
    assert len(asked(server)) == 1


def test_after_a_redirect_both_addresses_are_known(server: Server, tmp_path: Path) -> None:
    server.script["/moved"] = [redirect("/x")]
    url = server.url("/moved")
    assert Session(tmp_path).shown(f'builtins.readFile (builtins.fetchurl {{ url = "{url}"; name = "x"; }})') == '"one"'
    assert len(asked(server)) == 2
    assert read(Session(tmp_path), server) == '"one"'
    assert asked(server) == []


def test_a_wrong_hash(server: Server, tmp_path: Path) -> None:
    zero = "0" * 52
    for text in (
        f'builtins.fetchurl {{ url = "{server.url("/x")}"; sha256 = "{zero}"; }}',
        f'fetchTarball {{ url = "{server.url("/t")}"; sha256 = "{zero}"; }}',
    ):
        with pytest.raises(FetchedHashMismatch) as caught:
            Session(tmp_path).shown(text)
        assert caught.value.exit_code == 102
        assert f"\n  specified: sha256:{zero}\n  got:       sha256:" in caught.value.message


@pytest.mark.parametrize(
    ("body", "error", "sentence"),
    [
        (tarball({"a/x": b"", "b/x": b""}), TopLevelFiles, "contains an unexpected number of top-level files"),
        (tarball({}), TopLevelFiles, "contains an unexpected number of top-level files"),
        (tarball({"../x": b""}), BadArchive, "its name has '..'"),
        (tarball({"/etc/x": b""}), BadArchive, "its name is absolute"),
        (tarball({"a/l": "/tmp", "a/l/x": b""}, with_folders=False), BadArchive, "goes through something that is no directory"),
        (tarball(TREE)[:-40], BadArchive, "it ends early"),
        (b"<html>not a tarball</html>", BadArchive, "bad tar archive"),
        (b"", BadArchive, "bad tar archive"),
    ],
    ids=["two at the top", "nothing", "upwards", "absolute", "through a link", "cut off", "a page", "empty"],
)
def test_what_is_no_good_tarball(body: bytes, error: type[EvalError], sentence: str, server: Server, tmp_path: Path) -> None:
    server.script["/t"] = [status(200, body)]
    with pytest.raises(error) as caught:
        imported(Session(tmp_path), server)
    assert sentence in caught.value.message
    assert server.url("/t") in caught.value.message


def test_s3_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedHere, match="'s3://bucket/x': s3: URLs are not supported by imagetools"):
        Session(tmp_path).shown('builtins.fetchurl "s3://bucket/x"')


def test_no_secret_is_said_or_kept(server: Server, tmp_path: Path) -> None:
    url = server.url("/x", "ann:s3cret@") + "?token=hidden"
    zero = "0" * 52
    said: list[str] = []
    for text in (
        f'{{ url = "{url}"; name = "x"; sha256 = "{zero}"; }}',
        f'{{ url = "{url.replace("/x", "/gone")}"; name = "x"; }}',
    ):
        with pytest.raises(EvalError) as caught:
            Session(tmp_path).shown(f"builtins.fetchurl {text}")
        said.append(caught.value.message)
    assert not any(secret in line for line in said for secret in ("s3cret", "hidden"))
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not any(secret in path.read_bytes() for path in kept for secret in (b"s3cret", b"hidden"))


def test_an_entry_of_the_search_path(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path, include=[f"gone={server.url('/gone')}", f"pkg={server.url('/t')}"])
    assert asked(server) == []
    assert session.shown("import <pkg>") == '"one"'
    assert session.shown("(builtins.tryEval <gone/x>).success") == "false"
    assert session.said == [f"warning: Nix search path entry '{server.url('/gone')}' cannot be downloaded, ignoring"]


def test_a_tarball_that_is_broken_is_an_error_in_the_search_path(server: Server, tmp_path: Path) -> None:
    server.script["/t"] = [status(200, b"nothing")]
    with pytest.raises(BadArchive):
        Session(tmp_path, include=[f"pkg={server.url('/t')}"]).shown("import <pkg>")
