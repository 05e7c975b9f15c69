"""Repositories that want to run something or to write elsewhere: nothing runs, nothing lies outside, and a refusal says so."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from imagetools.kernel.errors import ImagetoolsError
from tests.oracle.peers import need
from tests.unit.fetchers.git.fetching import fetch
from tests.unit.fetchers.git.repositories import Folder, git, submodule


def tree(folder: Folder, *entries: tuple[str, str, str]) -> str:
    """A tree object with entries (mode, name, object) that git's own commands would not make."""
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(value) for mode, name, value in entries)
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=folder.path,
        input=data,
        capture_output=True,
        check=True,
    )
    return made.stdout.decode().strip()


def blob(folder: Folder, text: str) -> str:
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=folder.path, input=text.encode(), capture_output=True, check=True
    )
    return made.stdout.decode().strip()


def commit(folder: Folder, top: str) -> None:
    made = folder.git("commit-tree", top, "-m", "hostile").strip()
    folder.git("update-ref", "refs/heads/main", made)


def entry(name: str) -> Callable[[Folder, Path], None]:
    def make(folder: Folder, victim: Path) -> None:
        del victim
        commit(folder, tree(folder, ("100644", name, blob(folder, "gitdir: /tmp\n"))))

    return make


def hooks(folder: Folder, victim: Path) -> None:
    """A folder .git with a hook in it."""
    hook = blob(folder, f"#!/bin/sh\ntouch '{victim}/pwned'\n")
    config = blob(folder, f"[core]\n\tfsmonitor = touch '{victim}/pwned'\n\thooksPath = .git/hooks\n")
    inner = tree(folder, ("100644", "config", config), ("40000", "hooks", tree(folder, ("100755", "post-checkout", hook))))
    commit(folder, tree(folder, ("40000", ".git", inner)))


def through_a_link(folder: Folder, victim: Path) -> None:
    """The same name as a link that leads out and as a folder."""
    link = blob(folder, str(victim))
    inner = tree(folder, ("100644", "inside", blob(folder, "x")))
    commit(folder, tree(folder, ("120000", "d", link), ("40000", "d", inner)))


def modules(name: str = "sub", url: str = "../good.git", place: str = "sub", **more: str) -> Callable[[Folder, Path], None]:
    def make(folder: Folder, victim: Path) -> None:
        target = url.replace("VICTIM", str(victim))
        submodule(folder, "sub", target, folder.git("rev-parse", "HEAD").strip())
        text = f'[submodule "{name}"]\n\tpath = {place}\n\turl = {target}\n'
        text += "".join(f"\t{key} = {value}\n".replace("VICTIM", str(victim)) for key, value in more.items())
        (folder.path / ".gitmodules").write_text(text)
        folder.commit("hostile")

    return make


def link_for_modules(folder: Folder, victim: Path) -> None:
    (victim / "modules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = ../good.git\n\tupdate = !touch pwned\n')
    submodule(folder, "sub", "../good.git", folder.git("rev-parse", "HEAD").strip())
    (folder.path / ".gitmodules").unlink()
    os.symlink(victim / "modules", folder.path / ".gitmodules")
    folder.commit("hostile")


def link_in_the_way(folder: Folder, victim: Path) -> None:
    """The folder above a submodule is a link that leads out."""
    head = folder.git("rev-parse", "HEAD").strip()
    names = '[submodule "d/sub"]\n\tpath = d/sub\n\turl = ../good.git\n'
    inner = tree(folder, ("160000", "sub", head))
    commit(
        folder,
        tree(
            folder,
            ("100644", ".gitmodules", blob(folder, names)),
            ("120000", "d", blob(folder, str(victim))),
            ("40000", "d", inner),
        ),
    )


CASES: Mapping[str, Callable[[Folder, Path], None]] = {
    "a file .git": entry(".git"),
    "a file .GIT": entry(".GIT"),
    "a file git~1": entry("git~1"),
    "a name with dots": entry(".."),
    "a name with a slash": entry("../pwned"),
    "an absolute name": entry("/tmp/pwned"),
    "a folder .git with hooks": hooks,
    "through a link": through_a_link,
    "a link in the way of a submodule": link_in_the_way,
    "a submodule that runs something": modules(url="ext::sh -c touch% VICTIM/pwned"),
    "a submodule whose URL is an option": modules(url="--upload-pack=touch VICTIM/pwned;"),
    "a submodule whose host is an option": modules(url="ssh://-oProxyCommand=touch VICTIM/pwned/x"),
    "a submodule whose name leaves": modules(name="../../../victim/modules"),
    "a submodule whose path leaves": modules(place="../victim"),
    "a submodule whose path is an option": modules(place="-sub"),
    "a submodule that updates itself": modules(update="!touch VICTIM/pwned"),
    "a list of submodules that is a link": link_for_modules,
}


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
@pytest.mark.parametrize("name", CASES)
def test_nothing_runs_and_nothing_lies_outside(name: str, kept: str, tmp_path: Path) -> None:
    need("git")
    victim = tmp_path / "victim"
    victim.mkdir()
    folder = Folder.new(tmp_path / "work")
    folder.commit("good", {"good": b"good\n"})
    folder.publish(tmp_path / "good.git")
    CASES[name](folder, victim)
    folder.publish(tmp_path / "evil.git")
    before = sorted(victim.rglob("*"))
    around = {path.name for path in tmp_path.iterdir()} | {"fetch"}
    env = {"url": f"file://{tmp_path}/evil.git", "rev": "refs/heads/main", "fetchSubmodules": "1", "leaveDotGit": kept}
    try:
        fetch(tmp_path / "fetch", env)
    except ImagetoolsError as error:
        assert error.message.startswith(("cannot fetch ", "builtin:fetchgit: "))
    else:
        assert not [path for path in (tmp_path / "fetch/out").rglob("pwned") if path.exists()]
        assert bool(kept) or not list((tmp_path / "fetch/out").rglob(".git"))
    assert sorted(victim.rglob("*")) == before
    assert {path.name for path in tmp_path.iterdir()} == around
    assert {path.name for path in (tmp_path / "fetch").iterdir()} <= {"build", "out"}


@pytest.mark.parametrize("kept", ["", "1"], ids=["tree", "history"])
def test_a_submodule_of_this_machine(kept: str, tmp_path: Path) -> None:
    """A repository from elsewhere does not get to read repositories here."""
    from tests.unit.fetchers.git.servers import smart

    secret = Folder.new(tmp_path / "secret")
    there = secret.commit("secret", {"secret": b"s3cret\n"})
    (tmp_path / "served").mkdir()
    folder = Folder.new(tmp_path / "work")
    submodule(folder, "sub", f"file://{secret.path}", there)
    folder.commit("thief")
    folder.publish(tmp_path / "served/evil.git")
    with smart(tmp_path / "served") as server, pytest.raises(ImagetoolsError, match="the transport 'file' is not allowed"):
        fetch(tmp_path / "fetch", {"url": server.url("/evil.git"), "rev": "HEAD", "fetchSubmodules": "1", "leaveDotGit": kept})
    assert not list((tmp_path / "fetch/out").rglob("secret"))


def test_hooks_of_this_machine_do_not_run(tmp_path: Path) -> None:
    """Neither those of the repository on the server's side nor those of a person's configuration."""
    folder = Folder.new(tmp_path / "work")
    folder.commit("good", {"good": b"good\n"})
    bare = folder.publish(tmp_path / "good.git")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (bare / "hooks").mkdir(exist_ok=True)
        (bare / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        (bare / "hooks" / hook).chmod(0o755)
    git(bare, "config", "uploadpack.packObjectsHook", f"touch {tmp_path}/pwned; exec")
    git(bare, "config", "core.fsmonitor", f"touch {tmp_path}/pwned")
    fetch(tmp_path / "fetch", {"url": str(bare), "rev": "HEAD", "leaveDotGit": "1"})
    assert (tmp_path / "fetch/out/good").is_file()
    assert not (tmp_path / "pwned").exists()
