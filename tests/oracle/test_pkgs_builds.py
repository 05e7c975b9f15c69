"""The shell parts of the set built by us and by real Nix: the same output paths with the same contents.

Real Nix cannot run our builtin builders, so both get the unpacked busybox and bash as plain sources.
"""

from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.pkgs.evaluate import PACKAGE

pytestmark = pytest.mark.oracle

DEFINITION = Path(__file__).with_name("pkgs_builds.nix")


def test_the_same_contents(tmp_path: Path) -> None:
    need("nix-build", "nix-store")
    if not apt.has_lists():
        pytest.skip("apt has no package lists on this machine: run apt-get update")
    ours = tmp_path / "ours"
    theirs = tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    sources = "let pkgs = import <nixpkgs> { }; in [ (pkgs.bash.tree) pkgs.sandboxShell ]"
    bash, busybox = imagetools("build", "--no-out-link", "-E", sources, home=ours).stdout.split()
    words = [str(DEFINITION), "--argstr", "bash", bash, "--argstr", "busybox", busybox, "--no-out-link"]

    built = imagetools("build", *words, "--print-logical", home=ours).stdout.split()
    options = ("--option", "sandbox", "false", "--option", "substitute", "false")
    expected = nix("nix-build", *words, *options, root=theirs, nix_path=f"nixpkgs={PACKAGE}/pkgs").stdout.split()
    assert [Path(path).name for path in built] == [Path(path).name for path in expected]

    root = next(path for path in (ours / ".local/share/imagetools", ours / "imagetools") if path.exists())
    hashes = [nix("nix-store", "-q", "--hash", *built, root=place).stdout.split() for place in (root, theirs)]
    assert hashes[0] == hashes[1]
