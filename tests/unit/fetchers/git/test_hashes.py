"""fetchgit gives the hashes that nixpkgs' script gave for the same repositories: pinned in ``hashes.json``.

With IMAGETOOLS_REFRESH_GOLDEN=1 and IMAGETOOLS_NIXPKGS the script writes them anew, and the test then skips. What lies in
``.git`` is git's own and changes with its version, so those hashes count for the version that made them.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.peers import need
from tests.unit.fetchers.git.cases import HISTORIES, TREES, YOUNG_HISTORIES, YOUNG_TREES, attributes
from tests.unit.fetchers.git.fetching import fetched_hash
from tests.unit.fetchers.git.repositories import World, git, make_world
from tests.unit.fetchers.git.script import knows_all, script, script_hash
from tests.unit.fetchers.git.servers import smart

PINNED = Path(__file__).with_name("hashes.json")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("git", "bash")
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    with smart(world.served) as server:
        yield server.url()


@pytest.fixture(scope="module")
def pinned(world: World, base: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if os.environ.get("IMAGETOOLS_REFRESH_GOLDEN") == "1" and (path := script()) is not None:
        made: dict[str, Any] = json.loads(PINNED.read_text())
        made["git"] = _version()
        old, young = {"trees": TREES, "histories": HISTORIES}, {"young trees": YOUNG_TREES, "young histories": YOUNG_HISTORIES}
        for kind, cases in (young if knows_all(path) else old).items():
            made[kind] = {}
            for name, case in cases.items():
                made[kind][name] = script_hash(path, tmp_path_factory.mktemp("theirs"), attributes(case, base, world))
        PINNED.write_text(json.dumps(made, indent=2) + "\n")
        pytest.skip("hashes.json is new")
    found: dict[str, Any] = json.loads(PINNED.read_text())
    return found


def _version() -> str:
    return git(Path("/"), "version").split()[2]


@pytest.fixture
def same_git(pinned: dict[str, Any]) -> None:
    if _version() != pinned["git"]:
        pytest.skip(f"the hashes were made by git {pinned['git']}")


@pytest.fixture(scope="module")
def partial(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same repositories at a server that knows partial clones."""
    served = tmp_path_factory.mktemp("partial") / "served"
    shutil.copytree(world.served, served, symlinks=True)
    for repository in served.iterdir():
        git(repository, "config", "uploadpack.allowFilter", "true")
    with smart(served) as server:
        yield server.url()


@pytest.mark.parametrize("name", TREES)
def test_trees(name: str, world: World, base: str, pinned: dict[str, Any], tmp_path: Path) -> None:
    assert fetched_hash(tmp_path, attributes(TREES[name], base, world)) == pinned["trees"][name]


@pytest.mark.parametrize("name", YOUNG_TREES)
def test_young_trees(name: str, world: World, base: str, partial: str, pinned: dict[str, Any], tmp_path: Path) -> None:
    for number, server in enumerate((base, partial)):
        wanted = attributes(YOUNG_TREES[name], server, world)
        assert fetched_hash(tmp_path / str(number), wanted) == pinned["young trees"][name]


@pytest.mark.usefixtures("same_git")
@pytest.mark.parametrize("name", HISTORIES)
def test_with_history(name: str, world: World, base: str, pinned: dict[str, Any], tmp_path: Path) -> None:
    assert fetched_hash(tmp_path, attributes(HISTORIES[name], base, world)) == pinned["histories"][name]


@pytest.mark.usefixtures("same_git")
@pytest.mark.parametrize("name", YOUNG_HISTORIES)
def test_young_histories(name: str, world: World, base: str, partial: str, pinned: dict[str, Any], tmp_path: Path) -> None:
    """Whether the server knows partial clones makes no difference here (the script fails where it does)."""
    wanted = attributes(YOUNG_HISTORIES[name], base, world)
    known = pinned["young histories"][name]
    assert fetched_hash(tmp_path / "whole", wanted | {"outputHash": known}) == known
    if "sparseCheckout" in wanted:
        wanted = attributes(YOUNG_HISTORIES[name], partial, world)
        assert fetched_hash(tmp_path / "partial", wanted | {"outputHash": known}) == known


def test_a_repository_of_this_machine(world: World, pinned: dict[str, Any], tmp_path: Path) -> None:
    files = attributes(TREES["submodules"], f"file://{world.served}", world)
    assert fetched_hash(tmp_path / "url", files) == pinned["trees"]["submodules"]
    path = attributes(TREES["an annotated tag"], str(world.served), world)
    assert fetched_hash(tmp_path / "path", path) == pinned["trees"]["an annotated tag"]


def test_a_branch_by_its_name(world: World, base: str, pinned: dict[str, Any], tmp_path: Path) -> None:
    wanted = {"url": f"{base}/plain.git", "rev": "side"}
    assert fetched_hash(tmp_path, wanted) == pinned["trees"]["refs/heads"]


def test_a_server_that_only_gives_tips(world: World, pinned: dict[str, Any], tmp_path: Path) -> None:
    """Protocol 0 without uploadpack.allowReachableSHA1InWant."""
    strict = tmp_path / "plain.git"
    git(tmp_path, "clone", "-q", "--mirror", str(world.served / "plain.git"), str(strict))
    settings = tmp_path / "protocol"
    settings.write_text("[protocol]\n\tversion = 0\n")
    env = attributes(TREES["a commit on the way"], f"file://{tmp_path}", world) | {"gitConfigFile": str(settings)}
    assert fetched_hash(tmp_path / "tree", env) == pinned["trees"]["a commit on the way"]


def test_the_layout_of_younger_versions(world: World, base: str, tmp_path: Path) -> None:
    """A known hash of the other layout is met by making that one."""
    from imagetools.bundled.fetchers.fetchgit import request, with_history
    from imagetools.bundled.fetchers.fetchgit.git_program import Git
    from imagetools.store.fs_nar import nar_hash
    from tests.unit.fetchers.git.fetching import context

    wanted = attributes(HISTORIES["submodules, .git"], base, world)
    ctx = context(tmp_path / "younger", wanted)
    asked = request.read(wanted)
    with_history.check_out(Git(ctx, asked, {}, ""), asked, ctx.outputs["out"], with_history.Way.YOUNGER, lambda: None)
    younger = nar_hash(ctx.outputs["out"])[0].sri()
    assert (tmp_path / "younger/out/inner/.git").is_file()
    assert fetched_hash(tmp_path / "older", wanted) != younger
    assert fetched_hash(tmp_path / "known", wanted | {"outputHash": younger}) == younger
