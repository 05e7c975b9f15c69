"""``imagetools prefetch`` beside nix-prefetch-url and git: the same hashes and paths; what is printed downloads nothing."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.kernel.hashes import Hash
from imagetools.store.fs_nar import nar_hash
from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.fetchers.git.repositories import Folder
from tests.unit.fetchers.git.servers import Smart, smart
from tests.unit.net.server import Server, running, status
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

BODY = b"#!/bin/sh\necho tool\n"
PATCH = b"""--- a/lib/x.c
+++ b/lib/x.c
@@ -1 +1 @@
-one
+two
--- a/doc/y.md
+++ b/doc/y.md
@@ -1 +1 @@
-three
+four
"""
SET = "with import <nixpkgs> { }; "


def tar_of(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(BODY)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(BODY))
    return data.getvalue()


def zip_of(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), BODY)
    return data.getvalue()


@pytest.fixture
def server() -> Iterator[Server]:
    need_namespaces()
    with running() as made:
        files = {
            "/tool-1.0.sh": BODY,
            "/tree.tar.gz": tar_of("tree/a", "tree/b/c"),
            "/tree.zip": zip_of("tree/a", "tree/b/c"),
            "/flat.tar.gz": tar_of("a", "b/c"),
            "/fix.patch": PATCH,
        }
        made.script.update({path: [status(200, body)] for path, body in files.items()})
        yield made


class Run:
    """One command and what it printed; ``lines`` are hash, path where asked for, and the expression."""

    def __init__(self, home: Path, *words: str, check: bool = True) -> None:
        self.home = home
        done = imagetools("prefetch", *words, home=home, check=check)
        self.code, self.output, self.said = done.returncode, done.stdout, done.stderr
        self.lines = done.stdout.split("\n")

    def build(self, expression: str, check: bool = True) -> str:
        """Where the printed call's output is."""
        return imagetools("build", "--no-out-link", "--print-logical", "-E", SET + expression, home=self.home, check=check).stdout


@pytest.mark.parametrize("algo", ["sha256", "sha1"])
def test_a_file_as_nix_prefetches_it(server: Server, tmp_path: Path, algo: str) -> None:
    need("nix-prefetch-url")
    url = server.url("/tool-1.0.sh")
    ours = Run(tmp_path, "url", url, "--type", algo, "--print-path")
    (tmp_path / "nix").mkdir()
    theirs = nix("nix-prefetch-url", url, "--type", algo, "--print-path", root=tmp_path / "nix").stdout.split()
    assert ours.lines[0] == Hash.parse(theirs[0], algo).sri()
    assert ours.lines[1] == theirs[1]
    asked = len(server.seen)
    assert ours.build("\n".join(ours.lines[2:])).strip() == theirs[1]
    assert len(server.seen) == asked


@pytest.mark.parametrize("path", ["/tree.tar.gz", "/tree.zip", "/flat.tar.gz"])
def test_an_archive_as_nix_unpacks_it(server: Server, tmp_path: Path, path: str) -> None:
    need("nix-prefetch-url")
    url, root = server.url(path), ["--no-strip-root"] if "flat" in path else []
    ours = Run(tmp_path, "url", "--unpack", url, "--name", "source", "--print-path", *root)
    (tmp_path / "nix").mkdir()
    words = ["--unpack", url, "--print-path", "--name", "source"]
    theirs = nix("nix-prefetch-url", *words, root=tmp_path / "nix").stdout.split()
    assert ours.lines[0] == Hash.parse(theirs[0], "sha256").sri()
    assert ours.lines[1] == theirs[1]
    again = Run(tmp_path, "zip", url, "--json", *root)
    described = json.loads(again.output)
    assert (described["hash"], described["path"], described["name"]) == (ours.lines[0], theirs[1], "source")
    assert described["function"] == "fetchzip"
    asked = len(server.seen)
    assert again.build(described["expression"]).strip() == theirs[1]
    assert len(server.seen) == asked


def test_a_hash_that_is_known(server: Server, tmp_path: Path) -> None:
    url = server.url("/tool-1.0.sh")
    first = Run(tmp_path, "url", url)
    asked = len(server.seen)
    assert Run(tmp_path, "url", url, Hash.parse(first.lines[0]).base16()).output == first.output
    assert len(server.seen) == asked
    wrong = Run(tmp_path, "url", url, "sha256-" + "A" * 43 + "=", check=False)
    assert (wrong.code, wrong.output) == (102, "")
    assert f"got:    {first.lines[0]}" in wrong.said
    bad = Run(tmp_path, "url", url, "nonsense", check=False)
    assert bad.code == 1
    assert "nonsense" in bad.said


def test_an_executable_file(server: Server, tmp_path: Path) -> None:
    done = json.loads(Run(tmp_path, "url", server.url("/tool-1.0.sh"), "--executable", "--json").output)
    assert "  executable = true;\n" in done["expression"]
    file = Path(done["physicalPath"])
    assert (file.stat().st_mode & 0o777, nar_hash(str(file))[0].sri()) == (0o555, done["hash"])


def test_a_patch_with_wishes(server: Server, tmp_path: Path) -> None:
    wishes = {
        "--strip-len 1": "stripLen = 1;",
        "--extra-prefix src/": 'extraPrefix = "src/";',
        "--include src/lib/x.c": 'includes = [ "src/lib/x.c" ];',
        "--hunk 1": "hunks = [ 1 ];",
        "--revert": "revert = true;",
    }
    done = Run(tmp_path, "patch", server.url("/fix.patch"), *" ".join(wishes).split(), "--json")
    described = json.loads(done.output)
    assert described["function"] == "fetchpatch2"
    assert [line for line in wishes.values() if f"  {line}\n" not in described["expression"]] == []
    assert "+one\n-two\n" in Path(described["physicalPath"]).read_text()
    asked = len(server.seen)
    assert done.build(described["expression"]).strip() == described["path"]
    assert len(server.seen) == asked


def test_what_definitions_name(server: Server, tmp_path: Path) -> None:
    """As ``nix-prefetch-url -A``: right hashes, whatever stands in the definition."""
    need("nix-prefetch-url")
    text = f"""{{ pkgs ? import <nixpkgs> {{ }} }}: {{
      tool.src = pkgs.fetchurl {{ url = "{server.url("/tool-1.0.sh")}"; sha256 = "{"0" * 52}"; }};
      all = [ (pkgs.fetchzip {{ url = "{server.url("/tree.zip")}"; hash = ""; }}) ];
      other = pkgs.bash;
    }}"""
    (tmp_path / "x.nix").write_text(text)
    plain = Run(tmp_path, "url", server.url("/tool-1.0.sh"), "--print-path").lines
    assert Run(tmp_path, "attr", "x.nix", "-A", "tool.src", "--print-path").lines[:2] == plain[:2]
    (tmp_path / "nix").mkdir()
    source = f'{{ urls = [ "{server.url("/tool-1.0.sh")}" ]; name = "tool"; outputHash = "x"; outputHashMode = "flat"; }}'
    (tmp_path / "set.nix").write_text(f"{{ src = {source}; }}")
    theirs = nix("nix-prefetch-url", str(tmp_path / "set.nix"), "-A", "src", root=tmp_path / "nix").stdout.strip()
    assert Hash.parse(theirs, "sha256").sri() == plain[0]
    (described,) = json.loads(Run(tmp_path, "attr", "x.nix", "-A", "all", "--json").output)
    assert (described["name"], described["specified"]) == ("source", Hash.zero("sha256").sri())
    assert described["hash"] == Run(tmp_path, "zip", server.url("/tree.zip")).lines[0]
    other = Run(tmp_path, "attr", "x.nix", "-A", "other", check=False)
    assert (other.code, "is not made by a fetcher" in other.said, "-A ATTR.src" in other.said) == (1, True, True)


def test_what_fails(server: Server, tmp_path: Path) -> None:
    for words, code, text in (
        (["url", server.url("/nothing")], 1, "HTTP 404 Not Found"),
        (["zip", server.url("/flat.tar.gz")], 1, "stripRoot"),
        (["zip", server.url("/tool-1.0.sh")], 1, "tool-1.0.sh"),
        (["url", server.url("/tool-1.0.sh"), "--type", "crc"], 1, "crc"),
        (["url", server.url("/tool-1.0.sh"), "--executable", "--unpack"], 2, "exclude each other"),
        (["url", server.url("/tool-1.0.sh"), "--no-strip-root"], 2, "--unpack only"),
        (["git", "ext::sh -c true", "--rev", "x"], 1, "not allowed"),
        (["git", server.url("/r.git"), "--rev=-x"], 1, "begins with '-'"),
    ):
        done = Run(tmp_path, *words, check=False)
        assert (done.code, text in done.said, done.output) == (code, True, ""), (words, done.said)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Smart, str, str]]:
    """A server, the first commit, which has the tag v1 and the branch stable, and the hash of its files."""
    need("git")
    need_namespaces()
    folder = tmp_path_factory.mktemp("git")
    made = Folder.new(folder / "tree")
    commit = made.commit("first", {"README": b"hello\n", "src/x": b"x\n"})
    made.git("tag", "-a", "v1", "-m", "v1")
    made.git("branch", "stable")
    made.commit("second", {"README": b"changed\n"})
    made.git("clone", "-q", "--bare", ".", str(folder / "served/r.git"))
    made.git("checkout", "-q", "v1")
    (folder / "tree/.git").rename(folder / "git")
    with smart(folder / "served") as server:
        yield server, commit, nar_hash(str(folder / "tree"))[0].sri()


@pytest.mark.parametrize("rev", ["v1", "refs/heads/stable", "COMMIT"])
def test_a_branch_or_tag_becomes_the_commit_it_means(repository: tuple[Smart, str, str], tmp_path: Path, rev: str) -> None:
    server, commit, hash = repository
    done = Run(tmp_path, "git", server.url("/r.git"), "--rev", commit if rev == "COMMIT" else rev, "--print-path")
    assert done.lines[0] == hash
    assert done.lines[1].endswith(f"-r-{commit[:7]}")
    assert f'  rev = "{commit}";' in done.lines
    asked = len(server.seen)
    assert done.build("\n".join(done.lines[2:])).strip() == done.lines[1]
    assert len(server.seen) == asked


def test_git_with_wishes(repository: tuple[Smart, str, str], tmp_path: Path) -> None:
    server, _, _ = repository
    for words, line, there in (
        (["--leave-dotGit"], "leaveDotGit = true;", [".git", "README", "src"]),
        (["--deep-clone", "--name", "n"], "deepClone = true;", [".git", "README", "src"]),
        (["--sparse-checkout", "src"], 'sparseCheckout = [ "src" ];', ["README", "src"]),
        (["--fetch-submodules"], "fetchSubmodules = true;", ["README", "src"]),
    ):
        described = json.loads(Run(tmp_path, "git", server.url("/r.git"), "--json", *words).output)
        assert f"  {line}\n" in described["expression"]
        assert sorted(path.name for path in Path(described["physicalPath"]).iterdir()) == there
