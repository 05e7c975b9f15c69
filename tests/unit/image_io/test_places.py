"""How a place is written, and what is refused by name."""

from pathlib import Path

import pytest

from imagetools.image_io.places import Place, PlaceError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("result", ("", "result", None)),
        ("./a:b", ("", "./a:b", None)),
        ("oci:dir", ("oci", "dir", None)),
        ("oci:/a/dir:1.0", ("oci", "/a/dir", "1.0")),
        ("oci:dir:host:5000/a/b:1", ("oci", "dir", "host:5000/a/b:1")),
        ("oci-archive:x.tar:latest", ("oci-archive", "x.tar", "latest")),
        ("docker-archive:x.tar", ("docker-archive", "x.tar", None)),
        ("docker-archive:x.tar:a/b:1", ("docker-archive", "x.tar", "a/b:1")),
        ("docker-daemon:hello:1", ("docker-daemon", "", "hello:1")),
        ("docker-daemon:", ("docker-daemon", "", None)),
        ("docker://alpine", ("docker", "", "alpine")),
        ("docker://localhost:5000/a/b:1", ("docker", "", "localhost:5000/a/b:1")),
    ],
)
def test_places(text: str, expected: tuple[str, str, str | None]) -> None:
    place = Place.parse(text)
    assert (place.kind, place.path, place.name) == expected


def test_what_exists_is_taken_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("oci:dir", "a:b.tar"):
        Path(name).touch()
    assert Place.parse("oci:dir").path == "oci:dir"
    assert Place.parse("docker-archive:a:b.tar") == Place("docker-archive", "a:b.tar", None, "docker-archive:a:b.tar")


@pytest.mark.parametrize(
    "text",
    ["", "oci:", "oci::tag", "containers-storage:x", "what:ever", "docker-daemon://x", "docker:alpine", "https://h/x"],
)
def test_no_places(text: str) -> None:
    with pytest.raises(PlaceError):
        Place.parse(text)
