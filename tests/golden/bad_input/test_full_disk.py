"""A disk that is really full while something is built, added or evaluated: a small tmpfs in a mount namespace of our own."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.golden.bad_input.case import normalised
from tests.golden.bad_input.command import argv_for
from tests.unit.image_io.layouts import Layout, layer_tar

ROOT = os.geteuid() == 0
UNSHARE = ["unshare", "--mount", *([] if ROOT else ["--user", "--map-root-user"])]
AGAIN = [] if ROOT else ["unshare", "--user", "--map-user=1000", "--map-group=1000"]  # an ordinary user, as before
MOUNT = ["sh", "-c", 'mount -t tmpfs -o size="$1"k tmpfs "$0" && shift && exec "$@"']
BUILD = """derivation {
  name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
  args = [ "-c" "head -c 100000000 /dev/zero > $out" ];
}"""
HINT = "\n       free some space there, then run the command again; nothing was lost\n"
ADD = 'derivation { name = "x"; system = "s"; builder = "b"; src = ./large; }'


def said(folder: Path, kilobytes: int, *words: str) -> "tuple[int, str]":
    """Exit code and standard error of a command on a disk of so many KiB, which is ``folder/disk``."""
    disk = folder / "disk"
    disk.mkdir()
    mount = [*UNSHARE, *MOUNT, str(disk), str(kilobytes)]
    if subprocess.run([*mount, *AGAIN, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespaces for this user")
    argv = [*mount, *AGAIN, *argv_for(*words)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return done.returncode, normalised(done.stderr, folder)


def test_a_builder_fills_it(tmp_path: Path) -> None:
    assert said(tmp_path, 16384, "build", "-E", BUILD, "--store", "disk") == (
        1,
        "this derivation will be built:\n"
        "  /nix/store/HASH-x.drv\n"
        "building '/nix/store/HASH-x.drv'...\n"
        "head: error writing 'standard output': No space left on device\n"
        "error: builder for '/nix/store/HASH-x.drv' failed with exit code 1;\n"
        "       last 1 log lines:\n"
        "       > head: error writing 'standard output': No space left on device\n"
        "       For full logs, run 'imagetools log /nix/store/HASH-x.drv'.\n"
        "       note: build failure may have been caused by lack of free disk space\n",
    )


def test_a_source_fills_it(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (20 << 20))
    assert said(tmp_path, 16384, "build", "-E", ADD, "--store", "disk") == (
        1,
        "error: cannot write '/work/disk/nix/store/HASH-imagetools-tmp-N/1': No space left on device\n" + HINT,
    )


def test_the_database_does_not_fit(tmp_path: Path) -> None:
    code, error = said(tmp_path, 64, "build", "-E", BUILD, "--store", "disk")
    assert code == 1
    assert error.startswith("error: cannot write '/work/disk/nix/var/nix/db/")
    assert error.endswith("': No space left on device\n" + HINT)


@pytest.mark.parametrize("target", ["docker-archive:disk/x.tar", "oci-archive:disk/x.tar", "oci:disk/x"])
def test_an_image_does_not_fit(target: str, tmp_path: Path) -> None:
    image = Layout()
    image.index(image.image([layer_tar("n") + os.urandom(100_000)])).write(tmp_path / "image")
    place = target.partition(":")[2]
    expected = f"error: cannot write '{place}': No space left on device\n{HINT}"
    assert said(tmp_path, 16, "image", "copy", "--quiet", "oci:image", target) == (1, expected)


def test_half_a_key_is_not_left(tmp_path: Path) -> None:
    """Where no file may have a byte, as on a disk that is full; writing again then makes the whole."""
    argv = ["sh", "-c", 'ulimit -f 0; exec "$@"', "-", *argv_for("key", "generate", "k", "secret", "public")]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "error: cannot write 'secret': File too large\n")
    assert list(tmp_path.iterdir()) == []
