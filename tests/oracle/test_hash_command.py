"""``imagetools hash`` prints what ``nix hash`` and ``nix-hash`` print."""

import os
from pathlib import Path

import pytest

from imagetools.kernel.hashes import SIZES, digest
from tests.oracle.commands import imagetools, run
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle
NEW = ["nix", "--experimental-features", "nix-command", "hash"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("nix", "nix-hash")
    made = tmp_path_factory.mktemp("hash")
    (made / "file").write_bytes(b"text\n" * 1000)
    (made / "empty").write_bytes(b"")
    (made / "program").write_bytes(b"#!/bin/sh\n")
    (made / "program").chmod(0o755)
    tree = made / "tree"
    (tree / "a folder/deep").mkdir(parents=True)
    (tree / "a folder/deep/\u00e4").write_bytes(b"\x00\xff")
    (tree / "link").symlink_to("nowhere")
    os.symlink("file", made / "link")
    return made


@pytest.mark.parametrize("notation", [[], ["--base16"], ["--base32"], ["--base64"], ["--sri"]])
@pytest.mark.parametrize("kind", ["file", "path"])
def test_files_and_paths_in_every_notation(folder: Path, kind: str, notation: list[str]) -> None:
    names = ["file", "empty", "program"] if kind == "file" else ["file", "program", "tree", "link", "tree/a folder"]
    words = [kind, *notation, *names]
    assert imagetools("hash", *words, home=folder).stdout == run([*NEW, *words], cwd=folder).stdout


@pytest.mark.parametrize("algo", sorted(SIZES))
def test_every_algorithm_and_the_old_program(folder: Path, algo: str) -> None:
    tree = imagetools("hash", "path", "--type", algo, "--base32", "tree", "file", home=folder).stdout
    assert tree == run(["nix-hash", "--type", algo, "--base32", "tree", "file"], cwd=folder).stdout
    flat = imagetools("hash", "file", "--type", algo, "--base16", "file", home=folder).stdout
    assert flat == run(["nix-hash", "--type", algo, "--flat", "file"], cwd=folder).stdout


@pytest.mark.parametrize("to", ["sri", "base16", "base32", "base64"])
def test_conversions(folder: Path, to: str) -> None:
    values = [digest(algo, b"x") for algo in sorted(SIZES)]
    named = [
        text for value in values for text in (value.sri(), value.nix(), value.prefixed16(), f"{value.algo}:{value.base64()}")
    ]
    assert imagetools("hash", f"to-{to}", *named, home=folder).stdout == run([*NEW, f"to-{to}", *named], cwd=folder).stdout
    bare = [digest("sha512", b"y").base32(), digest("sha512", b"y").base16(), digest("sha512", b"y").sri()]
    words = [f"to-{to}", "--type", "sha512", *bare]
    assert imagetools("hash", *words, home=folder).stdout == run([*NEW, *words], cwd=folder).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["to-sri", "abc"],
        ["to-base32", "--type", "md5", "sha256-" + "A" * 43 + "="],
    ],
)
def test_the_same_sentences_for_what_is_no_hash(folder: Path, words: list[str]) -> None:
    ours = imagetools("hash", *words, home=folder, check=False)
    theirs = run([*NEW, *words], cwd=folder, check=False)
    assert (ours.stderr, ours.returncode) == (theirs.stderr, 1)


def test_two_notations_at_once(folder: Path) -> None:
    refused = imagetools("hash", "file", "--sri", "--base16", "file", home=folder, check=False)
    assert (refused.stderr, refused.returncode) == ("error: --base16 and --sri exclude each other\n", 2)


def test_what_cannot_be_hashed(folder: Path) -> None:
    assert imagetools("hash", "path", "nothing", home=folder, check=False).stderr == (
        "error: cannot read 'nothing': No such file or directory\n"
    )
    assert imagetools("hash", "file", "--type", "crc", "file", home=folder, check=False).stderr == (
        "error: unknown hash algorithm 'crc', expect 'md5', 'sha1', 'sha256' or 'sha512'\n"
    )
