"""Looking after a store."""

import os
from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.store.disk import delete_tree
from imagetools.store.local import LocalStore
from imagetools.store.verify import verify
from tests.unit.store.trees import SAMPLE, make


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path / "R"))


def test_a_good_store_has_no_problems(store: LocalStore, tmp_path: Path) -> None:
    make(tmp_path / "t", SAMPLE)
    paths = [store.add_source(str(tmp_path / "t"), "t"), store.add_text("x", b"")]
    seen: list[StorePath] = []
    assert verify(store, check_contents=True, on_path=seen.append) == []
    assert seen == sorted(paths)


def test_what_is_gone_or_changed_is_named(store: LocalStore) -> None:
    gone, changed, odd, good = (store.add_text(name, b"x") for name in ("gone", "changed", "odd", "good"))
    delete_tree(store.real_path(gone))
    delete_tree(store.real_path(odd))
    os.mkfifo(store.real_path(odd))
    os.chmod(store.real_path(changed), 0o644)
    Path(store.real_path(changed)).write_bytes(b"y")
    assert [problem.path for problem in verify(store)] == [gone]
    found = {problem.path: str(problem) for problem in verify(store, check_contents=True)}
    assert set(found) == {gone, changed, odd}
    assert good not in found
    assert found[gone] == f"path '/nix/store/{gone.base_name}' disappeared, but it is still valid"
    assert found[changed].startswith(f"path '/nix/store/{changed.base_name}' was modified! expected hash 'sha256:")
    assert "is a fifo" in found[odd]
