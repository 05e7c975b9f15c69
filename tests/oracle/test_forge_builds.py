"""Real builds from forges that a local server plays at their real addresses: archives and git, with TLS and through a proxy."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.store.fs_nar import nar_hash
from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.fetchers.forges.server import Forges, forges
from tests.unit.fetchers.git.repositories import Folder
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

FILES = {"README": b"hello\n", "src/main.c": b"int main;\n"}


class World:
    """A repository ``o/r`` with a tag and a branch at all forges, and the hash of its files."""

    def __init__(self, folder: Path, server: Forges, commit: str, hash: str) -> None:
        self.folder = folder
        self.server = server
        self.commit = commit
        self.hash = hash

    def run(self, *words: str, check: bool = True, variables: dict[str, str] | None = None) -> tuple[int, str, str]:
        done = imagetools(*words, home=self.folder, check=check, variables=self.server.environment | (variables or {}))
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Iterator[World]:
    need("git")
    need_namespaces()
    folder = furnish(tmp_path_factory.mktemp("forges"))
    repository = Folder.new(folder / "tree")
    commit = repository.commit("first", FILES)
    hash = nar_hash_without_git(folder / "tree")
    repository.git("tag", "-a", "v1", "-m", "v1")
    repository.git("branch", "stable")
    repository.commit("second", {"README": b"changed\n"})
    (folder / "served/o").mkdir(parents=True)
    repository.git("clone", "-q", "--bare", ".", str(folder / "served/o/r.git"))
    with forges(folder / "served", folder) as server:
        yield World(folder, server, commit, hash)


def nar_hash_without_git(tree: Path) -> str:
    os.rename(tree / ".git", tree.parent / "git")
    found = nar_hash(str(tree))[0].sri()
    os.rename(tree.parent / "git", tree / ".git")
    return found


CALLS = [
    ('fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{rev}"; }}', "github.com/o/r/archive/{rev}.tar.gz"),
    ('fetchFromGitHub {{ owner = "o"; repo = "r"; tag = "v1"; }}', "github.com/o/r/archive/refs/tags/v1.tar.gz"),
    (
        'fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "v1"; githubBase = "git.example.org"; }}',
        "git.example.org/o/r/archive/v1",
    ),
    ('fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{rev}"; fetchSubmodules = true; }}', ""),
    ('fetchFromGitHub {{ owner = "o"; repo = "r"; tag = "v1"; forceFetchGit = true; }}', ""),
    (
        'fetchFromGitLab {{ owner = "o"; repo = "r"; rev = "{rev}"; }}',
        "gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=",
    ),
    ('fetchFromGitLab {{ owner = "o"; repo = "r"; tag = "v1"; }}', "archive.tar.gz?sha=refs%2Ftags%2Fv1"),
    ('fetchFromGitea {{ domain = "codeberg.org"; owner = "o"; repo = "r"; rev = "v1"; }}', "codeberg.org/o/r/archive/v1.tar.gz"),
    (
        'fetchFromGitiles {{ url = "https://chromium.example.org/o/r"; rev = "v1"; }}',
        "chromium.example.org/o/r/+archive/v1.tar.gz",
    ),
    ('fetchFromBitbucket {{ owner = "o"; repo = "r"; rev = "v1"; }}', "bitbucket.org/o/r/get/v1.tar.gz"),
    ('fetchFromSavannah {{ repo = "o/r"; rev = "v1"; }}', "git.savannah.gnu.org/cgit/o/r.git/snapshot/r-v1.tar.gz"),
    ('fetchFromRepoOrCz {{ repo = "o/r"; rev = "v1"; }}', "repo.or.cz/o/r.git/snapshot/v1.tar.gz"),
    ('fetchFromSourcehut {{ owner = "~o"; repo = "r"; rev = "v1"; }}', "git.sr.ht/~o/r/archive/v1.tar.gz"),
]


def test_every_forge_gives_the_same_files(world: World) -> None:
    world.server.seen.clear()
    texts = [call.format(rev=world.commit) for call, _ in CALLS]
    named = [f'({text[:-1]} name = "n{number}"; hash = "{world.hash}"; }})' for number, text in enumerate(texts)]
    (world.folder / "all.nix").write_text(f"with import <nixpkgs> {{ }}; [ {' '.join(named)} ]")
    _, output, _ = world.run("build", "all.nix", "--no-out-link")
    assert [Path(line).name.partition("-")[2] for line in output.split()] == [f"n{number}" for number in range(len(CALLS))]
    for _, address in CALLS:
        assert any(address.format(rev=world.commit) in seen for seen in world.server.seen), address
    archives = [seen for seen in world.server.seen if not seen.startswith("/")]
    assert len(archives) == sum(address != "" for _, address in CALLS)
    before = len(world.server.seen)
    world.run("build", "all.nix", "--no-out-link")
    assert len(world.server.seen) == before


def test_a_private_repository(world: World) -> None:
    world.server.private = "me:s3cret"
    arguments = f'owner = "o"; repo = "r"; rev = "v1"; private = true; name = "p"; hash = "{world.hash}";'
    call = f"(import <nixpkgs> {{ }}).fetchFromGitHub {{ {arguments} }}"
    code, _, said = world.run("build", "--no-out-link", "-E", call, check=False)
    assert code == 1
    assert "needs NIX_GITHUB_PRIVATE_USERNAME and NIX_GITHUB_PRIVATE_PASSWORD in the environment" in said
    login = {"NIX_GITHUB_PRIVATE_USERNAME": "me", "NIX_GITHUB_PRIVATE_PASSWORD": "s3cret"}
    _, _, said = world.run("build", "--no-out-link", "-E", call, variables=login)
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["v1"], 'tag = "v1";'),
        (["stable"], 'rev = "{commit}";'),
        (["{commit}"], 'rev = "{commit}";'),
        (["v1", "--fetch-submodules"], "fetchSubmodules = true;"),
    ],
)
def test_prefetch_github(world: World, words: list[str], wanted: str) -> None:
    asked = [word.format(commit=world.commit) for word in words]
    described = json.loads(world.run("prefetch", "github", "o", "r", *asked, "--json")[1])
    assert described["hash"] == world.hash
    assert wanted.format(commit=world.commit) in described["expression"]
    before = len(world.server.seen)
    built = world.run(
        "build", "--no-out-link", "--print-logical", "-E", f"with import <nixpkgs> {{ }}; {described['expression']}"
    )[1]
    assert built.strip() == described["path"]
    assert len(world.server.seen) == before


def test_prefetch_github_without_a_revision_takes_the_branch_shown_first(world: World) -> None:
    _, output, _ = world.run("prefetch", "github", "o", "r")
    head = Folder(world.folder / "tree").git("rev-parse", "HEAD").strip()
    assert f'rev = "{head}";' in output
    assert world.hash not in output


def test_prefetch_github_of_what_is_not_there(world: World) -> None:
    code, _, said = world.run("prefetch", "github", "o", "r", "v9", check=False)
    assert (code, "'https://github.com/o/r.git' has no branch or tag 'v9'" in said, "it has: main, stable, v1" in said) == (
        1,
        True,
        True,
    )
    code, _, said = world.run("prefetch", "github", "o", "nothing", check=False)
    assert (code, "cannot ask 'https://github.com/o/nothing.git' for its branches and tags" in said) == (1, True)
