"""What a person reads when fetchgit fails: one sentence with the address, the reason and a next step."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.bundled.fetchers import host_program
from imagetools.bundled.fetchers.fetchgit import git_program
from imagetools.bundled.fetchers.fetchgit.git_program import GitError
from imagetools.bundled.fetchers.fetchgit.revision import UnknownRevisionError
from imagetools.bundled.fetchers.fetchgit.submodules import SubmoduleError
from imagetools.bundled.fetchers.host_program import NoProgramError
from imagetools.kernel.errors import ImagetoolsError
from tests.oracle.peers import need
from tests.unit.fetchers.git.fetching import fetch
from tests.unit.fetchers.git.repositories import Folder, World, make_world, submodule
from tests.unit.fetchers.git.servers import daemon

ABSENT = "0123456789" * 4


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("git")
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    with daemon(world.served) as url:
        yield url


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
@pytest.mark.parametrize(
    ("rev", "what"),
    [
        ("v1.1", "there is no revision 'v1.1'; it has v1.0, v0.1"),
        ("refs/heads/sied", "there is no revision 'refs/heads/sied'; it has side"),
        (ABSENT, f"there is no commit '{ABSENT}'; it has main, side, pull/1/head, later, v0.1"),
        ("0123abc", "there is no revision '0123abc'; it has main, side, pull/1/head, later, v0.1"),
    ],
)
def test_unknown_revisions(rev: str, what: str, kept: str, base: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownRevisionError) as caught:
        fetch(tmp_path, {"url": f"{base}/plain.git", "rev": rev, "leaveDotGit": kept})
    shown = what.replace("pull/1/head", "refs/pull/1/head")
    assert caught.value.message == f"cannot fetch from '{base}/plain.git': {shown}"


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
def test_places(kept: str, base: str, tmp_path: Path) -> None:
    cases = {
        f"{base}/none.git": ("there is no git repository", "check the URL"),
        "git://127.0.0.1:9/x": ("the host does not answer there", "check the port"),
        str(tmp_path / "none"): ("there is no git repository", "check the URL"),
    }
    for number, (url, (reason, hint)) in enumerate(cases.items()):
        with pytest.raises(GitError) as caught:
            fetch(tmp_path / str(number), {"url": url, "rev": "HEAD", "leaveDotGit": kept})
        assert caught.value.message.startswith(f"cannot fetch from '{url}': {reason} (git: ")
        assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
def test_a_submodule_that_is_not_there(kept: str, world: World, tmp_path: Path) -> None:
    folder = Folder.new(tmp_path / "work")
    submodule(folder, "sub", "./none.git", world.commits["inner"])
    folder.commit("lost")
    folder.publish(tmp_path / "lost.git")
    url = f"file://{tmp_path}/lost.git"
    with pytest.raises(SubmoduleError) as caught:
        fetch(tmp_path / "fetch", {"url": url, "rev": "HEAD", "fetchSubmodules": "1", "leaveDotGit": kept})
    assert caught.value.message == f"cannot fetch submodule 'sub' from '{url}/none.git' of '{url}': there is no git repository"


@pytest.mark.parametrize(("program", "attribute"), [("git", "rev"), ("git-lfs", "fetchLFS")])
def test_a_program_is_missing(
    program: str, attribute: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    if program != "git":
        (tmp_path / "bin/git").symlink_to("/usr/bin/git")
    monkeypatch.setattr(host_program.need_program, "__defaults__", (str(tmp_path / "bin"),))
    with pytest.raises(NoProgramError) as caught:
        fetch(tmp_path, {"url": str(world.served / "plain.git"), "rev": "HEAD", attribute: "1"})
    assert caught.value.message == f"this machine has no program '{program}'"
    assert caught.value.hint == f"sudo apt-get install {program}"


def test_refusals_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_program.Git, "_run", lambda *rest: pytest.fail("git was run"))
    good = {"url": "https://127.0.0.1:9/x", "rev": "HEAD"}
    for wrong in (
        {"url": "ext::sh -c id"},
        {"url": "--upload-pack=id"},
        {"rev": "--upload-pack=id"},
        {"branchName": "-f"},
        {"fetchTags": "--all"},
        {"sparseCheckout": "--skip-checks"},
        {"rootDir": "../../x"},
        {"url": ""},
    ):
        with pytest.raises(ImagetoolsError):
            fetch(tmp_path, good | wrong)
