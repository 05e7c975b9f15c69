"""narinfo files: both ways, and the sentence for each kind of damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.content_address import ContentAddress
from imagetools.formats.fields import FieldsError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.signing import SecretKey
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import Hash, digest

STORE = StoreDir()
NAR = digest("sha256", b"nar")
SIGNATURE = str(SecretKey.from_seed("k-1", bytes(32)).sign("x"))
A, B, DRV = StorePath(bytes(20), "a"), StorePath(b"\xff" * 20, "b"), StorePath(b"\x01" * 20, "a.drv")

TEXT = f"""\
StorePath: /nix/store/{A}
URL: nar/x.nar.xz
Compression: xz
FileHash: {digest("sha256", b"file").nix()}
FileSize: 99
NarHash: {NAR.nix()}
NarSize: 120
References: {A} {B}
Deriver: {DRV}
Sig: {SIGNATURE}
CA: fixed:r:{NAR.nix()}
"""

FULL = NarInfo(
    info=PathInfo(
        A, NAR, 120, (A, B), deriver=DRV, signatures=(SIGNATURE,), content_address=ContentAddress("nar", NAR)
    ),
    url="nar/x.nar.xz",
    compression="xz",
    file_hash=digest("sha256", b"file"),
    file_size=99,
    store_dir=STORE,
)  # fmt: skip


def test_both_ways() -> None:
    assert NarInfo.parse(TEXT, STORE) == FULL
    assert str(FULL) == TEXT


def test_the_least_that_is_needed() -> None:
    text = f"StorePath: /nix/store/{A}\nURL: x\nNarHash: {NAR.sri()}\nNarSize: 1\nUnknown: y\nDeriver: unknown-deriver\nCA: \n"
    found = NarInfo.parse(text, STORE)
    assert found == NarInfo(PathInfo(A, NAR, 1), "x", "bzip2", None, None, STORE)
    assert str(found) == (
        f"StorePath: /nix/store/{A}\nURL: x\nCompression: bzip2\nNarHash: {NAR.nix()}\nNarSize: 1\nReferences: \n"
    )


@given(
    st.integers(1, 2**63 - 1),
    st.sets(st.sampled_from([A, B, DRV])),
    st.one_of(st.none(), st.just(DRV)),
    st.one_of(st.none(), st.integers(1, 2**40)),
    st.sampled_from([(), (SIGNATURE,)]),
)
def test_values_come_back(
    size: int, references: set[StorePath], deriver: StorePath | None, file_size: int | None, signatures: tuple[str, ...]
) -> None:
    info = PathInfo(A, NAR, size, tuple(references), deriver=deriver, signatures=signatures)
    value = FULL._replace(info=info, file_size=file_size)
    assert NarInfo.parse(str(value), STORE) == value


def without(name: str) -> str:
    return "".join(line for line in TEXT.splitlines(True) if not line.startswith(name + ":"))


REFUSED = {
    "no path": (without("StorePath"), "StorePath missing"),
    "no url": (without("URL"), "URL missing"),
    "no hash": (without("NarHash"), "NarHash missing"),
    "no size": (without("NarSize"), "NarSize missing"),
    "empty": ("", "StorePath missing"),
    "size zero": (TEXT.replace("NarSize: 120", "NarSize: 0"), "NarSize missing or zero"),
    "size negative": (TEXT.replace("NarSize: 120", "NarSize: -1"), "invalid NarSize at line 7"),
    "size with sign": (TEXT.replace("NarSize: 120", "NarSize: +1"), "invalid NarSize at line 7"),
    "size of file": (TEXT.replace("FileSize: 99", "FileSize: many"), "invalid FileSize at line 5"),
    "bad hash": (TEXT.replace(NAR.nix(), "sha256:abc", 1), "bad hash at line 6"),
    "bare hash": (TEXT.replace(NAR.nix(), NAR.base32(), 1), "bad hash at line 6"),
    "other hash": (TEXT.replace(NAR.nix(), Hash.zero("sha1").nix(), 1), "NarHash is sha1, not sha256 at line 6"),
    "no colon": (TEXT + "junk\n", "expecting ':' at line 12"),
    "no end of line": (TEXT[:-1], "expecting '\\n' at line 11"),
    "references twice": (TEXT + "References: \n", "extra References at line 12"),
    "address twice": (TEXT + "CA: \n", "extra CA at line 12"),
    "path twice": (TEXT + f"StorePath: /nix/store/{B}\n", "extra StorePath at line 12"),
    "other store": (
        TEXT.replace("/nix/store", "/gnu/store"),
        f"path '/gnu/store/{A}' is not in the store directory '/nix/store' at line 1",
    ),
    "full reference": (TEXT.replace(f" {B}", f" /nix/store/{B}"), None),
    "bad signature": (TEXT.replace(SIGNATURE, "junk"), "signature is corrupt: it must have the form 'name:base64' at line 10"),
    "bad address": (TEXT.replace("fixed:r", "fluid:r"), None),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused(case: str) -> None:
    text, reason = REFUSED[case]
    with pytest.raises(FieldsError) as caught:
        NarInfo.parse(text, STORE, "http://c/x.narinfo")
    assert caught.value.message.startswith("NAR info file 'http://c/x.narinfo' is corrupt: ")
    if reason is not None:
        assert caught.value.message == f"NAR info file 'http://c/x.narinfo' is corrupt: {reason}"


@given(st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.text(alphabet=": \n-0xAüSig", max_size=4))
    try:
        found = NarInfo.parse(TEXT[:at] + put + TEXT[at + cut :], STORE)
    except FieldsError:
        return
    assert NarInfo.parse(str(found), STORE) == found
