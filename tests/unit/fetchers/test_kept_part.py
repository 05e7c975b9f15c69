"""What is kept of a download, and what of it is believed later."""

import json
import os
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.kept_part import KeptPart, NoRoomError
from imagetools.net.ports import Part

URL = "https://me:s3cret@h/x?token=s3cret"


def opened(folder: Path) -> KeptPart:
    return KeptPart(str(folder), URL, "https://h/x", lambda text: None)


def leave(folder: Path, data: bytes, part: Part) -> None:
    """A download that breaks."""
    with pytest.raises(KeyboardInterrupt), opened(folder) as file:
        file.begun(part)
        file(data)
        raise KeyboardInterrupt


def test_what_came_is_there_again(tmp_path: Path) -> None:
    leave(tmp_path, b"abc", Part(0, 9, '"v"', "yesterday"))
    assert "s3cret" not in "".join(path.name + path.read_text() for path in tmp_path.iterdir())
    with opened(tmp_path) as file:
        assert file.part == Part(3, 9, '"v"', "yesterday")
        file(b"def")
        file.finish(str(tmp_path / "out"), 0o755)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"abcdef"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("part", [Part(0), Part(0, 9), Part(0, 9, 'W/"weak"')])
def test_what_nobody_vouches_for_is_not_kept(tmp_path: Path, part: Part) -> None:
    leave(tmp_path, b"abc", part)
    assert list(tmp_path.iterdir()) == []


def test_nothing_came(tmp_path: Path) -> None:
    leave(tmp_path, b"", Part(0, 9, '"v"'))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "notes",
    [
        None,
        "",
        "{",
        "[1]",
        "{}",
        "[9, 1, null]",
        '["9", "\\"v\\"", null]',
        "[true, null, null]",
        "[2, \"'v'\", null]",
        "[9, null, null]",
        '[9, "a\\r\\nb", null]',
    ],
)
def test_notes_that_make_no_sense(tmp_path: Path, notes: str | None) -> None:
    leave(tmp_path, b"abc", Part(0, 9, '"v"'))
    path = next(path for path in tmp_path.iterdir() if path.suffix == ".json")
    if notes is None:
        path.unlink()
    else:
        path.write_text(notes)
    with opened(tmp_path) as file:
        assert file.part is None
        assert os.fstat(file.fileno()).st_size == 0


def test_links_are_not_followed(tmp_path: Path) -> None:
    leave(tmp_path, b"abc", Part(0, 9, '"v"'))
    part, notes = sorted(tmp_path.iterdir(), key=lambda path: path.suffix, reverse=True)
    target = tmp_path / "elsewhere"
    target.write_text(json.dumps([9, '"v"', None]))
    notes.unlink()
    notes.symlink_to(target)
    with opened(tmp_path) as file:
        assert file.part is None
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        opened(tmp_path)
    assert target.read_text() == json.dumps([9, '"v"', None])


def test_one_url_one_part(tmp_path: Path) -> None:
    leave(tmp_path, b"abc", Part(0, 9, '"v"'))
    with KeptPart(str(tmp_path), "https://other/x", "https://other/x", lambda text: None) as file:
        assert file.part is None


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError) as caught, opened(tmp_path) as file:
        file.begun(Part(0, 1 << 60, '"v"'))
    assert caught.value.message.startswith(f"cannot download 'https://h/x': its {1 << 60} bytes do not fit on the disk, where ")
    with pytest.raises(NoRoomError, match="it does not fit on the disk"), opened(tmp_path) as file:
        file.begun(Part(0, None, '"v"'))
        file(b"abc")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
