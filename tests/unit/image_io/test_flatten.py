"""What layers make together: whiteouts, opaque folders, hard links, links in the way, and what is refused."""

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from imagetools.image.descriptor import Platform
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.base_image import open_base
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import PlainSink
from imagetools.image_io.flatten_tar import Flattened

from .archives import archive, file, folder, hard, image, info, link, tar

Layer = Sequence[Any]


def flat(tmp_path: Path, *layers: Layer, packed: bool = False) -> tuple[list[tarfile.TarInfo], dict[str, bytes]]:
    """The members of the tar, and the bytes of its files by name."""
    tars = [tar(*members) for members in layers]
    (tmp_path / "base").write_bytes(archive(image(tars, stored=[gzip.compress(data) if packed else data for data in tars])))
    out = io.BytesIO()
    with (
        open_base(str(tmp_path / "base"), str(tmp_path), Platform("linux", "amd64")) as base,
        BlockStream(PlainSink(out)) as stream,
    ):
        Flattened(base).write(stream)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as made:
        members = made.getmembers()
        bodies = {}
        for member in members:
            body = made.extractfile(member) if member.isfile() or member.islnk() else None
            if body is not None:
                bodies[member.name] = body.read()
    seen: set[str] = {"."}
    for member in members:  # whoever unpacks it has each folder, and what a hard link means, beforehand
        assert (member.name.rpartition("/")[0] or ".") in seen
        assert not member.islnk() or member.linkname in seen
        seen.add(member.name)
    assert len(seen) == len(members)
    return members, bodies


def names(tmp_path: Path, *layers: Layer) -> list[str]:
    return sorted(member.name for member in flat(tmp_path, *layers)[0])


@pytest.mark.parametrize("packed", [False, True])
def test_upper_layers_win(tmp_path: Path, packed: bool) -> None:
    lower = [folder("./"), folder("a", 0o700, uid=5), file("a/x", b"lower"), file("a/y", b"y"), folder("b"), file("b/z")]
    upper = [folder("a", 0o1777, gid=6), file("a/x", b"upper"), link("b", "a")]
    members, bodies = flat(tmp_path, lower, upper, packed=packed)
    assert [member.name for member in members] == [".", "a", "a/y", "a/x", "b"]
    assert bodies == {"a/y": b"y", "a/x": b"upper"}
    found = {member.name: member for member in members}
    assert (found["a"].mode, found["a"].uid, found["a"].gid, found["a"].gname) == (0o1777, 0, 6, "")
    assert found["b"].linkname == "a"
    assert {member.mtime for member in members} == {1}


def test_whiteouts(tmp_path: Path) -> None:
    lower = [folder("a"), file("a/x"), file("a/y"), file("b"), folder("c"), file("c/d"), link("l", "a")]
    assert names(tmp_path, lower, [file(".wh.b"), file("a/.wh.x")]) == [".", "a", "a/y", "c", "c/d", "l"]
    assert names(tmp_path, lower, [file(".wh.a"), folder("a"), file("a/new")]) == [".", "a", "a/new", "b", "c", "c/d", "l"]
    assert names(tmp_path, lower, [folder("a"), file("a/new"), file(".wh.a")]) == [".", "a", "a/new", "b", "c", "c/d", "l"]
    assert names(tmp_path, lower, [file("l/.wh.x"), file(".wh.nothing"), file("no/.wh.x")])[1:4] == ["a", "a/x", "a/y"]
    assert names(tmp_path, lower, [file("a/.wh..wh..opq"), file("a/z")]) == [".", "a", "a/z", "b", "c", "c/d", "l"]
    assert names(tmp_path, lower, [folder("a"), file("a/z"), file("a/.wh..wh..opq")])[1:3] == ["a", "a/z"]
    assert names(tmp_path, lower, [file(".wh..wh..opq"), file("new")]) == [".", "new"]
    assert names(tmp_path, [file(".wh..wh.plnk"), file(".wh..wh.aufs"), file("x")]) == [".", "x"]
    assert names(tmp_path, lower, [file(".wh.a")], [folder("a"), file("a/x")])[1:3] == ["a", "a/x"]


def test_hard_links(tmp_path: Path) -> None:
    lower = [file("m", b"content"), hard("z", "m"), hard("a", "z"), file("other", b"o")]
    members, bodies = flat(tmp_path, lower)
    kinds = {member.name: (member.isfile() and not member.islnk(), member.linkname) for member in members if member.name != "."}
    assert kinds == {"a": (True, ""), "m": (False, "a"), "z": (False, "a"), "other": (True, "")}
    assert bodies == {"a": b"content", "m": b"content", "z": b"content", "other": b"o"}
    members, bodies = flat(tmp_path, lower, [file(".wh.a"), file(".wh.m"), file("m", b"new")])
    assert bodies == {"m": b"new", "z": b"content", "other": b"o"}
    assert not any(member.islnk() for member in members)
    _, bodies = flat(tmp_path, lower, [hard("upper", "/other"), hard("upper", "./upper")])
    assert bodies["upper"] == b"o"


def test_a_hard_link_to_a_link(tmp_path: Path) -> None:
    members, _ = flat(tmp_path, [link("a", "target"), hard("b", "a")])
    assert [(member.name, member.issym(), member.linkname) for member in members[1:]] == [
        ("a", True, "target"),
        ("b", True, "target"),
    ]


def test_what_no_folder_was_named_for(tmp_path: Path) -> None:
    members, _ = flat(tmp_path, [folder("a", 0o700), link("bin", "usr/bin")], [file("a/b/c/d"), file("bin/x")])
    found = {member.name: oct(member.mode) for member in members if member.isdir()}
    assert found == {".": "0o755", "a": "0o700", "a/b": "0o755", "a/b/c": "0o755", "bin": "0o755"}


def test_links_of_the_same_layer_are_followed(tmp_path: Path) -> None:
    """As a process in the image would, which no link leads out of it."""
    layer = [folder("usr"), folder("usr/bin"), link("bin", "/usr/bin"), file("bin/x"), link("up", "../../.."), file("up/etc/y")]
    assert names(tmp_path, layer) == [".", "bin", "etc", "etc/y", "up", "usr", "usr/bin", "usr/bin/x"]
    layer = [link("a", "b"), link("b", "a"), file("a/x")]
    with pytest.raises(BrokenImageError, match="the name 'a' goes through too many links"):
        names(tmp_path, layer)


def test_all_that_a_header_says_stays(tmp_path: Path) -> None:
    layer = [
        file("setuid", b"x", mode=0o6755, uid=1_000_000_000_000, gid=7),
        file("capable", b"y", pax_headers={"SCHILY.xattr.security.capability": "\x01\x02"}),
        info("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        info("disk", tarfile.BLKTYPE, devmajor=8, devminor=300),
        info("pipe", tarfile.FIFOTYPE),
        file("n" * 200 + "/" + "m" * 200),
        link("long", "t" * 300),
    ]
    members, _ = flat(tmp_path, layer)
    found = {member.name: member for member in members}
    assert (found["setuid"].mode, found["setuid"].uid, found["setuid"].gid) == (0o6755, 1_000_000_000_000, 7)
    assert found["capable"].pax_headers["SCHILY.xattr.security.capability"] == "\x01\x02"
    assert (found["null"].ischr(), found["null"].devmajor, found["null"].devminor, found["null"].mode) == (True, 1, 3, 0o666)
    assert (found["disk"].isblk(), found["disk"].devmajor, found["disk"].devminor) == (True, 8, 300)
    assert found["pipe"].isfifo() and found["long"].linkname == "t" * 300
    assert "n" * 200 + "/" + "m" * 200 in found


def test_a_later_member_of_one_name_wins(tmp_path: Path) -> None:
    _, bodies = flat(tmp_path, [file("x", b"1"), file("x", b"2"), folder("y"), file("y/z"), file("y", b"3")])
    assert bodies == {"x": b"2", "y": b"3"}


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ([hard("x", "nothing")], "the member 'x' is a hard link to 'nothing', which is not in the image"),
        ([hard("x", "/")], "the member 'x' is a hard link to '/', which is not in the image"),
        ([folder("d"), hard("x", "d")], "the member 'x' is a hard link to 'd', which is a folder"),
        ([link("./", "/etc")], "the image's root is no folder in it"),
    ],
)
def test_what_is_refused(tmp_path: Path, layer: Layer, reason: str) -> None:
    with pytest.raises(BrokenImageError) as caught:
        names(tmp_path, layer)
    assert caught.value.reason == reason


def test_many_names(tmp_path: Path) -> None:
    depth = "/".join(["d"] * 1000)
    assert f"{depth}/x" in names(tmp_path, [file(f"{depth}/x")])


def test_the_header_of_a_hard_link_counts(tmp_path: Path) -> None:
    """As in Docker."""
    members, _ = flat(tmp_path, [file("x", b"1", mode=0o600), hard("y", "x", mode=0o4755, uid=3, gid=4)])
    assert [(member.mode, member.uid, member.gid) for member in members[1:]] == [(0o4755, 3, 4)] * 2
