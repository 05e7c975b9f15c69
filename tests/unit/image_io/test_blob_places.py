"""Where blobs were seen: the last places first, not too many, and a damaged file is none."""

from pathlib import Path

import pytest

from imagetools.image_io import blob_places
from imagetools.image_io.blob_places import BlobPlaces


def test_the_last_seen_come_first(tmp_path: Path) -> None:
    places = BlobPlaces(str(tmp_path / "places"))
    assert places.find("r:1") == {}
    for name in ("a", "b", "c", "d", "b"):
        places.record("r:1", name, ["x"])
    places.record("r:1", "a", ["y"])
    places.record("other", "z", ["x"])
    assert places.find("r:1") == {"x": ["b", "d", "c"], "y": ["a"]}
    assert places.find("other") == {"x": ["z"]}


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_places, "_MOST", 3)
    places = BlobPlaces(str(tmp_path))
    places.record("r", "a", ["1", "2", "3"])
    places.record("r", "b", ["1", "4"])
    assert places.find("r") == {"3": ["a"], "1": ["b", "a"], "4": ["b"]}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x": [1]}', "\0"])
def test_damage(tmp_path: Path, text: str) -> None:
    places = BlobPlaces(str(tmp_path))
    places.record("r", "a", ["x"])
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    assert places.find("r") == {}
    places.record("r", "a", ["x"])
    assert places.find("r") == {"x": ["a"]}


def test_nothing_changed_nothing_written(tmp_path: Path) -> None:
    places = BlobPlaces(str(tmp_path))
    places.record("r", "a", ["x", "y"])
    (file,) = tmp_path.iterdir()
    before = file.stat().st_ino
    places.record("r", "a", ["y"])
    assert file.stat().st_ino == before
    BlobPlaces("/proc/nothing").record("r", "a", ["x"])
