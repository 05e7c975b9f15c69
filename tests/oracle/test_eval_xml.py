"""``imagetools eval --xml`` byte for byte beside ``nix-instantiate --eval --xml`` (row 5.128)."""

from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

FILE = """rec {
  a = 1; b = x: x; c = { q, z ? 1, ... }@args: q; d = [ 1 (1 + 1) "s" ./x ({ a }: a) ({ }@b: b) ];
  f = map; g = map b; h = null; i = 1.5; t = true; n = -3; p = ./rel; j = 1 + 1;
  "k\\"<&>'" = "l\\n\\t\\r\\"é <&>";
  m = { inherit a; nested.deep.er = b; }; ${"dyn" + "amic"} = 2; emptySet = { }; emptyList = [ ];
  forced = if a == 1 then { x = [ ]; y = z: z; } else 2;
}
"""
DERIVATIONS = """rec {
  d = derivation { name = "n"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; };
  l = [ d d { inherit d; } d.dev ];
  almost = { type = "derivation"; name = "x"; };
  typed = { type = "other"; };
}
"""
TEXTS = ["x: x", "{ a, ... }: a", "1 + 1", "[ 1 [ ] ]", "null", '"a${"b"}"', "builtins.mapAttrs (n: v: v) { a = 2; }"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("nix-instantiate")
    (tmp_path / "default.nix").write_text(FILE)
    (tmp_path / "derivations.nix").write_text(DERIVATIONS)
    return tmp_path


def both(folder: Path, *words: str) -> tuple[str, str]:
    ours = imagetools("eval", "--xml", *words, home=folder).stdout
    return ours, nix("nix-instantiate", "--eval", "--xml", *words, root=folder).stdout


@pytest.mark.parametrize("words", [[], ["-A", "forced"], ["-A", "b"], ["-A", "a", "-A", "i"]], ids=" ".join)
@pytest.mark.parametrize("options", [[], ["--strict"]], ids=" ".join)
def test_with_places(words: list[str], options: list[str], folder: Path) -> None:
    # 2.8 puts an inherited attribute right behind the keyword, current Nix and imagetools where its name stands
    ours, theirs = both(folder, "default.nix", *words, *options)
    assert ours == theirs.replace('<attr column="16" line="5" name="a"', '<attr column="17" line="5" name="a"')


@pytest.mark.parametrize("options", [[], ["--strict"]], ids=" ".join)
def test_derivations_without_places(options: list[str], folder: Path) -> None:
    ours, theirs = both(folder, "derivations.nix", "--no-location", *options)
    assert ours == theirs


def test_texts_have_no_path(folder: Path) -> None:
    for text in TEXTS:
        ours, theirs = both(folder, "--no-location", "-E", text, "--strict")
        assert ours == theirs
    ours = imagetools("eval", "--xml", "-E", "{ a = 1; }", home=folder).stdout
    assert '    <attr column="3" line="1" name="a">\n' in ours  # 2.8 takes the text for a path


def test_one_format_at_a_time(folder: Path) -> None:
    done = imagetools("eval", "--xml", "--json", "-E", "1", home=folder, check=False)
    assert (done.returncode, done.stderr.strip()) == (2, "error: --json, --raw and --xml exclude each other")
