"""What was fetched is remembered: whole or not at all, and without the request itself."""

import os
import threading
from pathlib import Path

import pytest

from imagetools.net.fetch_cache import Entry, FetchCache, Info

REQUEST: Info = {"type": "file", "url": "https://ann:s3cret@example.org/x", "name": "x"}
ENTRY = Entry("/nix/store/x", {"etag": '"\xe4"', "lastModified": 7, "deep": True}, 1000, False)


def test_what_was_added_is_found(tmp_path: Path) -> None:
    cache = FetchCache(str(tmp_path / "new/folder"))
    assert cache.find(REQUEST) is None
    cache.add(REQUEST, ENTRY)
    assert FetchCache(str(tmp_path / "new/folder")).find(REQUEST) == ENTRY
    assert cache.find({**REQUEST, "name": "y"}) is None
    later = Entry("/nix/store/y", {}, 2000, True)
    cache.add(REQUEST, later)
    assert cache.find(REQUEST) == later


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    cache = FetchCache(str(tmp_path))
    cache.add(REQUEST, ENTRY)
    with cache.lock(REQUEST):
        pass
    for place, _, files in os.walk(tmp_path):
        for name in files:
            assert "s3cret" not in name
            assert b"s3cret" not in Path(place, name).read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"version": 2, "path": "/x", "info": {}, "made": 1, "locked": true}',
        b'{"version": 1}',
    ],
)
def test_a_damaged_entry_is_no_entry(content: bytes, tmp_path: Path) -> None:
    cache = FetchCache(str(tmp_path))
    cache.add(REQUEST, ENTRY)
    (file,) = tmp_path.glob("entries/*/*.json")
    file.write_bytes(content)
    assert cache.find(REQUEST) is None
    cache.add(REQUEST, ENTRY)
    assert cache.find(REQUEST) == ENTRY


@pytest.mark.parametrize(
    ("locked", "ttl", "now", "fresh"),
    [(False, 10, 1009, True), (False, 10, 1010, True), (False, 10, 1011, False), (False, 0, 1000, False), (True, 0, 9999, True)],
)
def test_freshness(locked: bool, ttl: int, now: int, fresh: bool) -> None:
    assert Entry("/nix/store/x", {}, 1000, locked).fresh(ttl, now) is fresh


def test_texts_and_numbers() -> None:
    assert (ENTRY.text("etag"), ENTRY.text("lastModified"), ENTRY.text("none")) == ('"\xe4"', "", "")
    assert (ENTRY.number("lastModified"), ENTRY.number("etag"), ENTRY.number("none")) == (7, 0, 0)


def test_a_folder_that_cannot_be_written_forgets(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    cache = FetchCache(str(tmp_path / "cache"))
    cache.add(REQUEST, ENTRY)
    with cache.lock(REQUEST):
        assert cache.find(REQUEST) is None


def test_a_lock_excludes(tmp_path: Path) -> None:
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.set()
        with FetchCache(str(tmp_path)).lock(REQUEST):
            order.append("second")

    with FetchCache(str(tmp_path)).lock(REQUEST):
        thread = threading.Thread(target=second)
        thread.start()
        assert entered.wait(10)
        with FetchCache(str(tmp_path)).lock({"type": "other"}):
            order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
