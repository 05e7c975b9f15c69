"""mkBinaryCache against real Nix: it substitutes from what we wrote (row 2.111), unsigned and signed, in every compression."""

from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix, run
from tests.oracle.packages import Furnish
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

DEFINITION = """
with import <nixpkgs> { };
rec {
  library = writeText "library" "code";
  program = writeShellScriptBin "program" "cat ${library}";
  cache = compression: mkBinaryCache { rootPaths = [ program ]; inherit compression; };
  none = cache "none";
  xz = cache "xz";
  zstd = cache "zstd";
}
"""


def built(home: Path, attribute: str) -> Path:
    (home / "definition.nix").write_text(DEFINITION)
    done = imagetools("build", "definition.nix", "-A", attribute, "--no-out-link", home=home)
    return Path(done.stdout.strip())


@pytest.mark.parametrize("compression", ["none", "xz", "zstd"])
def test_nix_substitutes_from_it(tmp_path: Path, furnish: Furnish, compression: str) -> None:
    need("nix-store")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    cache = built(furnish(ours), compression)
    program = built(ours, "program")
    recipe = ["--option", "require-sigs", "false"]
    for name in ("trusted-substituters", "substituters"):
        recipe += ["--option", name, f"file://{cache}"]
    done = nix("nix-store", "--realise", f"/nix/store/{program.name}", *recipe, root=theirs)
    assert done.stdout.strip() == f"/nix/store/{program.name}"
    nix("nix-store", "--verify", "--check-contents", root=theirs)
    same = run(["diff", "-r", str(program), f"{theirs}/nix/store/{program.name}"], cwd=tmp_path)
    assert same.stdout == ""
    closure = nix("nix-store", "--query", "--requisites", f"/nix/store/{program.name}", root=theirs).stdout.split()
    names = {path.name for path in cache.glob("*.narinfo")}
    assert names == {f"{Path(path).name[:32]}.narinfo" for path in closure}
    strict = tmp_path / "strict"
    strict.mkdir()
    refused = nix("nix-store", "--realise", f"/nix/store/{program.name}", *recipe[3:], root=strict, check=False)
    assert refused.returncode != 0
    assert "trusted-public-keys" in refused.stderr


def test_the_same_bytes_for_another_user_and_time(tmp_path: Path, furnish: Furnish) -> None:
    need("diff")
    first, second = tmp_path / "first", tmp_path / "second"
    for home in (first, second):
        home.mkdir()
    (second / "definition.nix").write_text(DEFINITION)
    one, two = built(furnish(first), "zstd"), built(furnish.archives(second, "definition.nix", "-A", "zstd"), "zstd")
    assert one.name == two.name
    assert run(["diff", "-r", str(one), str(two)], cwd=tmp_path).stdout == ""
