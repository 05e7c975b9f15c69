"""Hashes against ``nix-hash``: every algorithm, every notation, conversions both ways, refusals."""

import subprocess
from pathlib import Path

import pytest

from imagetools.formats.nar.writer import NarWriter
from imagetools.kernel.hashes import SIZES, Hash, HashError, compress, digest
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

CONTENTS = [b"", b"hello\n", b"test\n", bytes(range(256)) * 50]


def nix_hash(*arguments: str) -> str:
    need("nix-hash")
    return subprocess.run(["nix-hash", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("algo", sorted(SIZES))
def test_flat_hashes(algo: str, tmp_path: Path) -> None:
    for number, data in enumerate(CONTENTS):
        (tmp_path / str(number)).write_bytes(data)
    files = [str(tmp_path / str(number)) for number in range(len(CONTENTS))]
    values = [digest(algo, data) for data in CONTENTS]
    assert nix_hash("--flat", "--type", algo, *files).split() == [value.base16() for value in values]
    assert nix_hash("--flat", "--base32", "--type", algo, *files).split() == [value.base32() for value in values]


@pytest.mark.parametrize("algo", sorted(SIZES))
def test_conversions(algo: str) -> None:
    values = [digest(algo, data) for data in CONTENTS]
    for before in ("base16", "base32", "sri"):
        texts = [getattr(value, before)() for value in values]
        assert [Hash.parse(text, algo) for text in texts] == values
        assert nix_hash("--type", algo, "--to-base32", *texts).split() == [value.base32() for value in values]
        assert nix_hash("--type", algo, "--to-base16", *texts).split() == [value.base16() for value in values]


def test_tree_hashes_also_truncated(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "world").write_bytes(b"hello\n")
    out: list[bytes] = []
    writer = NarWriter(out.append)
    writer.directory()
    writer.entry(b"world")
    writer.contents(b"hello\n")
    writer.close()
    writer.finish()
    for algo in SIZES:
        value = digest(algo, b"".join(out))
        assert nix_hash("--type", algo, str(tmp_path / "test")) == value.base16()
        folded = compress(value.digest, 20) if SIZES[algo] > 20 else value.digest
        assert nix_hash("--type", algo, "--truncate", str(tmp_path / "test")) == folded.hex()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0" * 63,
        "e" * 52,
        "z" * 52,
        "g" * 64,
        "!" * 44,
        "sha1-" + "A" * 27 + "=",
        "sha256-" + "A" * 43,
        "sha256-" + "A" * 43 + "=",
        "sha256-" + "A" * 42 + "B=",
        "sha256-" + "A" * 40,
        "sha256:" + "0" * 52,
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 64,
        "md5:" + "0" * 32,
        "sha256" + "0" * 52,
    ],
)
def test_what_is_a_hash_and_what_is_none(text: str) -> None:
    need("nix-hash")
    peer = subprocess.run(["nix-hash", "--type", "sha256", "--to-base16", text], check=False, capture_output=True, text=True)
    try:
        found = Hash.parse(text, "sha256").base16()
    except HashError:
        found = ""
    assert found == peer.stdout.strip(), peer.stderr
