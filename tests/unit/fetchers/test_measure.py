"""Hashes made while a file grows are those of the finished file."""

import hashlib
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.measure import Measure
from imagetools.store.fs_nar import file_hash, nar_hash

BODY = hashlib.sha512(b"seed").digest() * 50_000  # 3.2 MB: enough for threads


@pytest.mark.parametrize("executable", [False, True])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 5000, len(BODY)])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("algo", ["sha256", "md5"])
def test_the_same_as_afterwards(tmp_path: Path, size: int, executable: bool, known: bool, algo: str) -> None:
    path = tmp_path / "file"
    measure = Measure(algo, executable)
    with path.open("wb+") as file:
        measure.watch(file.fileno(), size if known else None)
        for start in range(0, size, 300_000):
            file.write(BODY[start : min(size, start + 300_000)])
            file.flush()
            measure.grown(file.tell())
    path.chmod(0o755 if executable else 0o644)
    facts = measure.finish(size)
    measure.close()
    assert (facts.nar_hash, facts.nar_size) == nar_hash(path)
    assert (facts.file_hash, facts.size) == file_hash(path, algo)
    assert facts.executable is executable


def test_what_starts_over_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    measure = Measure("sha256", False)
    with path.open("wb+") as file:
        measure.watch(file.fileno(), len(BODY))
        file.write(bytes(len(BODY)))
        file.flush()
        measure.grown(len(BODY))
        measure.restart()
        file.seek(0)
        file.truncate()
        measure.watch(file.fileno(), 12)
        file.write(b"another file")
        file.flush()
        measure.grown(12)
    facts = measure.finish(12)
    measure.close()
    assert facts.nar_hash == nar_hash(path)[0]
    assert facts.file_hash.base16() == hashlib.sha256(b"another file").hexdigest()


def test_a_size_that_was_wrong(tmp_path: Path) -> None:
    path = tmp_path / "file"
    measure = Measure("sha256", False)
    with path.open("wb+") as file:
        measure.watch(file.fileno(), 5)
        file.write(BODY)
        file.flush()
        measure.grown(len(BODY))
    assert measure.finish(len(BODY)).nar_hash == nar_hash(path)[0]
    measure.close()


def test_it_ends_without_a_finish(tmp_path: Path) -> None:
    measure = Measure("sha256", False)
    with (tmp_path / "file").open("wb+") as file:
        measure.watch(file.fileno(), None)
        file.write(BODY)
        file.flush()
        measure.grown(len(BODY))
        measure.close()
        measure.close()
