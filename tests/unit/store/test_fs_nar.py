"""Hashes of trees and streams."""

import hashlib
import os
from pathlib import Path

import pytest

from imagetools.kernel.hashes import HashError, digest
from imagetools.store.fs_nar import (
    NotFlatError,
    SourceReadError,
    UnsupportedFileError,
    check_flat,
    file_hash,
    hash_and_scan,
    nar_hash,
)
from imagetools.store.nar_hash import StreamHash
from tests.unit.store.trees import SAMPLE, make, nar_of


def test_vectors_of_the_manual(tmp_path: Path) -> None:
    """nix-hash's own example, appendix A of the seeds."""
    (tmp_path / "world").write_bytes(b"hello\n")
    assert nar_hash(tmp_path, "md5")[0].base16() == "8179d3caeff1869b5ba1744e5a245c04"
    assert nar_hash(tmp_path, "sha1")[0].base32() == "nvd61k9nalji1zl9rrdfmsmvyyjqpzg4"
    assert file_hash(tmp_path / "world")[0].base16() == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


def test_hash_and_scan_is_one_pass_over_the_same_bytes(tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)

    class Collect:
        def __init__(self) -> None:
            self.data = bytearray()

        def update(self, chunk: bytes) -> None:
            self.data.extend(chunk)

    scanner = Collect()
    nar = nar_of(SAMPLE)
    assert hash_and_scan(tmp_path / "t", scanner) == (digest("sha256", nar), len(nar))
    assert bytes(scanner.data) == nar


@pytest.mark.parametrize("algo", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_a_stream_with_and_without_a_thread(algo: str, count: int) -> None:
    data = os.urandom(100_000)
    with StreamHash(algo) as state:
        for _ in range(count):
            state.update(data)
        found, size = state.finish()
    assert found.digest == hashlib.new(algo, data * count).digest()
    assert size == 100_000 * count


def test_an_unknown_algorithm() -> None:
    with pytest.raises(HashError):
        StreamHash("sha3")


def test_a_flat_output_is_one_plain_file(tmp_path: Path) -> None:
    make(tmp_path / "good", b"x")
    check_flat(tmp_path / "good")
    make(tmp_path / "tool", (b"x", True))
    make(tmp_path / "dir", {})
    make(tmp_path / "link", "good")
    for name, kind in (("tool", "executable file"), ("dir", "directory"), ("link", "symbolic link")):
        with pytest.raises(NotFlatError) as caught:
            check_flat(tmp_path / name)
        assert caught.value.message == (
            f"output path '{tmp_path}/{name}' should be a non-executable regular file, since its hash is flat; it is a {kind}"
        )


def test_a_flat_hash_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFileError, match="is a directory"):
        file_hash(tmp_path)
    with pytest.raises(SourceReadError, match="No such file"):
        file_hash(tmp_path / "missing")
