"""Which commit a name means: asked of real repositories, with the host's git."""

import os
from pathlib import Path

import pytest

from imagetools.net.git_commands import GitRevisionError, GitUrlError
from imagetools.net.git_remote import Access, NoSuchRevisionError, RemoteError, Resolved, resolve
from imagetools.net.programs import ProgramMissingError
from tests.oracle.peers import need
from tests.unit.fetchers.git.repositories import Folder

HERE = Access(os.environ["PATH"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A repository whose tag and branch ``both`` differ, and the commits by their messages."""
    need("git")
    made = Folder.new(tmp_path_factory.mktemp("git") / "r")
    commits = {}
    for message, words in (
        ("first", ["tag", "-a", "v1", "-m", "v1"]),
        ("second", ["tag", "both"]),
        ("third", ["branch", "both"]),
        ("last", ["update-ref", "refs/pull/1/head", "HEAD"]),
    ):
        commits[message] = made.commit(message, {"file": message.encode()})
        made.git(*words)
    return str(made.path), commits


@pytest.mark.parametrize(
    ("name", "message", "ref"),
    [
        ("HEAD", "last", "HEAD"),
        ("main", "last", "refs/heads/main"),
        ("v1", "first", "refs/tags/v1"),
        ("tags/v1", "first", "refs/tags/v1"),
        ("both", "second", "refs/tags/both"),
        ("heads/both", "third", "refs/heads/both"),
        ("refs/heads/both", "third", "refs/heads/both"),
        ("refs/pull/1/head", "last", "refs/pull/1/head"),
    ],
)
def test_names(world: tuple[str, dict[str, str]], name: str, message: str, ref: str) -> None:
    found = resolve(world[0], name, HERE)
    assert found == Resolved(world[1][message], ref)
    assert found.tag == (ref.removeprefix("refs/tags/") if "tags" in ref else None)


def test_what_is_not_there(world: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    with pytest.raises(NoSuchRevisionError) as missing:
        resolve(world[0], "v9", HERE)
    assert missing.value.hint == "it has: both, main, v1"
    with pytest.raises(RemoteError, match=r"cannot ask '.*/nothing' for its branches and tags: there is no git repository"):
        resolve(str(tmp_path / "nothing"), "v1", HERE)
    with pytest.raises(RemoteError) as refused:
        resolve("http://me:s3cret@127.0.0.1:1/r.git", "v1", HERE)
    assert "s3cret" not in refused.value.message
    with pytest.raises(ProgramMissingError):
        resolve(world[0], "v1", Access(str(tmp_path)))


def test_nothing_reaches_git_as_an_option(world: tuple[str, dict[str, str]]) -> None:
    with pytest.raises(GitRevisionError):
        resolve(world[0], "--upload-pack=touch x", HERE)
    for url in ("--upload-pack=touch x", "ext::sh -c true", "-x"):
        with pytest.raises(GitUrlError):
            resolve(url, "HEAD", HERE)
