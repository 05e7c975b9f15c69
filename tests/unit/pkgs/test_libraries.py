"""The libraries of the set, for both architectures that are locked; what an AppImage gets by default."""

import json
from pathlib import Path

import pytest

from imagetools.pkgs.lock import read_lock
from tests.unit.pkgs.evaluate import failures, run, values

LIST = """
let
  pkgs = import <nixpkgs> { system = "SYSTEM"; };
  libraries = import (<nixpkgs> + "/libraries.nix") { inherit (pkgs) lib; debian = name: { inherit name; outPath = name; }; };
  names = builtins.filter (name: name != "xorg") (builtins.attrNames libraries);
in
{
  top = map (name: builtins.seq pkgs.${name}.drvPath pkgs.${name}.pname) names;
  xorg = map (name: builtins.seq pkgs.xorg.${name}.drvPath pkgs.xorg.${name}.pname) (builtins.attrNames libraries.xorg);
  default = map (one: one.pname) (pkgs.appimageTools.defaultFhsEnvArgs.multiPkgs pkgs);
  image = (pkgs.appimageTools.wrapType2 { name = "x"; src = pkgs.emptyFile; }).drvPath;
}
"""


@pytest.mark.parametrize("system", ["x86_64-linux", "aarch64-linux"])
def test_every_library_is_locked(tmp_path: Path, system: str) -> None:
    done = run("eval", "--strict", "--json", "-E", LIST.replace("SYSTEM", system), home=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"glibc", "zlib", "libstdcxx", "libGL"} <= set(found["top"])
    assert {"libX11", "libxcb"} <= set(found["xorg"])
    assert set(found["default"]) <= {*found["top"], *found["xorg"]}
    assert found["image"].endswith("-x.drv")


def test_versions_and_needs(tmp_path: Path) -> None:
    lock = read_lock()
    version = lock["zlib1g"]["amd64"].version.partition(":")[2]
    asked = {
        "pkgs.zlib.version": version,
        "pkgs.zlib.meta.description": "Debian's zlib1g",
        "map (one: one.pname) pkgs.xorg.libXcursor.needs": ["libX11", "libXfixes", "libXrender"],
        "pkgs.stdenv.cc.cc.lib.pname": "libstdcxx",
        "pkgs.stdenv.cc.libc.pname": "glibc",
        "pkgs.glibc.bin.pname": "glibc-bin",
    }
    assert values(list(asked), tmp_path) == asked


def test_refusals(tmp_path: Path) -> None:
    said = failures(
        [
            "(pkgs.buildFHSEnv { name = 1; }).drvPath",
            '(pkgs.buildFHSEnv { name = "x"; targetPkgs = pkgs: [ pkgs.no-such-thing ]; }).drvPath',
            '(pkgs.appimageTools.wrapAppImage { pname = "x"; src = pkgs.emptyDirectory; }).drvPath',
            '(pkgs.buildFHSEnv { name = "x"; targetPkgs = [ ]; }).drvPath',
        ],
        tmp_path,
    )
    first, second, third, fourth = said.values()
    assert "buildFHSEnv: the argument 'name' must be a string, but it is a int" in first
    assert "no-such-thing" in second
    assert "appimageTools.wrapAppImage: name, or pname and version, must be given" in third
    assert "buildFHSEnv (for 'x'): the argument 'targetPkgs' must be a function of the package set" in fourth
