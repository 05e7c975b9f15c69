"""builtin:fetchdeb against the host's own apt, with a repository of our own where the host's would be the network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.bundled.fetchers.fetchdeb import apt, fetch_deb
from imagetools.bundled.fetchers.fetchdeb.fetch_deb import DebDownloadError, FetchDeb, NoPackageListsError, VersionGoneError
from imagetools.net.http import HttpTransport
from tests.unit.fetchers.context import SmallContext
from tests.unit.fetchers.repository import Repository, make_repository

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get on this machine")
ENV = {"package": "sample", "version": "1:2.0-1+b1", "architecture": "all"}


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport()
    yield made
    made.close()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """apt's lists replaced by those of a local repository that has sample 1:2.0-1+b1 and 1:1.0-1."""
    made = make_repository(tmp_path / "repository")
    own = apt.options
    monkeypatch.setattr(apt, "options", lambda private: own(private, made.lists) + made.options)
    monkeypatch.setattr(fetch_deb, "_lists", lambda: made.lists)
    return made


def build(folder: Path, env: dict[str, str], transport: HttpTransport | None) -> SmallContext:
    ctx = SmallContext.below(folder, "fetchdeb", env, transport)
    FetchDeb().build(ctx)
    return ctx


@needs_apt
def test_a_package_by_version(repository: Repository, transport: HttpTransport, tmp_path: Path) -> None:
    build(tmp_path, ENV, transport)
    assert (tmp_path / "out").read_bytes() == repository.packages["1:2.0-1+b1"]


@needs_apt
def test_an_older_version(repository: Repository, transport: HttpTransport, tmp_path: Path) -> None:
    build(tmp_path, {**ENV, "version": "1:1.0-1"}, transport)
    assert (tmp_path / "out").read_bytes() == repository.packages["1:1.0-1"]


@needs_apt
def test_a_version_that_is_gone(repository: Repository, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(VersionGoneError) as caught:
        build(tmp_path, {**ENV, "version": "1:0.9-1"}, transport)
    assert caught.value.message == "apt has no version 1:0.9-1 of the Debian package 'sample' (all); it has 1:2.0-1+b1, 1:1.0-1"
    assert (
        caught.value.hint
        == "run `sudo apt-get update`, then `imagetools pkgs lock` to renew the lock of the embedded package set"
    )


@needs_apt
def test_an_unknown_package(repository: Repository, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(VersionGoneError) as caught:
        build(tmp_path, {**ENV, "package": "unknown", "architecture": "hurd-i386"}, transport)
    assert (
        caught.value.message
        == "apt has no version 1:2.0-1+b1 of the Debian package 'unknown' (hurd-i386); it knows no such package"
    )
    assert "sudo dpkg --add-architecture hurd-i386" in (caught.value.hint or "")
    with pytest.raises(VersionGoneError) as caught:
        build(tmp_path, {**ENV, "package": "unknown"}, transport)
    assert caught.value.hint == "run `sudo apt-get update` on this machine, then try again"


@needs_apt
def test_a_mirror_that_has_moved_on(repository: Repository, transport: HttpTransport, tmp_path: Path) -> None:
    repository.lose("1:2.0-1+b1")
    with pytest.raises(DebDownloadError) as caught:
        build(tmp_path, ENV, transport)
    assert caught.value.message == "apt could not download version 1:2.0-1+b1 of the Debian package 'sample'"
    assert "apt-get update" in (caught.value.hint or "")
    assert not (tmp_path / "out").exists()


def test_a_bare_machine(transport: HttpTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/usr/bin/apt-get"):
        pytest.skip("no apt-get on this machine")
    monkeypatch.setattr(fetch_deb, "_lists", lambda: str(tmp_path))
    with pytest.raises(NoPackageListsError) as caught:
        build(tmp_path, ENV, transport)
    assert caught.value.message == "apt has no package lists on this machine, so it cannot find the Debian package 'sample'"
    assert caught.value.hint == "run `sudo apt-get update` on this machine, then try again"


@pytest.mark.parametrize("key", ["package", "version", "architecture"])
@pytest.mark.parametrize("value", ["", "-o", "a b", "a=b", "a/b"])
def test_must_reject(key: str, value: str, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(BuiltinError if value else MissingAttributeError):
        build(tmp_path, {**ENV, key: value}, transport)


def test_needs_a_fixed_output(tmp_path: Path) -> None:
    with pytest.raises(NoNetworkError):
        build(tmp_path, ENV, None)
