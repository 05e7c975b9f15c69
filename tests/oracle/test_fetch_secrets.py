# ruff: noqa: E501  (tables: one case a line)
"""No secret that a fetch needs shows up anywhere: not in what is printed, in logs, in names, in --json.

(The text of a .drv file holds the URL as it was written, as in Nix: docs/fetchers.md says so.)
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.store.local import LocalStore
from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.fetchers.git.repositories import Folder
from tests.unit.fetchers.git.servers import Smart, smart
from tests.unit.net.server import Server, running, status
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

SECRET = "s3cret"
ZERO = "sha256-" + "A" * 43 + "="


BUILDS = {
    "login of fetchurl": 'fetchurl { url = "LOGIN"; hash = "HASH"; name = "x1"; }',
    "login of fetchzip": 'fetchzip { url = "LOGIN"; hash = "HASH"; name = "x2"; }',
    "login of fetchpatch2": 'fetchpatch2 { url = "LOGIN"; hash = "HASH"; name = "x3"; }',
    "query of fetchurl": 'fetchurl { url = "PLAIN?private_token=s3cret&a=1"; hash = "HASH"; name = "x4"; }',
    "query of fetchzip": 'fetchzip { url = "PLAIN?access_token=s3cret"; hash = "HASH"; }',
    "query of fetchpatch": 'fetchpatch { url = "PLAIN?sig=s3cret"; hash = "HASH"; name = "x5"; }',
    "one of several": 'fetchurl { urls = [ "LOGIN/not" "LOGIN" ]; hash = "HASH"; name = "x6"; }',
    "options of curl": 'fetchurl { url = "PLAIN"; hash = "HASH"; name = "x7"; curlOptsList = [ "-H" "Authorization: Bearer s3cret" ]; }',
    "login as an option": 'fetchurl { url = "PLAIN"; hash = "HASH"; name = "x8"; curlOpts = "--user me:s3cret"; }',
    "netrcPhase": 'fetchurl { url = "PLAIN"; hash = "HASH"; name = "x9"; netrcPhase = "echo default login me password s3cret > netrc"; }',
}
ALL = " ".join(f"({call})" for call in BUILDS.values())
EVALUATIONS = {
    "no name": 'fetchurl { url = "PLAIN?token=s3cret"; hash = "HASH"; }',
    "builtins.fetchurl": 'builtins.fetchurl { url = "LOGIN"; sha256 = "HASH"; }',
    "builtins.fetchTarball": 'builtins.fetchTarball { url = "PLAIN?token=s3cret"; sha256 = "HASH"; }',
    **{
        f"two hashes for {fetcher}": f'{fetcher} {{ url = "LOGIN?token=s3cret"; hash = "HASH"; sha256 = "HASH"; }}'
        for fetcher in ("fetchurl", "fetchzip", "fetchgit", "fetchhg", "fetchsvn", "fetchpatch2")
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    need_namespaces()
    with running() as made:
        made.script.update({"/there": [status(200, b"hello\n")]})
        yield made


def everything(store: Path) -> str:
    """All that could be seen of what was done with a store: names, logs."""
    seen = [str(path.relative_to(store)) for path in store.rglob("*")] if store.exists() else []
    with LocalStore(str(store)) as opened:
        for path in opened.all_paths():
            seen.append((opened.read_log(path) or b"").decode("latin-1"))
    return "\n".join(seen)


def fail(home: Path, server: Server, text: str, path: str, *words: str) -> str:
    """What is said when a definition that has secrets in it cannot be built."""
    text = text.replace("LOGIN", server.url(path, "me:s3cret@")).replace("PLAIN", server.url(path)).replace("HASH", ZERO)
    store = ["--store", str(home / "R")]
    definition = f"with import <nixpkgs> {{ }}; [ {text} ]"
    done = imagetools("build", "--no-out-link", "-k", "-L", *words, "-E", definition, *store, home=home, check=False)
    assert done.returncode != 0
    assert "internal error" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(("path", "words"), [("/there", ["--json"]), ("/nothing", ["--show-trace"])])
def test_builds(path: str, words: list[str], server: Server, tmp_path: Path, furnish: Furnish) -> None:
    """Every download comes with another hash, or not at all."""
    server.seen.clear()
    said = fail(furnish(tmp_path, store=tmp_path / "R"), server, ALL, path, *words)
    assert SECRET not in said
    assert SECRET not in everything(tmp_path / "R")
    used = [headers.get("authorization", "") for _, headers in server.seen]
    assert (used.count("Basic bWU6czNjcmV0"), used.count("Bearer s3cret")) == (7, 1), used  # they were used


def test_a_netrc_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    for text in ('fetchurl { url = "PLAIN"; hash = "HASH"; }', 'builtins.fetchurl "PLAIN"'):
        server.seen.clear()
        assert SECRET not in fail(tmp_path, server, f"({text})", "/nothing")
        assert [headers["authorization"] for _, headers in server.seen] == ["Basic bWU6czNjcmV0"]
    assert SECRET not in everything(tmp_path / "R")


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluations(name: str, server: Server, tmp_path: Path) -> None:
    """The excerpt of the definition, too, has stars where its secrets are."""
    said = fail(tmp_path, server, f"({EVALUATIONS[name]})", "/there", "--show-trace")
    assert SECRET not in said


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["url", "--json"], "LOGIN/there"),
        (["url", "--print-path"], "PLAIN/there?token=s3cret"),
        (["url"], "LOGIN/nothing?password=s3cret"),
        (["zip"], "LOGIN/there?token=s3cret"),
        (["patch"], "PLAIN/there?token=s3cret"),
    ],
)
def test_prefetching(words: list[str], place: str, server: Server, tmp_path: Path) -> None:
    url = place.replace("LOGIN", server.url("", "me:s3cret@")).replace("PLAIN", server.url(""))
    done = imagetools("prefetch", *words, url, "--store", str(tmp_path / "R"), home=tmp_path, check=False)
    assert "internal error" not in done.stderr
    assert SECRET not in done.stdout + done.stderr + everything(tmp_path / "R")
    if done.returncode == 0:
        assert "***" in done.stdout
        assert "note: *** stands for a secret that is not printed" in done.stderr


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smart]:
    need("git")
    need_namespaces()
    folder = tmp_path_factory.mktemp("private")
    made = Folder.new(folder / "tree")
    made.commit("first", {"README": b"hello\n"})
    made.git("clone", "-q", "--bare", ".", str(folder / "served/r.git"))
    with smart(folder / "served", "me:s3cret") as server:
        yield server


@pytest.mark.parametrize("how", ["url", "netrc", "wrong"])
def test_git(how: str, private: Smart, tmp_path: Path) -> None:
    login = {"url": "me:s3cret@", "netrc": "", "wrong": "me:s3cret-but-wrong@"}[how]
    if how == "netrc":
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    url = private.url("/r.git", login)
    store = ["--store", str(tmp_path / "R")]
    prefetched = imagetools("prefetch", "git", url, "--json", *store, home=tmp_path, check=False)
    assert prefetched.returncode == (1 if how == "wrong" else 0), prefetched.stderr
    said = [prefetched.stdout, prefetched.stderr]
    for call in (
        f'(import <nixpkgs> {{ }}).fetchgit {{ url = "{url}"; rev = "refs/heads/main"; hash = "{ZERO}"; }}',
        f'builtins.fetchGit {{ url = "{url}"; ref = "nothing"; }}',
    ):
        done = imagetools("build", "--no-out-link", "--show-trace", "-E", call, *store, home=tmp_path, check=False)
        assert done.returncode != 0
        said += [done.stdout, done.stderr]
    assert SECRET not in "\n".join(said)
    assert SECRET not in everything(tmp_path / "R")
