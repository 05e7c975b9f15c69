"""fetchgit, fetchhg and fetchsvn as whole builds: in the sandbox, from real servers, with the paths that Nix computes."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix, run
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.fetchers import test_fetch_hg, test_fetch_svn
from tests.unit.fetchers.git.repositories import World, make_world
from tests.unit.fetchers.git.servers import daemon, smart
from tests.unit.fetchers.test_fetch_hg import world as hg_world
from tests.unit.fetchers.test_fetch_svn import world as svn_world
from tests.unit.sandbox.cage import OTHER_USER, ROOT, as_other_user

pytestmark = pytest.mark.oracle
__all__ = ["hg_world", "svn_world"]

HASHES = json.loads((ROOT / "tests/unit/fetchers/git/hashes.json").read_text())
WRONG = "sha256-" + "A" * 42 + "E="


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("git")
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    with daemon(world.served) as url:
        yield url


def call(function: str, **attributes: object) -> str:
    words = " ".join(f"{name} = {json.dumps(value)};" for name, value in attributes.items())
    return f"(import <nixpkgs> {{ }}).{function} {{ {words} }}"


def build(home: Path, expression: str, *more: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return imagetools("build", "--no-out-link", "--print-logical", "-E", expression, *more, home=home, check=check)


def test_a_tag(world: World, base: str, tmp_path: Path) -> None:
    sha256 = HASHES["trees"]["an annotated tag"]
    built = build(tmp_path, call("fetchgit", url=f"{base}/plain.git", tag="v1.0", hash=sha256)).stdout.strip()
    need("nix-store")
    base32 = subprocess.run(
        ["nix-hash", "--type", "sha256", "--to-base32", _hexadecimal(sha256)], capture_output=True, text=True, check=True
    ).stdout.strip()
    (tmp_path / "nix").mkdir()
    named = nix("nix-store", "--print-fixed-path", "--recursive", "sha256", base32, "plain", root=tmp_path / "nix").stdout.strip()
    assert built == named


def test_submodules_and_a_wrong_hash(world: World, base: str, tmp_path: Path) -> None:
    right = HASHES["trees"]["submodules"]
    url = f"{base}/outer.git"
    failed = build(tmp_path, call("fetchgit", url=url, rev="with-submodules", hash=WRONG), check=False)
    assert failed.returncode == 102
    assert f"got:    {right}" in failed.stderr
    built = build(tmp_path, call("fetchgit", url=url, rev="with-submodules", hash=right))
    assert "will be built" not in built.stderr  # what came has been kept under its own hash
    assert built.stdout.strip().endswith("-outer")


def test_with_history_from_smart_http(world: World, tmp_path: Path) -> None:
    with smart(world.served, "me:s3cret") as server:
        expression = call("fetchgit", url=server.url("/plain.git", "me:s3cret@"), rev="v1.0", hash="", leaveDotGit=True)
        done = build(tmp_path, expression, check=False)
        assert done.returncode == 102
        assert "s3cret" not in done.stderr.replace(expression, "")
        wrong = build(tmp_path, expression.replace("s3cret", "wr0ng"), check=False)
    assert wrong.returncode == 1  # a download that failed may work another time: not 100
    assert "the server wants a login" in wrong.stderr
    assert "wr0ng" not in wrong.stderr.replace(expression, "")


@as_other_user()
def test_an_ordinary_user_and_a_repository_of_this_machine(world: World, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents, world.served, *world.served.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, OTHER_USER, OTHER_USER)
    expression = call(
        "fetchgit", url=f"file://{world.served}/plain.git", rev="refs/heads/side", hash=HASHES["trees"]["refs/heads"]
    )
    become = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups", "--"]
    done = run(
        [*become, sys.executable, "-m", "imagetools", "build", "--no-out-link", "-E", expression],
        cwd=home,
        environment={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)},
    )
    assert (Path(done.stdout.strip()) / "side").read_text() == "side\n"


def test_a_piece_of_shell_afterwards(world: World, base: str, tmp_path: Path, furnish: Furnish) -> None:
    script = 'cd "$out"; git rev-parse HEAD > COMMIT; find . -name .git -print0 | xargs -0 rm -rf; rm -r dir link to-dir'
    expression = call("fetchgit", url=f"{base}/plain.git", rev="v1.0", hash="", leaveDotGit=True, postFetch=script)
    done = imagetools("build", "--no-out-link", "-E", expression, home=furnish(tmp_path), check=False)
    assert done.returncode == 102, done.stderr
    kept = list((tmp_path / ".local/share/imagetools").rglob("COMMIT"))
    assert kept[0].read_text().strip() == world.commits["second"]
    assert not (kept[0].parent / ".git").exists()


def test_mercurial_and_subversion(hg_world: test_fetch_hg.World, svn_world: test_fetch_svn.World, tmp_path: Path) -> None:
    hg = build(tmp_path, call("fetchhg", url=f"{hg_world.url}/main", rev="v1", sha256=test_fetch_hg.GOLDEN["v1"], name="main"))
    assert hg.stdout.strip().endswith("-hg-archive-main")
    svn = build(tmp_path, call("fetchsvn", url=f"{svn_world.url}/trunk", rev="HEAD", hash=test_fetch_svn.GOLDEN["all"]))
    assert svn.stdout.strip().endswith("-repo-rHEAD")


def _hexadecimal(sri: str) -> str:
    return base64.b64decode(sri.removeprefix("sha256-")).hex()
