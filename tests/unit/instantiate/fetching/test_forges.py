"""Forges: where a commit is asked for, where its tree is, how a token is sent. The transport plays them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from imagetools.instantiate.fetching.errors import FetchingError
from imagetools.instantiate.fetching.schemes import fetch, of_url
from imagetools.instantiate.fetching.world import FetchSettings, World
from imagetools.net.ports import AS_USUAL, FetchError, FetchResult, Part, Progress, Sink, Wishes
from imagetools.store.local import LocalStore
from tests.unit.instantiate.fetching.tapes import tarball

REV = "0123456789012345678901234567890123456789"
TREE = tarball({"repo-0123/file": b"x\n"}, mtime=1_500_000_000)
JSON = f'{{"sha": "{REV}", "other": 1}}'.encode()
REFS = f"{'1' * 40}\trefs/heads/mainline\n{REV}\trefs/heads/main\n{'2' * 40}\trefs/tags/v1\n".encode()
CASES = {
    f"github:o/r/{REV}": {f"https://api.github.com/repos/o/r/tarball/{REV}": TREE},
    "github:o/r": {
        "https://api.github.com/repos/o/r/commits/HEAD": JSON,
        f"https://api.github.com/repos/o/r/tarball/{REV}": TREE,
    },
    "github:o/r/b/c?host=g.example:8443": {
        "https://g.example:8443/api/v3/repos/o/r/commits/b/c": JSON,
        f"https://g.example:8443/api/v3/repos/o/r/tarball/{REV}": TREE,
    },
    "gitlab:o/r/b": {
        "https://gitlab.com/api/v4/projects/o%2Fr/repository/commits?ref_name=b": f'[{{"id": "{REV}"}}]'.encode(),
        f"https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha={REV}": TREE,
    },
    "sourcehut:~o/r": {
        "https://git.sr.ht/~o/r/HEAD": b"ref: refs/heads/main\n",
        "https://git.sr.ht/~o/r/info/refs": REFS,
        f"https://git.sr.ht/~o/r/archive/{REV}.tar.gz": TREE,
    },
    "sourcehut:~o/r/main": {
        "https://git.sr.ht/~o/r/info/refs": REFS,
        f"https://git.sr.ht/~o/r/archive/{REV}.tar.gz": TREE,
    },
}


class Forge:
    """Answers what it was given; ``asked`` are the URLs and headers."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(
        self,
        url: str,
        sink: Sink,
        *,
        progress: Progress | None = None,
        start_over: Callable[[], object] | None = None,
        wishes: Wishes = AS_USUAL,
        part: Part | None = None,
        begun: Callable[[Part], object] | None = None,
    ) -> FetchResult:
        self.asked.append((url, dict(wishes.headers)))
        if url not in self.answers:
            raise FetchError(url, "HTTP 404", 404)
        sink(self.answers[url])
        return FetchResult(url, len(self.answers[url]))


def world(folder: Path, forge: Forge, tokens: dict[str, str] | None = None) -> World:
    settings = FetchSettings(cache=str(folder / "cache"), home=str(folder), tokens=tokens or {})
    return World(LocalStore(str(folder / "root")), settings, connect=lambda: forge, say=lambda text: None)


@pytest.mark.parametrize("text", CASES)
def test_where_things_are(text: str, tmp_path: Path) -> None:
    forge = Forge(CASES[text])
    path, found = fetch(world(tmp_path, forge), of_url(text))
    assert [url for url, _ in forge.asked] == list(CASES[text])
    assert (found.text("rev"), found.ref, found.number("lastModified")) == (REV, None, 1_500_000_000)
    assert path.name == "source"
    again = Forge({url: body for url, body in CASES[text].items() if body is not TREE})
    assert fetch(world(tmp_path, again), of_url(text))[0] == path
    assert again.asked == []


@pytest.mark.parametrize(
    ("text", "token", "header"),
    [
        ("github:o/r", "t0ken", ("Authorization", "token t0ken")),
        ("gitlab:o/r/b", "OAuth2:t0ken", ("Authorization", "Bearer t0ken")),
        ("gitlab:o/r/b", "PAT:t0ken", ("Private-token", "t0ken")),
        ("gitlab:o/r/b", "Job-Token:t0ken", ("Job-Token", "t0ken")),
        ("sourcehut:~o/r", "t0ken", ("Authorization", "Bearer t0ken")),
    ],
)
def test_tokens(text: str, token: str, header: tuple[str, str], tmp_path: Path) -> None:
    forge = Forge(CASES[text])
    hosts = {"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}
    fetch(world(tmp_path, forge, {hosts[text.partition(":")[0]]: token, "other": "x"}), of_url(text))
    assert [headers for _, headers in forge.asked] == [dict([header])] * len(forge.asked)


@pytest.mark.parametrize(
    ("text", "url", "body"),
    [
        ("github:o/r", "https://api.github.com/repos/o/r/commits/HEAD", b"{}"),
        ("github:o/r", "https://api.github.com/repos/o/r/commits/HEAD", b"no json"),
        ("gitlab:o/r/b", "https://gitlab.com/api/v4/projects/o%2Fr/repository/commits?ref_name=b", b"[]"),
        ("sourcehut:~o/r", "https://git.sr.ht/~o/r/HEAD", b"nothing"),
        ("sourcehut:~o/r/none", "https://git.sr.ht/~o/r/info/refs", REFS),
    ],
)
def test_answers_that_make_no_sense(text: str, url: str, body: bytes, tmp_path: Path) -> None:
    with pytest.raises(FetchingError):
        fetch(world(tmp_path, Forge({url: body})), of_url(text))
