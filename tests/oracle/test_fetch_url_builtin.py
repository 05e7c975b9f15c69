"""``fetchurl``, ``fetchTarball`` and tarball URLs beside Nix 2.8: values, store paths, sentences.

Rows 1.065-1.067, 1.079, 1.082.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.store.fs_nar import nar_hash
from tests.oracle.commands import imagetools, nix
from tests.oracle.fetching import assert_same_values, ours, theirs
from tests.oracle.peers import need
from tests.oracle.sentences import sentence_of_2_8
from tests.unit.instantiate.fetching.tapes import tarball
from tests.unit.net.server import Server, redirect, running, status

pytestmark = pytest.mark.oracle

FORMS = {
    "plain.tar": ["tar", "cf", "plain.tar", "pkg"],
    "gz.tar.gz": ["tar", "czf", "gz.tar.gz", "pkg"],
    "bz2.tar.bz2": ["tar", "cjf", "bz2.tar.bz2", "pkg"],
    "xz.tar.xz": ["tar", "cJf", "xz.tar.xz", "pkg"],
    "zst.tar.zst": ["tar", "--zstd", "-cf", "zst.tar.zst", "pkg"],
    "dotted.tgz": ["tar", "czf", "dotted.tgz", "./pkg"],
    "pax.tar": ["tar", "--format=pax", "-cf", "pax.tar", "pkg"],
    "v7.tar": ["tar", "--format=v7", "-cf", "v7.tar", "pkg/default.nix", "pkg/run"],
    "one-file.tar": ["tar", "cf", "one-file.tar", "top.txt"],
    "two.tar": ["tar", "cf", "two.tar", "pkg", "top.txt"],
    "none.tar": ["tar", "cf", "none.tar", "-T", "/dev/null"],
    "zipped.zip": ["python3", "-m", "zipfile", "-c", "zipped.zip", "plain/"],
}
SAME = [
    *(f'fetchTarball "URL/{name}"' for name in FORMS if name not in {"two.tar", "none.tar"}),
    'fetchTarball { url = "URL/plain.tar"; name = "other"; }',
    'fetchTarball { url = "URL/plain.tar"; sha256 = "TREE"; }',
    'fetchTarball { url = "URL/nowhere"; sha256 = "TREE"; }',
    'import (fetchTarball "URL/gz.tar.gz")',
    'builtins.getContext (fetchTarball "URL/plain.tar")',
    '(fetchTarball "URL/plain.tar") + "/run"',
    'builtins.readFile (fetchTarball "URL/plain.tar" + "/default.nix")',
    'builtins.fetchurl "URL/text"',
    'builtins.fetchurl { url = "URL/text"; }',
    'builtins.fetchurl { url = "URL/text"; name = "named"; }',
    'builtins.fetchurl { url = "URL/text"; sha256 = "FLAT"; }',
    'builtins.fetchurl { url = "URL/text"; sha256 = "sha256:FLAT"; name = "x"; }',
    'builtins.fetchurl { url = "URL/gone"; name = "x"; sha256 = "FLAT"; }',
    'builtins.fetchurl "URL/text?query=1"',
    'builtins.fetchurl "URL/moved"',
    'builtins.readFile (builtins.fetchurl "URL/text")',
    'builtins.getContext (builtins.fetchurl "URL/text")',
    'fetchTree { type = "path"; path = DIR; }',
    'fetchTree { type = "path"; path = "DIR/pkg"; }',
    '(fetchTree { type = "tarball"; url = "URL/plain.tar"; }).narHash',
    '(fetchTree "URL/plain.tar").outPath',
    '(fetchTree { type = "tarball"; url = "URL/plain.tar"; narHash = "SRI"; }).outPath',
]
WRONG = [
    'fetchTarball "URL/two.tar"',
    'fetchTarball "URL/none.tar"',
    'fetchTarball { url = "URL/plain.tar"; sha256 = "ZERO"; }',
    'builtins.fetchurl { url = "URL/text"; sha256 = "ZERO"; }',
    'builtins.fetchurl { url = "URL/text"; sha256 = ""; }',
    'builtins.fetchurl { url = "URL/text"; md5 = ""; }',
    'fetchTarball { name = "x"; }',
    "fetchTarball { }",
    "fetchTarball [ ]",
    "builtins.fetchurl { url = 1; }",
    "builtins.fetchurl ./x",
    'builtins.fetchurl { url = "URL/text"; name = 1; }',
    'builtins.fetchurl "${derivation { name = a; system = b; builder = c; }}"',
    'builtins.tryEval (builtins.fetchurl { url = "URL/text"; sha256 = "ZERO"; })',
    'fetchTree { type = "path"; path = "relative"; }',
    'fetchTree { type = "path"; path = "/no/such"; }',
    'fetchTree { type = "path"; path = "/"; wrong = 1; }',
    'fetchTree { type = "path"; }',
    'fetchTree { type = "tarball"; url = "URL/plain.tar"; narHash = "SRIZERO"; }',
    'fetchTree { type = "tarball"; url = "URL/plain.tar"; wrong = ""; }',
    'fetchTree { type = "github"; owner = "x"; }',
]
ZERO = "0" * 52


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives of every form that Nix takes, all of the same tree."""
    need("nix-instantiate", "tar", "xz", "bzip2", "zstd")
    made = tmp_path_factory.mktemp("served")
    (made / "pkg/sub").mkdir(parents=True)
    (made / "pkg/default.nix").write_text('{ pkgs ? null }: "imported"\n')
    (made / "pkg/sub/data").write_bytes(bytes(range(256)) * 20)
    (made / "pkg/run").write_text("#!/bin/sh\n")
    (made / "pkg/run").chmod(0o755)
    (made / "pkg/others").write_text("not for its owner\n")
    (made / "pkg/others").chmod(0o655)
    (made / "pkg/out").symlink_to("../../../etc/passwd")
    (made / "pkg/absolute").symlink_to("/etc/passwd")
    (made / "pkg/sub/up").symlink_to("../run")
    (made / "plain/d").mkdir(parents=True)
    (made / "plain/d/file").write_text("zip\n")
    (made / "top.txt").write_text("alone\n")
    (made / "text").write_text("some text\n")
    for command in FORMS.values():
        subprocess.run(command, cwd=made, check=True)
    return made


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with running() as made:
        for path in folder.iterdir():
            if path.is_file():
                made.script["/" + path.name] = [status(200, path.read_bytes(), ETag=f'"{path.name}"')]
        made.script["/moved"] = [redirect("/text")]
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ours")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("theirs")


def filled(text: str, folder: Path, server: Server) -> str:
    tree = nar_hash(folder / "pkg")[0]
    flat = hashlib.sha256((folder / "text").read_bytes()).hexdigest()
    for name, value in (
        ("SRIZERO", "sha256-" + "A" * 43 + "="),
        ("SRI", tree.sri()),
        ("TREE", tree.base32()),
        ("FLAT", flat),
        ("ZERO", ZERO),
        ("URL", server.url("")),
        ("DIR", str(folder)),
    ):
        text = text.replace(name, value)
    return text


def test_the_same_values(folder: Path, server: Server, home: Path, root: Path) -> None:
    assert_same_values([filled(text, folder, server) for text in SAME], home, root)


@pytest.mark.parametrize("text", WRONG)
def test_the_same_sentences(text: str, folder: Path, server: Server, home: Path, root: Path) -> None:
    text = filled(text, folder, server)
    mine, real = ours(text, home), theirs(text, root)
    assert mine.code == real.code != 0
    sentence = sentence_of_2_8(mine.failure.replace(f"{home}/.local/share/imagetools", ""))
    assert sentence.replace("hash algorithm", "hash type") == real.failure.replace(str(root), "")


@pytest.mark.parametrize("text", ['builtins.fetchurl "URL/gone"', 'fetchTarball "URL/gone"', 'fetchTarball "URL/text"'])
def test_what_cannot_be_had(text: str, folder: Path, server: Server, home: Path, root: Path) -> None:
    text = filled(text, folder, server)
    mine, real = ours(text, home), theirs(text, root)
    assert mine.code == real.code == 1
    assert server.url("/") in mine.failure


@pytest.mark.parametrize(
    "words",
    [
        ["URL/gz.tar.gz"],
        ["-I", "pkg=URL/gz.tar.gz", "-E", "import <pkg> { }"],
        ["-I", "pkg=URL/gz.tar.gz", "-E", "<pkg/sub>"],
        ["-I", "URL/gz.tar.gz", "-E", "<sub/data>"],
        ["-I", "pkg=URL/gone.tar.gz", "-E", "(builtins.tryEval <pkg/sub>).success"],
        ["-I", "gone=URL/gone.tar.gz", "-I", "pkg=URL/gz.tar.gz", "-E", "<pkg>"],
        ["-I", "gone=URL/gone.tar.gz", "-E", "builtins.nixPath != [ ]"],
        ["--restrict-eval", "-I", "pkg=URL/gz.tar.gz", "-E", "import <pkg> { }"],
        ["--restrict-eval", "-I", "pkg=URL/gz.tar.gz", "-E", "builtins.readDir <pkg>"],
    ],
)
def test_tarballs_where_files_are_expected(words: list[str], folder: Path, server: Server, home: Path, root: Path) -> None:
    words = [word.replace("URL", server.url("")) for word in words]
    mine = imagetools("eval", "--strict", *words, home=home, check=False)
    plain = [word for word in words if word != "--restrict-eval"]
    options = ["--option", "restrict-eval", "true"] if plain != words else []
    real = nix("nix-instantiate", "--eval", "--strict", *options, *plain, root=root, check=False)
    assert (mine.returncode, mine.stdout.replace(str(home), "")) == (real.returncode, real.stdout.replace(str(root), ""))
    gone = "cannot be downloaded, ignoring"
    assert (gone in mine.stderr) == (gone in real.stderr)


def test_a_derivation_from_a_tarball(server: Server, home: Path, root: Path) -> None:
    """``nix-instantiate URL``, and a derivation whose source is a fetched tree."""
    body = b"{ }: derivation { name = ''x''; system = ''s''; builder = ''b''; src = ./.; other = \"${./data}\"; }"
    server.script["/drv.tar.gz"] = [status(200, tarball({"top/default.nix": body, "top/data": b"x"}))]
    url = server.url("/drv.tar.gz")
    source = f"derivation {{ name = ''y''; system = ''s''; builder = ''b''; src = fetchTarball ''{url}''; }}"
    for words in ([url], ["-E", source]):
        mine = imagetools("instantiate", *words, home=home).stdout
        assert mine == nix("nix-instantiate", *words, root=root).stdout
        assert mine.startswith("/nix/store/")


def test_how_long_the_cache_counts(server: Server, home: Path) -> None:
    server.script["/changing"] = [status(200, b"1"), status(200, b"2"), status(200, b"3")]
    text = f'builtins.readFile (builtins.fetchurl "{server.url("/changing")}")'

    def value(*options: str, **variables: str) -> str:
        return imagetools("eval", "--raw", *options, "-E", text, home=home, variables=variables).stdout

    assert [value(), value(), value("--refresh"), value("--offline")] == ["1", "1", "2", "2"]
    assert value(IMAGETOOLS_TARBALL_TTL="0") == "3"


def test_an_entry_of_the_search_path_is_fetched_when_it_is_needed(folder: Path, server: Server, home: Path) -> None:
    imagetools("eval", "-I", f"pkg={server.url('/new.tar.gz')}", "-E", "1", home=home)
    assert server.seen == []


PURE = [
    'fetchTarball { url = "URL/plain.tar"; sha256 = "TREE"; }',
    'fetchTarball "URL/plain.tar"',
    'builtins.fetchurl "URL/text"',
    'builtins.fetchurl { url = "URL/text"; sha256 = "FLAT"; }',
    'builtins.readFile (builtins.fetchurl { url = "URL/text"; sha256 = "FLAT"; })',
    'builtins.readDir (fetchTarball { url = "URL/plain.tar"; sha256 = "TREE"; })',
]


@pytest.mark.parametrize("text", PURE)
def test_pure_evaluation(text: str, folder: Path, server: Server, home: Path, root: Path) -> None:
    text = filled(text, folder, server)
    mine, real = ours(text, home, "--pure-eval"), theirs(text, root, "--pure-eval")
    assert (mine.code, mine.value, mine.failure) == (real.code, real.value, real.failure)


@pytest.mark.parametrize("allowed", ["", "URL", "URL/", "URL/te", "http://", "file:///"])
@pytest.mark.parametrize("text", ['builtins.readFile (builtins.fetchurl "URL/text")', 'builtins.fetchurl "file://DIR/text"'])
def test_restricted_evaluation(text: str, allowed: str, folder: Path, server: Server, home: Path, root: Path) -> None:
    options = ("--restrict-eval", "--option", "allowed-uris", allowed.replace("URL", server.url("")))
    text = filled(text, folder, server)
    mine, real = ours(text, home, *options), theirs(text, root, *options)
    assert (mine.code, mine.value, mine.failure) == (real.code, real.value, real.failure)
