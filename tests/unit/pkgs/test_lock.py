import re
from pathlib import Path

import pytest

from imagetools.kernel.hashes import Hash
from imagetools.pkgs.lock import Change, Lock, Locked, LockError, current, read_lock, renew, write_lock

SHA = "3d3fdbe91d4660c873e14b092c213fe81c1da6362daa236eb25d0171eb108744"
SRI = "sha256-PT/b6R1GYMhz4UsJLCE/6BwdpjYtqiNusl0BcesQh0Q="
OLD = Locked("1.0", "sha256-" + "A" * 43 + "=")


def show(package: str, architecture: str) -> str:
    if architecture != "amd64":
        return ""
    return f"Package: {package}\nVersion: 2:3.0\nArchitecture: amd64\nFilename: pool/x.deb\nSHA256: {SHA}\n\n"


def test_the_lock_of_the_product_is_whole() -> None:
    lock = read_lock()
    assert set(lock) == {"bash-static", "busybox-static"}
    for entries in lock.values():
        assert "amd64" in entries
        for entry in entries.values():
            assert Hash.parse(entry.hash).sri() == entry.hash
            assert re.fullmatch(r"([0-9]+:)?[0-9][0-9A-Za-z.+~-]*", entry.version)


def test_renewal() -> None:
    lock: Lock = {"a": {"amd64": OLD, "arm64": OLD}, "b": {"amd64": Locked("2:3.0", SRI)}}
    renewed, changes = renew(lock, show)
    assert renewed == {"a": {"amd64": Locked("2:3.0", SRI), "arm64": OLD}, "b": {"amd64": Locked("2:3.0", SRI)}}
    assert [str(change) for change in changes] == [
        "a (amd64): 1.0 → 2:3.0",
        "a (arm64): 1.0 stays, this machine's package lists do not have it",
        "b (amd64): 2:3.0 is current",
    ]
    assert [change.differs for change in changes] == [True, False, False]


def test_another_hash_for_the_same_version() -> None:
    assert str(Change("a", "amd64", OLD, Locked("1.0", SRI))) == "a (amd64): 1.0 has another hash now"


def test_only_that_package_counts() -> None:
    assert current("a", "amd64", lambda package, architecture: show("other", "amd64")) is None


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "debian.json"
    write_lock(read_lock(), path)
    assert read_lock(path) == read_lock()
    assert [entry.name for entry in tmp_path.iterdir()] == ["debian.json"]
    from imagetools.pkgs.lock import LOCK_FILE

    assert path.read_bytes() == LOCK_FILE.read_bytes()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": {"a": {"amd64": {}}}}', '{"packages": []}'])
def test_must_reject(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    with pytest.raises(LockError, match="is not in the form"):
        read_lock(tmp_path / "lock")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="cannot be written"):
        write_lock({}, tmp_path / "missing" / "lock")
    with pytest.raises(LockError, match="cannot be read"):
        read_lock(tmp_path / "missing")
