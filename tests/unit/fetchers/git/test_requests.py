"""What fetchgit makes of arguments beyond a revision: parts of a repository, tags, pieces of shell, logins."""

from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchgit.fetch_git import FetchGit, NoRootError
from imagetools.bundled.fetchers.fetchgit.git_program import GitError
from imagetools.bundled.fetchers.fetchgit.host_repository import repositories
from imagetools.bundled.fetchers.fetchgit.request import BadPatternError, read
from tests.oracle.peers import need
from tests.unit.fetchers.context import SHELL
from tests.unit.fetchers.git.fetching import fetch
from tests.unit.fetchers.git.repositories import Folder, World, git, make_world, submodule
from tests.unit.fetchers.git.servers import smart


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("git", "bash")
    made = make_world(tmp_path_factory.mktemp("world"))
    git(made.served / "plain.git", "config", "uploadpack.allowFilter", "true")
    return made


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


def plain(world: World, **more: str) -> dict[str, str]:
    return {"url": f"file://{world.served}/plain.git", "rev": "main", **more}


def test_a_tag_of_a_tree(tmp_path: Path) -> None:
    folder = Folder.new(tmp_path / "work")
    folder.commit("files", {"a": b"1", "d/b": b"2"})
    folder.git("tag", "tree", "HEAD^{tree}")
    url = str(folder.publish(tmp_path / "trees.git"))
    for rev in ("tree", folder.git("rev-parse", "tree").strip()):
        fetch(tmp_path / rev, {"url": url, "rev": rev})
        assert names(tmp_path / rev / "out") == ["a", "d/b"]
        with pytest.raises(GitError, match="that revision is no commit"):
            fetch(tmp_path / f"{rev}-kept", {"url": url, "rev": rev, "leaveDotGit": "1"})


def test_only_some_folders(world: World, tmp_path: Path) -> None:
    fetch(tmp_path, plain(world, sparseCheckout="docs/more\ntool"))
    found = names(tmp_path / "out")
    assert "docs/more/page.md" in found
    assert "docs/page.md" in found  # the files beside the way to a folder belong to it
    assert "tool/run.sh" in found
    assert "README" in found
    assert not [name for name in found if name.startswith("dir/")]


def test_only_what_fits_patterns(world: World, tmp_path: Path) -> None:
    fetch(tmp_path, plain(world, sparseCheckout="*.md\n!docs/page.md", nonConeMode="1"))
    assert names(tmp_path / "out") == ["docs/more/page.md"]


def test_blobs_of_other_folders_stay_away(world: World, tmp_path: Path) -> None:
    with smart(world.served) as server:
        fetch(tmp_path, plain(world, url=server.url("/plain.git"), sparseCheckout="tool"))
        assert len([path for path in server.seen if path.endswith("git-upload-pack")]) >= 3
    assert git(tmp_path / "build/git", "rev-list", "--objects", "--all", "--missing=print").count("\n?") > 3


def test_a_folder_as_the_whole(world: World, tmp_path: Path) -> None:
    fetch(tmp_path, plain(world, sparseCheckout="docs", rootDir="docs", nonConeMode="1"))
    assert names(tmp_path / "out") == ["more/page.md", "page.md"]
    with pytest.raises(NoRootError) as caught:
        fetch(tmp_path / "none", plain(world, sparseCheckout="none", rootDir="none", nonConeMode="1"))
    assert caught.value.message == "builtin:fetchgit: the repository has no folder 'none' at 'main'"


def test_tags_of_the_repository(world: World, tmp_path: Path) -> None:
    fetch(tmp_path / "all", plain(world, leaveDotGit="1", fetchTags="1"))
    assert git(tmp_path / "all/out", "tag").split() == ["later", "v0.1", "v1.0"]
    fetch(tmp_path / "one", plain(world, leaveDotGit="1", fetchTags="v1.0 v0.1"))
    assert git(tmp_path / "one/out", "tag").split() == ["v0.1", "v1.0"]
    fetch(tmp_path / "behind", plain(world, rev="v1.0", leaveDotGit="1", fetchTags="1"))
    assert git(tmp_path / "behind/out", "tag").split() == ["v0.1", "v1.0"]
    fetch(tmp_path / "named", plain(world, rev="v1.0", leaveDotGit="1", fetchTags="later"))
    assert "later" in git(tmp_path / "named/out", "tag").split()


def test_a_repository_that_stays_is_whole(world: World, tmp_path: Path) -> None:
    """Also where the server would keep back what is not checked out."""
    with smart(world.served) as server:
        fetch(tmp_path, plain(world, url=server.url("/plain.git"), sparseCheckout="tool", leaveDotGit="1"))
    out = tmp_path / "out"
    assert not (out / "dir").exists()
    assert git(out, "show", "HEAD:dir/sub/deep.txt") == "deep\n"
    assert git(out, "fsck", "--full", "--no-progress") == ""


def test_submodules_that_gitmodules_would_leave_alone(world: World, tmp_path: Path) -> None:
    folder = Folder.new(tmp_path / "work")
    submodule(folder, "inner", f"file://{world.served}/inner.git", world.commits["inner"])
    folder.git("config", "-f", ".gitmodules", "submodule.inner.update", "none")
    folder.commit("with a submodule that is not updated")
    url = str(folder.publish(tmp_path / "none.git"))
    for more in ({}, {"leaveDotGit": "1", "fetchTags": "1"}):
        place = tmp_path / str(len(more))
        fetch(place, {"url": url, "rev": "HEAD", "fetchSubmodules": "1", **more})
        assert (place / "out/inner/inner.txt").read_text() == "inner\n"


def test_what_is_left_of_git(world: World, tmp_path: Path) -> None:
    fetch(tmp_path, plain(world, leaveDotGit="1"))
    out = tmp_path / "out"
    assert git(out, "rev-parse", "HEAD").strip() == world.commits["tip"]
    assert git(out, "symbolic-ref", "HEAD").strip() == "refs/heads/fetchgit"
    for gone in ("config", "index", "logs", "hooks", "FETCH_HEAD"):
        assert not (out / ".git" / gone).exists()


def test_pieces_of_shell(world: World, tmp_path: Path) -> None:
    before = 'export NIX_PREFETCH_GIT_CHECKOUT_HOOK=\'git -C "$dir" rev-parse --abbrev-ref HEAD > "$dir/BRANCH"\''
    after = 'test ! -e $out/.git; echo "$rev" > $out/REV; rm -r $out/dir; git init -q $out/new'
    fetch(tmp_path, plain(world, preFetch=before, postFetch=after, **SHELL))
    out = tmp_path / "out"
    assert (out / "BRANCH").read_text() == "fetchgit\n"
    assert (out / "REV").read_text() == "main\n"
    assert (out / "new/.git/HEAD").is_file()
    assert not (out / "dir").exists()


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
def test_shell_between_checkout_and_tidying(world: World, tmp_path: Path, kept: str) -> None:
    """postCheckout; what preFetch leaves takes its place."""
    ask = "git log -1 --format=%s" if kept else "git describe --tags"  # a tag of its own would change what stays
    script = f'cd "$dir"; {ask} > VERSION; rm -r docs'
    fetch(tmp_path / "1", plain(world, rev="v1.0", postCheckout=script, leaveDotGit=kept, **SHELL))
    out = tmp_path / "1/out"
    assert (out / "VERSION").read_text() == ("second\n" if kept else "v1.0\n")
    assert not (out / "docs").exists()
    assert (out / ".git").exists() == bool(kept)
    before = "export NIX_PREFETCH_GIT_CHECKOUT_HOOK='touch $dir/instead'"
    fetch(tmp_path / "2", plain(world, postCheckout=script, preFetch=before, leaveDotGit=kept, **SHELL))
    assert (tmp_path / "2/out/instead").exists()
    assert (tmp_path / "2/out/docs").exists()


def test_the_usual_end_of_leave_dot_git(world: World, tmp_path: Path) -> None:
    script = 'cd "$out"; git rev-parse HEAD > COMMIT; find "$out" -name .git -print0 | xargs -0 rm -rf'
    fetch(tmp_path, plain(world, leaveDotGit="1", postFetch=script, **SHELL))
    assert (tmp_path / "out/COMMIT").read_text().strip() == world.commits["tip"]
    assert not (tmp_path / "out/.git").exists()


@pytest.mark.parametrize("way", ["url", "netrc", "netrcPhase"])
def test_logins(way: str, world: World, tmp_path: Path) -> None:
    with smart(world.served, "me:pass%40w0rd".replace("%40", "@")) as server:
        url = server.url("/outer.git", "me:pass%40w0rd@" if way == "url" else "")
        line = "machine 127.0.0.1 login me password pass@w0rd\n"
        env = {"url": url, "rev": "HEAD", "fetchSubmodules": "1", "leaveDotGit": "1", **SHELL}
        if way == "netrcPhase":
            env |= {"netrcPhase": f"echo '{line.strip()}' > netrc"}
        ctx = fetch(tmp_path, env, netrc=line if way == "netrc" else "")
    assert (tmp_path / "out/third party/lib/deep/inner/inner.txt").read_text() == "inner\n"
    assert "w0rd" not in "\n".join(ctx.lines)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"w0rd" in path.read_bytes()]


def test_a_login_is_wanted(world: World, tmp_path: Path) -> None:
    with smart(world.served, "me:secret") as server, pytest.raises(GitError) as caught:
        fetch(tmp_path, {"url": server.url("/plain.git", "me:wr0ng@"), "rev": "HEAD"})
    assert caught.value.failure.kind == "login"
    assert "wr0ng" not in caught.value.message
    assert "netrc" in (caught.value.hint or "")


def test_a_server_that_stumbles(world: World, tmp_path: Path) -> None:
    with smart(world.served) as server:
        server.fail_first = 1
        ctx = fetch(tmp_path, {"url": server.url("/plain.git"), "rev": "refs/heads/main"})
    assert (tmp_path / "out/README").is_file()
    assert any("trying again" in line for line in ctx.lines)


def test_which_folders_of_this_machine_are_shown(world: World, tmp_path: Path) -> None:
    served = world.served / "plain.git"
    assert repositories(f"file://{served}") == (str(served),)
    assert repositories(str(served)) == (str(served),)
    assert repositories(f"{served.parent}/plain") == (str(served),)
    work = served.parents[1] / "work/plain"
    assert repositories(str(work)) == (str(work),)
    assert repositories("/etc") == repositories("https://h/x") == repositories("/proc/self/cwd") == ()
    git(tmp_path, "clone", "-q", "--shared", "--bare", str(served), str(tmp_path / "shared.git"))
    assert repositories(str(tmp_path / "shared.git")) == (str(tmp_path / "shared.git"), str(served))
    fetch(tmp_path, {"url": str(tmp_path / "shared.git"), "rev": "HEAD"})
    assert (tmp_path / "out/README").is_file()


def test_patterns_that_leave(world: World) -> None:
    for attribute, value in (("rootDir", "../x"), ("sparseCheckout", "a\n--stdin"), ("rootDir", "-x")):
        with pytest.raises(BadPatternError):
            read(plain(world, **{attribute: value}))


def test_what_the_derivation_must_have(tmp_path: Path) -> None:
    from tests.unit.fetchers.context import SmallContext

    ctx = SmallContext.below(tmp_path, "fetchgit", {"url": "https://h/x"})
    with pytest.raises(Exception, match="needs the network"):
        FetchGit().build(ctx)
