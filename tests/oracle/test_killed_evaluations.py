"""Evaluations that fetch, killed by SIGKILL at random moments: store, cache and copies stay whole, as judged by real Nix."""

import os
import random
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.killable import Killable
from tests.oracle.peers import need
from tests.unit.fetchers.git.repositories import Folder, git
from tests.unit.instantiate.fetching.tapes import tarball
from tests.unit.net.server import running, status

pytestmark = pytest.mark.oracle

KILLS = 25


def test_killed_at_random_moments(tmp_path: Path) -> None:
    need("nix-store", "git")
    repository = Folder.new(tmp_path / "work")
    repository.commit("one", {f"d{n % 9}/f{n}": os.urandom(3000) for n in range(60)})
    served = repository.publish(tmp_path / "served.git")
    home = tmp_path / "home"
    home.mkdir()
    chance = random.Random(7)
    with running() as server, Killable(home) as killable:
        server.script["/t"] = [status(200, tarball({f"top/{n}": os.urandom(3000) for n in range(60)}))]

        def text(name: str) -> str:
            tree = f'(fetchTarball {{ url = "{server.url("/t")}"; name = "t-{name}"; }})'
            return f'[ {tree} (fetchGit {{ url = "file://{served}"; name = "g-{name}"; }}).outPath ]'

        def words(name: str) -> tuple[str, ...]:
            return ("eval", "--strict", "--refresh", "--option", "fsync-metadata", "false", "-E", text(name))

        code, whole = killable.run(None, *words("first"))
        assert code == 0
        killed = 0
        for number in range(KILLS):
            commit = repository.commit(f"{number}", {f"new/{number}": os.urandom(3000)})
            git(served, "fetch", "-q", str(repository.path), "+refs/*:refs/*")
            killed += killable.run(chance.uniform(0, whole), *words(f"n{number}"))[0] == -9
        assert killed > KILLS // 3
        last = imagetools("eval", "--strict", "--refresh", "-E", text("last"), home=home)
        assert "warning" not in last.stderr
        revision = imagetools("eval", "--raw", "-E", f'(fetchGit "file://{served}").rev', home=home).stdout
        assert revision == commit
    root = home / ".local/share/imagetools"
    checked = nix("nix-store", "--verify", "--check-contents", root=root, check=False)
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "error" in line or "missing" in line]) == (0, [])
