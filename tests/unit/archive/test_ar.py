import pytest

from imagetools.archive.ar import deb_data, read_ar
from imagetools.archive.stream import ArchiveError, ByteStream
from imagetools.archive.tarball import read_tar
from tests.unit.archive.tapes import COMPRESSIONS, ar, deb, file, tape

TAPE = tape(file(b"./bin/x", b"program", 0o755))


def members(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(member.name, member.body.read(member.size)) for member in read_ar(ByteStream.of_chunks([data]))]


def files(data: bytes) -> list[bytes]:
    return [member.name for tar in deb_data(ByteStream.of_chunks([data])) for member in read_tar(tar)]


def test_members_and_padding() -> None:
    assert members(ar([(b"a/", b"odd"), (b"b", b"even"), (b"c", b"")])) == [(b"a", b"odd"), (b"b", b"even"), (b"c", b"")]


def test_bodies_left_alone_are_skipped() -> None:
    assert [member.name for member in read_ar(ByteStream.of_chunks([ar([(b"a", b"odd"), (b"b", b"x")])]))] == [b"a", b"b"]


@pytest.mark.parametrize("kind", [kind for kind in COMPRESSIONS if kind != "lzma"])
def test_packages_of_every_compression(kind: str) -> None:
    assert files(deb(TAPE, b"data.tar." + kind.encode(), COMPRESSIONS[kind])) == [b"./bin/x"]


GOOD = deb(TAPE)
BAD = {
    "empty": (b"", "its magic number is missing"),
    "no ar": (b"<html>hello</html>", "its magic number is missing"),
    "cut in a header": (GOOD[:100], "ends early"),
    "cut in the data": (GOOD[:-40], "ends early"),
    "header end": (GOOD.replace(b"`\n", b"\n`", 1), "damaged member header"),
    "size": (ar([(b"a", b"x")]).replace(b"1         `", b"-1        `"), "damaged member header"),
    "no debian-binary": (ar([(b"control.tar.gz", b""), (b"data.tar", TAPE)]), "does not begin with debian-binary"),
    "version 3": (ar([(b"debian-binary", b"3.0\n"), (b"data.tar", TAPE)]), "does not begin with debian-binary"),
    "no data": (ar([(b"debian-binary", b"2.0\n"), (b"control.tar", b"")]), "has no data.tar"),
    "two data": (ar([(b"debian-binary", b"2.0\n"), (b"data.tar", TAPE), (b"data.tar.gz", TAPE)]), "more than one data.tar"),
    "stranger": (ar([(b"debian-binary", b"2.0\n"), (b"evil", b""), (b"data.tar", TAPE)]), "unexpected member 'evil'"),
}


@pytest.mark.parametrize("case", BAD)
def test_must_reject(case: str) -> None:
    data, reason = BAD[case]
    with pytest.raises(ArchiveError, match=reason):
        files(data)
