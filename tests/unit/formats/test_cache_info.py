"""nix-cache-info files."""

import pytest

from imagetools.formats.cache_info import CacheInfo
from imagetools.formats.fields import FieldsError
from imagetools.formats.store_path import StoreDir

STORE = StoreDir()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n", CacheInfo(STORE, True, 40)),
        ("StoreDir: /nix/store\n", CacheInfo(STORE)),
        ("StoreDir: /gnu/store\nPriority: -1\n", CacheInfo(StoreDir("/gnu/store"), False, -1)),
    ],
)
def test_both_ways(text: str, value: CacheInfo) -> None:
    assert CacheInfo.parse(text) == value
    assert str(value) == text


def test_unknown_fields_are_skipped() -> None:
    assert CacheInfo.parse("Motd: hi\nStoreDir: /nix/store\nWantMassQuery: 0\n") == CacheInfo(STORE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "StoreDir missing"),
        ("StoreDir: store\n", "path 'store' cannot be a store directory: it must be absolute and canonical at line 1"),
        ("StoreDir: /nix/store\nPriority: high\n", "invalid Priority at line 2"),
        ("StoreDir: /nix/store", "expecting '\\n' at line 1"),
        ("<html>\n", "expecting ':' at line 1"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(FieldsError) as caught:
        CacheInfo.parse(text, "http://c/nix-cache-info")
    assert caught.value.message == f"binary cache info file 'http://c/nix-cache-info' is corrupt: {reason}"
