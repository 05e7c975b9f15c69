"""Path infos: the fingerprint text, and which paths need no signature."""

import pytest

from imagetools.formats import addressing
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.path_info import FingerprintError, PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import Hash, digest

STORE = StoreDir()
PATH = StorePath(bytes(20), "p")
OTHER = StorePath(b"\xff" * 20, "other")
NAR = digest("sha256", b"nar")


def test_fingerprint() -> None:
    info = PathInfo(PATH, NAR, 120, (OTHER, PATH))
    assert info.fingerprint(STORE) == (
        f"1;/nix/store/{'0' * 32}-p;sha256:{NAR.base32()};120;/nix/store/{'0' * 32}-p,/nix/store/{'z' * 32}-other"
    )
    assert PathInfo(PATH, NAR, 1).fingerprint(STORE).endswith(";1;")


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (PathInfo(PATH, NAR, 0), "its NAR size is not known"),
        (PathInfo(PATH, Hash.zero("sha1"), 9), "its NAR hash is sha1, not sha256"),
    ],
)
def test_what_cannot_be_signed(info: PathInfo, reason: str) -> None:
    with pytest.raises(FingerprintError) as caught:
        info.fingerprint(STORE)
    assert caught.value.message == f"cannot compute the fingerprint of '{PATH}': {reason}"


def test_references_are_sorted_and_none_twice() -> None:
    assert PathInfo(PATH, NAR, 1, (OTHER, PATH, OTHER)).references == (PATH, OTHER)


def test_signatures_are_added() -> None:
    info = PathInfo(PATH, NAR, 1, signatures=("b:1",)).with_signatures(["c:1", "a:1", "b:1"])
    assert info.signatures == ("a:1", "b:1", "c:1")


def test_content_addressed_paths_are_recognised() -> None:
    """Row 7.015."""
    text = ContentAddress("text", digest("sha256", b"x"))
    path = addressing.text_path(STORE, "t", b"x", [OTHER])
    assert PathInfo(path, NAR, 1, (OTHER,), content_address=text).is_content_addressed(STORE)
    assert not PathInfo(path, NAR, 1, (), content_address=text).is_content_addressed(STORE)
    assert not PathInfo(path, NAR, 1, (OTHER,)).is_content_addressed(STORE)
    assert not PathInfo(path, NAR, 1, (OTHER, path), content_address=text).is_content_addressed(STORE)
    itself = addressing.source_path(STORE, "s", NAR, [OTHER], True)
    assert PathInfo(itself, NAR, 1, (OTHER, itself), content_address=ContentAddress("nar", NAR)).is_content_addressed(STORE)
