"""fetchgit beside nixpkgs' script: the same hash for every kind of revision, over git's own protocol and from files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.peers import need
from tests.unit.fetchers.git.cases import HISTORIES, TREES, YOUNG_HISTORIES, YOUNG_TREES, attributes
from tests.unit.fetchers.git.fetching import fetched_hash
from tests.unit.fetchers.git.repositories import World, make_world
from tests.unit.fetchers.git.script import knows_all, script, script_hash
from tests.unit.fetchers.git.servers import daemon

pytestmark = pytest.mark.oracle

CASES = {**TREES, **HISTORIES, **YOUNG_TREES, **YOUNG_HISTORIES}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    need("git", "bash")
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    with daemon(world.served) as url:
        yield url


@pytest.mark.parametrize("name", CASES)
def test_the_same_hash_as_the_script(name: str, world: World, base: str, tmp_path: Path) -> None:
    path = script()
    if path is None:
        pytest.skip("set IMAGETOOLS_NIXPKGS to a folder with nixpkgs to compare with its script")
    if name not in {**TREES, **HISTORIES} and not knows_all(path):
        pytest.skip("this nixpkgs is too old for the request")
    wanted = attributes(CASES[name], base, world)
    theirs = script_hash(path, tmp_path, wanted)
    if "submodule update" in path.read_text():  # younger than 20.09: its layout of .git is made where the hash asks for it
        wanted["outputHash"] = theirs
    assert fetched_hash(tmp_path / "ours", wanted) == theirs
