"""A disk that is really full: a small tmpfs in a mount namespace of our own."""

import subprocess
import sys
from pathlib import Path

import pytest

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]

SCRIPT = """
import os, sys
from imagetools.store.disk import DiskFullError
from imagetools.store.local import LocalStore
from imagetools.store.verify import verify

disk = sys.argv[1]
source = sys.argv[2]

def refused(add):
    try:
        add()
    except DiskFullError as error:
        assert "No space left on device" in error.message, error.message
        assert error.retryable and error.hint
        return
    raise SystemExit("no DiskFullError")

with LocalStore(disk + "/R") as store:
    before = store.add_text("before", b"before")
    refused(lambda: store.add_source(source, "large"))
    assert store.all_paths() == [before]
    ballast = open(disk + "/ballast", "wb", buffering=0)
    try:
        while True:
            ballast.write(b"x" * 4096)
    except OSError:
        pass
    ballast.close()
    refused(lambda: [store.add_text(f"t{n}", b"x" * 9000) for n in range(1000)])
    valid = store.all_paths()
    assert before in valid
    assert verify(store, check_contents=True) == []
    os.unlink(disk + "/ballast")
    store.add_text("after", b"y" * 9000)
    assert verify(store, check_contents=True) == []
with LocalStore(disk + "/R") as store:
    assert set(valid) < set(store.all_paths())
    left = set(os.listdir(store.layout.store)) - {path.base_name for path in store.all_paths()}
    assert left == {".links"}, left
print("good")
"""


LOG = """
import sys
from imagetools.formats.store_path import StorePath
from imagetools.store.local import LocalStore

disk = sys.argv[1]
drv = StorePath(bytes(20), "x.drv")
with LocalStore(disk + "/R") as store:
    log = store.open_log(drv)
    log.write(b"begin\\n")
    with open(disk + "/ballast", "wb", buffering=0) as ballast:
        try:
            while ballast.write(b"x" * 4096):
                pass
        except OSError:
            pass
    log.write(b"y" * 100_000)
    log.write(b"end\\n")
    log.close()
    text = store.read_log(drv)
    assert text.startswith(b"begin\\n") and not text.endswith(b"end\\n"), text[-100:]
print("good")
"""


def on_a_small_disk(tmp_path: Path, script: str, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python script with an empty disk of 12 MB as its first argument."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["sh", "-c", 'mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"', str(disk)]
    if subprocess.run([*UNSHARE, *mount, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespaces for this user")
    argv = [*UNSHARE, *mount, sys.executable, "-c", script, str(disk), *args]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_no_space_left(tmp_path: Path) -> None:
    with open(tmp_path / "large", "wb") as file:
        file.write(b"x" * (6 << 20))
    done = on_a_small_disk(tmp_path, SCRIPT, str(tmp_path / "large"))
    assert (done.stdout, done.returncode) == ("good\n", 0), done.stderr


def test_a_log_is_cut_short(tmp_path: Path) -> None:
    done = on_a_small_disk(tmp_path, LOG)
    assert (done.stdout, done.returncode) == ("good\n", 0), done.stderr
