import hashlib
import re
import shutil
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from imagetools.kernel.hashes import Hash
from imagetools.pkgs.lock import (
    LOCK_FILE,
    Change,
    Lock,
    Locked,
    LockError,
    apt_show,
    current,
    read_lock,
    renew,
    renew_file,
    told,
    write_lock,
)
from tests.unit.fetchers.repository import make_repository

SHA = "3d3fdbe91d4660c873e14b092c213fe81c1da6362daa236eb25d0171eb108744"
SRI = "sha256-PT/b6R1GYMhz4UsJLCE/6BwdpjYtqiNusl0BcesQh0Q="
OLD = Locked("1.0", "sha256-" + "A" * 43 + "=")


def show(package: str, architecture: str) -> str:
    if architecture != "amd64":
        return ""
    return f"Package: {package}\nVersion: 2:3.0\nArchitecture: amd64\nFilename: pool/x.deb\nSHA256: {SHA}\n\n"


def test_the_lock_of_the_product_is_whole() -> None:
    lock = read_lock()
    used = "".join(path.read_text() for path in sorted(LOCK_FILE.parent.glob("*.nix")))
    assert [package for package in lock if f'"{package}"' not in used] == []
    assert {"bash-static", "busybox-static", "ca-certificates", "libc6", "libstdc++6", "shellcheck"} <= set(lock)
    for entries in lock.values():
        assert set(entries) in ({"all"}, {"amd64", "arm64"})
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
    assert told(changes) == [
        "a (amd64): 1.0 → 2:3.0",
        "1 of 3 are current",
        "all 1 for arm64: not in this machine's package lists, so kept",
    ]
    assert told([Change("x", "amd64", OLD, None), Change("y", "amd64", OLD, OLD)]) == [
        "1 of 2 are current",
        "x for amd64: not in this machine's package lists, so kept",
    ]


def test_another_hash_for_the_same_version() -> None:
    assert str(Change("a", "amd64", OLD, Locked("1.0", SRI))) == "a (amd64): 1.0 has another hash now"


def test_only_that_package_counts() -> None:
    assert current("a", "amd64", lambda package, architecture: show("other", "amd64")) is None


SHOWN = f"""Package: multi
Version: 1.0
Architecture: amd64
Status: install ok installed
Description: only installed here, so it names no file

Package: multi
Version: 1.2~rc1-3
Architecture: arm64
Filename: pool/m/multi_1.2~rc1-3_arm64.deb
SHA256: {"0" * 64}

Package: multi
Version: 1.2-3
Architecture: amd64
Filename: pool/m/multi_1.2-3_amd64.deb
Description-en: text
 SHA256: not this one
SHA256: {SHA}
"""


def test_the_file(tmp_path: Path) -> None:
    """A lock that is renewed by what ``apt-cache show`` prints for one package; the second time nothing is left to do."""
    path = tmp_path / "lock.json"
    write_lock({"multi": {"amd64": OLD}, "data": {"all": OLD}}, path)
    before = path.read_bytes()

    def shown(package: str, architecture: str) -> str:
        return SHOWN if package == "multi" else ""

    said = ["data (all): 1.0 stays, this machine's package lists do not have it", "multi (amd64): 1.0 → 1.2-3"]
    assert [str(change) for change in renew_file(path, lambda _: shown, dry_run=True)] == said
    assert path.read_bytes() == before
    assert [str(change) for change in renew_file(path, lambda _: shown)] == said
    assert read_lock(path) == {"multi": {"amd64": Locked("1.2-3", SRI)}, "data": {"all": OLD}}
    assert str(renew_file(path, lambda _: shown)[1]) == "multi (amd64): 1.2-3 is current"


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get on this machine")
def test_through_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the host's own apt over a repository of ours."""
    repository = make_repository(tmp_path / "repository")
    own = apt.options
    monkeypatch.setattr(apt, "options", lambda private: own(private, repository.lists) + repository.options)
    monkeypatch.setattr(apt, "has_lists", lambda: True)
    path = tmp_path / "lock.json"
    write_lock({"sample": {"all": OLD}, "unknown": {"all": OLD}}, path)
    assert [str(change) for change in renew_file(path, apt_show)] == [
        "sample (all): 1.0 → 1:2.0-1+b1",
        "unknown (all): 1.0 stays, this machine's package lists do not have it",
    ]
    data = repository.packages["1:2.0-1+b1"]
    assert read_lock(path)["sample"]["all"].hash == Hash("sha256", hashlib.sha256(data).digest()).sri()


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "debian.json"
    write_lock(read_lock(), path)
    assert read_lock(path) == read_lock()
    assert [entry.name for entry in tmp_path.iterdir()] == ["debian.json"]
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
