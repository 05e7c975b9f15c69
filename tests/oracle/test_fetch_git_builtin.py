"""``fetchGit`` and ``fetchTree`` of git beside Nix 2.8: the same values, store paths and sentences (rows 1.068-1.075)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.fetching import assert_same_values, ours, theirs
from tests.oracle.peers import need
from tests.oracle.sentences import sentence_of_2_8
from tests.unit.fetchers.git.repositories import Folder, World, make_world
from tests.unit.fetchers.git.servers import daemon, smart

pytestmark = pytest.mark.oracle

REMOTE = [
    'fetchGit { url = "URL/plain.git"; ref = "main"; }',
    'fetchGit { url = "URL/plain.git"; ref = "side"; }',
    'fetchGit { url = "URL/plain.git"; ref = "refs/tags/later"; }',
    'fetchGit { url = "URL/plain.git"; ref = "refs/heads/main"; name = "other"; }',
    'fetchGit { url = "URL/plain.git"; ref = "refs/pull/1/head"; }',
    'fetchGit { url = "URL/plain.git"; ref = "HEAD"; }',
    'fetchGit { url = "URL/plain.git"; ref = "main"; rev = "SECOND"; }',
    'fetchGit { url = "URL/plain.git"; rev = "PULL"; allRefs = true; ref = "main"; }',
    'fetchGit { url = "URL/plain.git"; ref = "main"; shallow = false; submodules = false; }',
    'fetchGit { url = "URL/outer.git"; ref = "main"; }',
    'fetchTree { type = "git"; url = "URL/plain.git"; ref = "main"; }',
    'fetchTree "git+URL/plain.git?ref=main&rev=SECOND"',
]
WITH_SUBMODULES = 'fetchGit { url = "URL/outer.git"; ref = "main"; submodules = true; }'
LOCAL = [
    "fetchGit PATH",
    "fetchGit (toString PATH)",
    'fetchGit "file://PATH"',
    'fetchGit { url = PATH; ref = "side"; }',
    'fetchGit { url = PATH; rev = "SECOND"; }',
    'fetchGit { url = PATH; rev = "FIRST"; name = "first"; }',
    'fetchGit { url = PATH; ref = "refs/tags/later"; }',
    'fetchGit { url = PATH; ref = "later"; }',
    "fetchGit { url = PATH; shallow = true; }",
    'fetchTree { type = "git"; url = "file://PATH"; }',
    'fetchTree "git+file://PATH?ref=side"',
    "builtins.attrNames (fetchGit PATH)",
    "builtins.getContext (fetchGit PATH).outPath",
    '(fetchGit PATH) + "/README"',
    "builtins.readDir (fetchGit PATH)",
    "(builtins.tryEval (fetchGit PATH).rev).success",
]
WRONG = [
    'fetchGit { url = PATH; ref = "a..b"; }',
    'fetchGit { url = PATH; ref = ""; }',
    "fetchGit { url = PATH; wrong = 1; }",
    'fetchGit { ref = "main"; }',
    "fetchGit { url = 1; }",
    "fetchGit { url = [ ]; }",
    "fetchGit { url = PATH; submodules = 1; }",
    'fetchGit { url = PATH; shallow = "yes"; }',
    'fetchGit { type = "git"; url = PATH; }',
    "fetchGit 1",
    "fetchGit { url = PATH; narHash = ''sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=''; }",
    "fetchGit { url = PATH; revCount = 7; ref = ''main''; rev = ''FIRST''; }",
    "fetchGit { url = PATH; narHash = ''x''; }",
    "fetchTree { url = PATH; }",
    "fetchTree { type = ''git''; url = PATH; name = ''x''; }",
    "fetchTree { type = ''nothing''; }",
    "fetchTree { type = ''git''; url = ''file://host/x''; }",
    "fetchTree { type = ''git''; url = ''a b://x''; }",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("nix-instantiate", "git")
    return make_world(tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ours")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("theirs")


@pytest.fixture(params=["file", "http", "git"])
def url(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{world.served}"
    elif request.param == "http":
        with smart(world.served) as server:
            yield server.url()
    else:
        with daemon(world.served) as address:
            yield address


def filled(text: str, world: World, url: str = "", path: Path | None = None) -> str:
    for name in ("FIRST", "SECOND", "PULL"):
        text = text.replace(name, world.commits[name.lower()])
    text = text.replace("git+URL", "URL" if url.startswith("git:") else "git+URL")
    return text.replace("URL", url).replace("PATH", str(path))


def test_remote_repositories(url: str, world: World, home: Path, root: Path) -> None:
    assert_same_values([filled(text, world, url) for text in REMOTE], home, root)


def test_submodules(world: World, home: Path, root: Path) -> None:
    with smart(world.served) as server:
        assert_same_values([filled(WITH_SUBMODULES, world, server.url())], home, root)


def test_a_folder(world: World, home: Path, root: Path) -> None:
    path = world.served.parent / "work/plain"
    assert_same_values([filled(text, world, path=path) for text in LOCAL], home, root)


@pytest.mark.parametrize("text", WRONG)
def test_what_makes_no_sense(text: str, world: World, home: Path, root: Path) -> None:
    text = filled(text, world, path=world.served.parent / "work/plain")
    mine, real = ours(text, home), theirs(text, root)
    assert mine.code == real.code != 0
    sentence = sentence_of_2_8(mine.failure.replace(str(home), "").replace("/.local/share/imagetools", ""))
    assert sentence == real.failure.replace(str(root), "")


def test_a_work_tree_with_changes(world: World, home: Path, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "tree"
    shutil.copytree(world.served.parent / "work/plain", path, symlinks=True)
    tree = Folder(path)
    (path / "README").write_text("changed\n")
    (path / "untracked").write_text("x")
    (path / "new/deep").mkdir(parents=True)
    (path / "new/deep/file").write_text("new\n")
    (path / "new/other").write_text("untracked\n")
    tree.git("add", "new/deep/file")
    tree.git("rm", "-q", "-f", "NEWS")
    (path / "empty").unlink()
    (path / "link").unlink()
    (path / "link").write_text("no link any more\n")
    texts = [f"fetchGit {path}", f'fetchGit "file://{path}"', f'fetchTree {{ type = "git"; url = "file://{path}"; }}']
    assert_same_values(texts, home, root)
    mine, real = ours(texts[0], home), theirs(texts[0], root)
    assert mine.warnings == real.warnings == (f"Git tree '{path}' is dirty",)


def test_a_repository_without_a_commit(home: Path, root: Path, tmp_path: Path) -> None:
    need("nix-instantiate", "git")
    tree = Folder.new(tmp_path / "empty")
    assert_same_values([f"fetchGit {tree.path}"], home, root)
    (tree.path / "a").write_text("staged\n")
    tree.git("add", "a")
    assert_same_values([f"fetchGit {tree.path}"], home, root)


def test_a_shallow_clone(world: World, home: Path, root: Path, tmp_path: Path) -> None:
    tree = Folder(tmp_path)
    tree.git("clone", "-q", "--depth=1", f"file://{world.served}/plain.git", "shallow")
    path = tmp_path / "shallow"
    assert_same_values([f"fetchGit {{ url = {path}; shallow = true; }}"], home, root)
    text = f'fetchGit {{ url = {path}; ref = "main"; name = "again"; }}'
    mine, real = ours(text, home), theirs(text, root)
    assert (mine.code, mine.failure) == (real.code, real.failure)
    assert "shallow" in mine.failure


def test_a_work_tree_beside_its_repository(world: World, home: Path, root: Path, tmp_path: Path) -> None:
    tree = Folder(world.served.parent / "work/plain")
    path = tmp_path / "beside"
    tree.git("worktree", "add", "-q", "--detach", str(path), "side")
    assert_same_values([f"fetchGit {path}"], home, root)
    (path / "README").write_text("changed\n")
    assert_same_values([f"fetchGit {path}"], home, root)


def test_where_current_nix_differs_from_2_8(world: World, home: Path, root: Path) -> None:
    """docs/nix-versions.md: what an annotated tag is called, the default of ``ref``, a commit that is not of the ref."""
    url = f"file://{world.served}/plain.git"
    tag = f'(fetchGit {{ url = "{url}"; ref = "refs/tags/v1.0"; }}).rev'
    assert (ours(tag, home).value, theirs(tag, root).value) == (
        f'"{world.commits["second"]}"',
        f'"{world.commits["tag object"]}"',
    )
    head = f'(fetchGit {{ url = "{url}"; name = "head"; }}).rev'
    assert ours(head, home).value == f'"{world.commits["tip"]}"'
    assert theirs(head, root).code == 1
    other = f'(fetchGit {{ url = "{url}"; ref = "main"; rev = "{world.commits["side"]}"; name = "side"; }}).rev'
    assert ours(other, home).value == f'"{world.commits["side"]}"'


@pytest.mark.parametrize(
    "text",
    [
        "fetchGit PATH",
        'fetchGit { url = PATH; rev = "SECOND"; }',
        'fetchTree { type = "git"; url = "file://PATH"; rev = "SECOND"; }',
    ],
)
def test_pure_evaluation(text: str, world: World, home: Path, root: Path) -> None:
    text = filled(text, world, path=world.served.parent / "work/plain")
    mine, real = ours(text, home, "--pure-eval"), theirs(text, root, "--pure-eval")
    assert (mine.code, mine.value) == (real.code, real.value)
    if mine.code:
        assert real.failure.startswith("in pure evaluation mode, 'fetchTree' requires a locked input")
        assert mine.failure == "in pure evaluation mode, 'fetchGit' requires a locked input"


@pytest.mark.parametrize("option", ["allowed-uris"])
@pytest.mark.parametrize("prefix", ["", "URL", "URL/", "http://127.0.0.1", "http://", "URL/plain.git", "URL/plain", "http://127"])
def test_restricted_evaluation(option: str, prefix: str, world: World, home: Path, root: Path) -> None:
    with smart(world.served) as server:
        text = filled('(fetchGit { url = "URL/plain.git"; ref = "main"; }).outPath', world, server.url())
        options = ("--option", option, prefix.replace("URL", server.url()))
        mine = ours(text, home, "--restrict-eval", *options)
        real = theirs(text, root, "--restrict-eval", *options)
    assert (mine.code, mine.value, mine.failure) == (real.code, real.value, real.failure)
