"""The builtins as a definition sees them: arguments, results, what restricted and pure evaluation forbid."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.instantiate.fetching.errors import FetchingError, NotLocked
from imagetools.lang.runtime.errors import EvalError, RestrictedPath, RestrictedUri, TypeErrorNix
from tests.unit.instantiate.fetching.session import Session
from tests.unit.instantiate.fetching.tapes import tarball
from tests.unit.net.server import Server, running, status


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        made.script["/x"] = [status(200, b"one")]
        made.script["/t.tar"] = [status(200, tarball({"top/f": b"one"}, mtime=1_500_000_000))]
        yield made


def test_a_file_as_a_tree(server: Server, tmp_path: Path) -> None:
    shown = Session(tmp_path).shown(f'fetchTree {{ type = "file"; url = "{server.url("/x")}"; }}')
    assert 'narHash = "sha256-' in shown
    assert Session(tmp_path).shown(f'builtins.readFile (fetchTree "file+{server.url("/x")}")') == '"one"'


def test_a_tarball_as_a_tree_knows_its_time(server: Server, tmp_path: Path) -> None:
    text = f'(fetchTree "{server.url("/t.tar")}")'
    assert Session(tmp_path).shown(f"{text}.lastModified") == "1500000000"
    assert Session(tmp_path).shown(f"{text}.lastModifiedDate") == '"20170714024000"'


def test_a_tree_that_the_store_has_is_not_fetched(server: Server, tmp_path: Path) -> None:
    text = f'(fetchTree {{ type = "tarball"; url = "{server.url("/t.tar")}"; MORE }})'
    nar_hash = Session(tmp_path).shown(text.replace("MORE", "") + ".narHash")
    server.seen.clear()
    gone = text.replace("MORE", f"narHash = {nar_hash};").replace("/t.tar", "/gone.tar")
    Session(tmp_path, now=9_000_000).shown(gone)
    assert server.seen == []


def test_a_folder_as_a_tree(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/f").write_text("x")
    session = Session(tmp_path)
    path = session.shown(f'(fetchTree {{ type = "path"; path = {tmp_path}/tree; }}).outPath')
    assert session.shown(f'(fetchTree "path:{tmp_path}/tree").outPath') == path
    assert session.shown(f'(fetchTree "{tmp_path}/tree").outPath') == path
    assert session.shown(f'(fetchTree {{ type = "path"; path = {path}; }}).outPath') == path


def test_results_can_be_read_in_restricted_mode(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path, restricted=True, allowed=[server.url("/")])
    assert session.shown(f'builtins.readFile (builtins.fetchurl "{server.url("/x")}")') == '"one"'
    assert session.shown(f'builtins.readDir (fetchTarball "{server.url("/t.tar")}")') == '{ f = "regular"; }'


def test_an_entry_of_the_search_path_is_allowed(server: Server, tmp_path: Path) -> None:
    session = Session(tmp_path, restricted=True, include=[f"t={server.url('/t.tar')}"])
    assert session.shown("builtins.readDir <t>") == '{ f = "regular"; }'


@pytest.mark.parametrize(
    ("uri", "allowed", "fine"),
    [
        ("https://h/x", ["https://h/x"], True),
        ("https://h/x/y", ["https://h/x"], True),
        ("https://h/xy", ["https://h/x"], False),
        ("https://h/x", ["https://"], True),
        ("https://github.com/x", ["https://github.co"], False),
        ("https://h/x", ["", "http://"], False),
        ("https://h/x", [], False),
        ("git@h:x", ["git@h:x"], True),
        ("https://h/x/../y", ["https://h/x"], False),
        ("https://h/x/%2E%2e/y", ["https://h/x/"], False),
        ("https://h/x/./z/../y", ["https://h/x"], True),
        ("https://h/x/a%20b", ["https://h/x"], True),
        ("https://h/../x", ["https://h/"], True),
    ],
)
def test_prefixes(uri: str, allowed: list[str], fine: bool, tmp_path: Path) -> None:
    io = Session(tmp_path, restricted=True, allowed=allowed).io
    if fine:
        io.check_uri(uri)
    else:
        with pytest.raises(RestrictedUri) as caught:
            io.check_uri(uri)
        assert caught.value.message == f"access to URI '{uri}' is forbidden in restricted mode"


def test_an_allowed_folder_as_a_uri(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/x").write_text("x")
    (tmp_path / "y").write_text("y")
    for prefix in (f"file://{tmp_path}/a%20b", f"file://{tmp_path}/a%20b/", "file:///", "file:"):
        session = Session(tmp_path, restricted=True, allowed=[prefix])
        assert session.shown(f'builtins.readFile (builtins.fetchurl "file://{tmp_path}/a%20b/x")') == '"x"'
    for path in ("a%20b/../y", "a%20b/%2e%2e/y", "a%20b%2f..%2Fy"):
        session = Session(tmp_path, restricted=True, allowed=[f"file://{tmp_path}/a%20b"])
        with pytest.raises(RestrictedPath):
            session.shown(f'builtins.fetchurl "file://{tmp_path}/{path}"')


def test_a_way_out_of_what_the_search_path_allows(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path)
    session = Session(tmp_path, restricted=True, include=[f"in={tmp_path}/in"])
    for text in (
        f'builtins.fetchurl "file://{tmp_path}/in/%2e%2e/x"',
        f'fetchTarball "file://{tmp_path}/in/%2e%2E/x"',
        f'fetchGit "file://{tmp_path}/in/%2e%2e"',
        f'fetchTree {{ type = "git"; url = "file://{tmp_path}/in/link?x=1"; }}',
        f'fetchMercurial "file://{tmp_path}/in/.%2e"',
        f'fetchTree "git+file://{tmp_path}/in/%2e%2e"',
        f'fetchTree "path:{tmp_path}/in/%2e%2e"',
    ):
        with pytest.raises(RestrictedPath):
            session.shown(text)


def test_the_kind_of_fetching_may_be_allowed_too(tmp_path: Path) -> None:
    texts = [f'fetchTree "git+file://{tmp_path}/in"', f'fetchTree {{ type = "git"; url = "file://{tmp_path}/in"; }}']
    for allowed, fine in ((f"git+file://{tmp_path}", 1), (f"file://{tmp_path}", 2)):
        for text in texts[:fine]:
            with pytest.raises(FetchingError):  # there is no repository
                Session(tmp_path, restricted=True, allowed=[allowed]).shown(text)


def test_local_paths_in_restricted_mode(tmp_path: Path) -> None:
    session = Session(tmp_path, restricted=True)
    (tmp_path / "x").write_text("x")
    for text in (
        f'builtins.fetchurl "file://{tmp_path}/x"',
        f"fetchGit {tmp_path}",
        f'fetchGit "file://{tmp_path}"',
        f'fetchTree {{ type = "path"; path = "{tmp_path}/x"; }}',
        f'fetchTree "path:{tmp_path}/x"',
        f'fetchTree "file://{tmp_path}/x"',
        f'fetchTree "file+file://{tmp_path}/x"',
        f'fetchTree "git+file://{tmp_path}?rev={"0" * 40}"',
        f'fetchTree "hg+file://{tmp_path}"',
        f'fetchTree "tarball+file://{tmp_path}/x"',
        f"fetchMercurial {tmp_path}",
    ):
        with pytest.raises(RestrictedPath):
            session.shown(text)


@pytest.mark.parametrize(
    "text",
    ['fetchTree "github:o/r"', 'fetchTree { type = "gitlab"; owner = "o"; repo = "r"; }', 'fetchGit "git@host.invalid:x"'],
)
def test_forges_and_hosts_in_restricted_mode(text: str, tmp_path: Path) -> None:
    with pytest.raises(RestrictedUri):
        Session(tmp_path, restricted=True).shown(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('builtins.fetchurl "http://x"', "'fetchurl' requires a 'sha256' argument"),
        ('fetchTarball "http://x"', "'fetchTarball' requires a 'sha256' argument"),
        ('fetchGit "http://x"', "'fetchGit' requires a locked input"),
        ('fetchTree "github:o/r"', "'fetchTree' requires a locked input"),
        ('fetchTree { type = "path"; path = "/etc"; }', "'fetchTree' requires a locked input"),
        ('fetchTree { type = "hg"; url = "http://x"; ref = "branch"; }', "'fetchTree' requires a locked input"),
        ('fetchMercurial { url = "http://x"; rev = "branch"; }', "'fetchMercurial' requires a Mercurial revision"),
    ],
)
def test_pure_evaluation(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(NotLocked) as caught:
        Session(tmp_path, pure=True).shown(text)
    assert caught.value.message == f"in pure evaluation mode, {sentence}"


def test_pure_evaluation_with_a_hash(server: Server, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"one").hexdigest()
    text = f'builtins.readFile (builtins.fetchurl {{ url = "{server.url("/x")}"; sha256 = "{digest}"; }})'
    assert Session(tmp_path, pure=True).shown(text) == '"one"'


def test_pure_evaluation_of_a_folder_with_a_hash(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/f").write_text("x")
    attributes = f'type = "path"; path = "{tmp_path}/tree";'
    known = Session(tmp_path).shown(f"(fetchTree {{ {attributes} }}).narHash")
    pure = Session(tmp_path, store="another", pure=True)
    assert pure.shown(f"builtins.readFile (fetchTree {{ {attributes} narHash = {known}; }} + ''/f'')") == '"x"'
    with pytest.raises(RestrictedPath):  # a rev that nobody can check
        pure.shown(f'fetchTree {{ {attributes} rev = "{"0" * 40}"; }}')


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("builtins.fetchurl { url = throw ''inner''; }", EvalError),
        ("fetchTree { type = ''git''; url = null; }", TypeErrorNix),
        ("fetchTree { type = ''git''; url = ''http://x''; revCount = -1; }", FetchingError),
        ("fetchTree { type = ''git''; url = ''http://x''; revCount = 1.5; }", TypeErrorNix),
        ("fetchTree [ ]", EvalError),
        ("builtins.fetchurl { url = ''http://x/''; name = ''a/b''; }", EvalError),
        ("builtins.fetchurl { url = ''http://x/''; sha256 = ''x''; }", EvalError),
    ],
)
def test_arguments_that_make_no_sense(text: str, error: type[EvalError], tmp_path: Path) -> None:
    with pytest.raises(error):
        Session(tmp_path).shown(text)


def test_an_error_has_a_place_and_says_what_was_fetched(tmp_path: Path) -> None:
    with pytest.raises(EvalError) as caught:
        Session(tmp_path).shown(f'{{ a = fetchTree {{ type = "path"; path = "{tmp_path}/none"; }}; }}')
    assert caught.value.pos is not None
    assert caught.value.frames[0].text == f"while fetching the input 'path:{tmp_path}/none'"


def test_mercurial_by_its_long_name(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="unsupported Mercurial input attribute 'wrong'"):
        Session(tmp_path).shown('fetchTree { type = "mercurial"; url = "http://x"; wrong = 1; }')
