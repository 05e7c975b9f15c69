from pathlib import Path

import pytest

from imagetools.builtin.api import MissingAttributeError
from imagetools.bundled.builders.trivial.symlink_join import JoinPathError, SymlinkJoin
from tests.unit.builders.linking import context, package, shown


def build(folder: Path, *paths: str, **env: object) -> None:
    SymlinkJoin().build(context(folder, "symlinkjoin", {"paths": list(paths), "failOnMissing": True, **env}))


def test_folders_are_real_and_files_are_links(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!x", "bin/sh": "-> x", "share/doc/a": "a"})
    b = package(tmp_path / "p", "b", {"bin/y": "!y", "bin/x": "!other", "empty/f": "f"})
    build(tmp_path, a, b)
    assert shown(tmp_path / "out", tmp_path / "p") == {
        "bin": "dir",
        "bin/x": "-> a/bin/x",
        "bin/sh": "-> x",
        "bin/y": "-> b/bin/y",
        "share": "dir",
        "share/doc": "dir",
        "share/doc/a": "-> a/share/doc/a",
        "empty": "dir",
        "empty/f": "-> b/empty/f",
    }


def test_a_path_that_is_itself_a_link(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!x"})
    link = package(tmp_path / "p", "link", {"bin": f"-> {a}/bin"}) + "/bin"
    build(tmp_path, link)
    assert shown(tmp_path / "out", tmp_path / "p") == {"x": "-> link/bin/x"}


def test_a_folder_on_a_link(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"real/f": "f", "d": "-> real"})
    b = package(tmp_path / "p", "b", {"d/g": "g"})
    with pytest.raises(JoinPathError) as caught:
        build(tmp_path, a, b)
    assert caught.value.message == f"symlinkJoin: '{b}/d' is a folder, but an earlier path has a file or a link of that name"


def test_missing_paths(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"f": "f"})
    with pytest.raises(JoinPathError, match="does not exist"):
        build(tmp_path, a + "/missing")
    (tmp_path / "two").mkdir()
    build(tmp_path / "two", a + "/missing", failOnMissing=False)
    (tmp_path / "three").mkdir()
    with pytest.raises(JoinPathError, match="is a file, not a folder"):
        build(tmp_path / "three", a + "/f")


def test_needs_paths(tmp_path: Path) -> None:
    with pytest.raises(MissingAttributeError):
        SymlinkJoin().build(context(tmp_path, "symlinkjoin", {}))
