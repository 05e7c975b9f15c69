"""The ledger of layers: what was recorded is found again, and nothing else is."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.image_io.compressors import codec
from imagetools.image_io.ledger import LayerFacts, LayerLedger, diff_id_key, recipe_key
from imagetools.kernel.hashes import Hash, digest

ONE = LayerFacts(digest("sha256", b"one"), 1024, {"gz 1": (digest("sha256", b"packed"), 77)})
HASHES = st.binary(min_size=32, max_size=32).map(lambda data: Hash("sha256", data))


def test_recorded_is_found(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path / "not" / "there"))
    assert ledger.find("key") is None
    ledger.record("key", ONE)
    assert ledger.find("key") == ONE
    assert ledger.find("other key") is None


@settings(max_examples=30)
@given(
    key=st.text(), diff_id=HASHES, size=st.integers(0, 2**63), blobs=st.dictionaries(st.text(), st.tuples(HASHES, st.integers(0)))
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, key: str, diff_id: Hash, size: int, blobs: dict[str, tuple[Hash, int]]
) -> None:
    ledger = LayerLedger(str(tmp_path_factory.mktemp("ledger")))
    facts = LayerFacts(diff_id, size, blobs)
    ledger.record(key, facts)
    assert ledger.find(key) == facts


def test_blobs_of_one_layer_come_together(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    ledger.record("key", ONE)
    zstd = {"zstd 1": (digest("sha256", b"other"), 55)}
    ledger.record("key", LayerFacts(ONE.diff_id, ONE.size, zstd))
    assert ledger.find("key") == LayerFacts(ONE.diff_id, ONE.size, {**ONE.blobs, **zstd})


def test_another_layer_replaces_it(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    ledger.record("key", ONE)
    other = LayerFacts(digest("sha256", b"two"), 2048)
    ledger.record("key", other)
    assert ledger.find("key") == other


def test_a_damaged_entry_is_none_and_is_replaced(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    ledger.record("key", ONE)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert ledger.find("key") is None
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert ledger.find("key") is None
    ledger.record("key", ONE)
    assert ledger.find("key") == ONE


def test_an_entry_under_a_strange_name_is_not_believed(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    ledger.record("key", ONE)
    ledger.record("other", LayerFacts(digest("sha256", b"two"), 2048))
    paths = sorted(tmp_path.iterdir())
    os.replace(paths[0], paths[1])
    assert ledger.find("key") is None or ledger.find("other") is None
    assert not (ledger.find("key") and ledger.find("other"))
    assert len(list(ledger.names())) == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere, ledger = LayerLedger(str(tmp_path / "elsewhere")), LayerLedger(str(tmp_path / "ledger"))
    elsewhere.record("key", ONE)
    (name,) = elsewhere.names()
    os.mkdir(ledger.folder)
    os.symlink(f"{elsewhere.folder}/{name}", f"{ledger.folder}/{name}")
    assert ledger.find("key") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ledger = LayerLedger(str(tmp_path / "file"))
    ledger.record("key", ONE)
    assert ledger.find("key") is None
    assert list(ledger.names()) == []
    ledger.tidy()


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LayerLedger(str(tmp_path)).record("key", ONE)
    ledger = LayerLedger("")
    ledger.record("other", ONE)
    ledger.tidy(0)
    assert (ledger.find("key"), list(ledger.names()), len(list(tmp_path.iterdir()))) == (None, [], 1)


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    for number in range(5):
        ledger.record("key", LayerFacts(ONE.diff_id, number))
    assert len(os.listdir(tmp_path)) == 1


def test_tidy_keeps_the_newest(tmp_path: Path) -> None:
    ledger = LayerLedger(str(tmp_path))
    for number in range(6):
        ledger.record(str(number), ONE)
    for name in ledger.names():
        os.utime(tmp_path / name, (1, 1))
    ledger.record("new", ONE)
    ledger.tidy(most=2)
    assert len(os.listdir(tmp_path)) == 2
    assert ledger.find("new") == ONE


def test_keys_tell_layers_apart() -> None:
    one, two = digest("sha256", b"one"), digest("sha256", b"two")
    keys = {
        recipe_key("store", 1, [one]),
        recipe_key("store", 2, [one]),
        recipe_key("store", 1, [two]),
        recipe_key("store", 1, []),
        recipe_key("other", 1, [one]),
        diff_id_key(one),
    }
    assert len(keys) == 6


def test_codecs_have_their_library_in_the_name() -> None:
    assert codec("none") == "none"
    assert codec("gz").startswith("gz isal-")
    assert codec("zstd").startswith("zstd zstd-")
    with pytest.raises(KeyError):
        codec("xz")
