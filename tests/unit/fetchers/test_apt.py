from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt

SHOW = """Package: busybox-static
Version: 1:1.35.0-4
Architecture: amd64
Description: tools
 Version: not this one
Filename: pool/main/b/x.deb
SHA256: 3d3f

Package: busybox-static
Status: install ok installed
Version: 1:1.0
Architecture: amd64

Package: busybox-static
Version: 1:1.30
Architecture: amd64
Filename: pool/y.deb
SHA256: 00
"""


def test_stanzas() -> None:
    assert [(found.version, found.sha256) for found in apt.parse_show(SHOW)] == [("1:1.35.0-4", "3d3f"), ("1:1.30", "00")]
    assert list(apt.parse_show("")) == []


def test_spelling() -> None:
    assert apt.wanted("bash", "5-1", "amd64") == "bash:amd64=5-1"
    assert apt.wanted("netbase", "6", "all") == "netbase=6"
    assert apt.file_name("busybox", "1:1.35-4+b1", "amd64") == "busybox_1.35-4+b1_amd64.deb"
    assert apt.file_name("bash", "5-1", "amd64") == "bash_5-1_amd64.deb"


@pytest.mark.parametrize(
    ("names", "known"),
    [([], False), (["lock", "partial"], False), (["x_InRelease"], False), (["x_main_binary-amd64_Packages.lz4"], True)],
)
def test_whether_there_are_lists(tmp_path: Path, names: list[str], known: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert apt.has_lists(str(tmp_path)) is known
    assert not apt.has_lists(str(tmp_path / "missing"))


def test_everything_apt_writes_is_private(tmp_path: Path) -> None:
    private = str(tmp_path / "apt")
    apt.prepare(private)
    text = " ".join(apt.options(private))
    assert f"Dir::State={private}/state" in text
    assert f"Dir::Cache={private}/cache" in text
    assert (tmp_path / "apt/cache/archives/partial").is_dir()


def test_the_environment_is_small() -> None:
    env = apt.environment("/p", {"http_proxy": "http://p", "HOME": "/root", "LD_PRELOAD": "x", "no_proxy": ""})
    assert env == {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LC_ALL": "C",
        "HOME": "/p",
        "TMPDIR": "/p/tmp",
        "http_proxy": "http://p",
    }
