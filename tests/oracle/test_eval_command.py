"""``imagetools eval`` and ``instantiate`` take the arguments of nix-instantiate and print what it prints."""

import json
import re
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

FILE = """
{ a ? 1, b ? "two", ... }@args:
{
  sum = a + 1;
  text = "${b}\\n\\"quoted\\" \\${x} caf\u00e9";
  nested = { list = [ 1 2.5 true null ./rel <known> (x: x) { deep = [ { } ]; } ]; "odd name" = 1; "a.b" = 2; };
  lazy = [ (1 + 1) (throw "never") ];
  f = { c ? 3, a }: c + a;
  drv = derivation { name = "d"; system = "x86_64-linux"; builder = "/bin/sh"; inherit a; };
  inherit args;
  path = ./folder/../x;
  builtin = map;
  partial = map (x: x);
  float = 1.0e10;
  functor = { __functor = self: { z ? 9 }: z; };
}
"""

CASES = [
    ["default.nix", "-A", "sum"],
    ["-A", "sum", "-A", "text"],
    ["-A", "sum", "--arg", "a", "40 + 1"],
    ["-A", "text", "--argstr", "b", 'with "quotes" and ${dollar}'],
    ["-A", "nested"],
    ["-A", "nested", "--strict"],
    ["-A", 'nested."odd name"'],
    ["-A", 'nested."a.b"'],
    ["-A", "nested.list.1"],
    ["-A", "nested.list.7.deep.0"],
    ["-A", "nested.list.4"],
    ["-A", "lazy.0"],
    ["-A", "lazy"],
    ["-A", "f"],
    ["-A", "f", "--arg", "a", "10"],
    ["-A", "args", "--arg", "a", "1", "--argstr", "other", "x", "--strict"],
    ["-A", "drv.outPath"],
    ["-A", "drv.drvPath"],
    ["-A", "drv.type", "--json"],
    ["-A", "path"],
    ["-A", "builtin"],
    ["-A", "partial"],
    ["-A", "float"],
    ["-A", "functor"],
    ["-A", "functor", "--strict"],
    ["-A", "nested.list.5", "--json"],
    ["-A", "drv", "--json", "--strict"],
    ["-A", "text", "--json"],
    ["-A", "sum", "--json", "--strict"],
    ["."],
    ["-E", "1 + 1"],
    ["-E", "1", "2", "[ 3 (1 + 3) ]", "--strict"],
    ["-E", "{ x ? 5 }: x"],
    ["-E", "import ./default.nix { }", "-A", "sum"],
    ["-E", "(import <known>).answer"],
    ["other.nix", "default.nix", "-A", "sum"],
    ["-E", "builtins.typeOf <known>"],
    ["-E", '"a\\tb\\r\\n$x \\${y}"'],
    ["-E", "(-0.0)"],
    ["-E", "1.0e-20"],
    ["-E", "9223372036854775807"],
    ["-E", "{ a = 1; b.c = x: x; }"],
    ["-E", "{ a = 1; b.c = { d = [ ]; }; }", "--strict"],
    ["-E", "rec { a = { inherit a; }; }", "--strict"],
    ["-E", "let x = [ x ]; in x", "--strict"],
]

FAILING = [
    ["-A", "missing"],
    ["-A", "sum.deeper"],
    ["-A", "nested.list.99"],
    ["-A", "nested.list.x"],
    ["-A", "f", "--arg", "c", "1"],
    ["-A", "lazy", "--strict"],
    ["-A", "nested", "--json"],
    ["-E", "1 +"],
    ["-E", "x"],
    ["-E", "<unknown>"],
    ["missing.nix"],
    ["-E", "abort ''no''"],
    ["--arg", "a", "1 +", "-A", "sum"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("nix-instantiate")
    (tmp_path / "default.nix").write_text(FILE)
    (tmp_path / "other.nix").write_text("{ sum = 100; }")
    (tmp_path / "known.nix").write_text("{ answer = 42; }")
    (tmp_path / "rel").write_text("x")
    return tmp_path


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_the_same_output(words: list[str], folder: Path) -> None:
    include = ["-I", f"known={folder}/known.nix"]
    theirs = nix("nix-instantiate", "--eval", *include, *words, root=folder)
    ours = imagetools("eval", *include, *words, home=folder, nix_path="")
    if "--json" in words:
        assert ours.stdout == theirs.stdout + "\n"  # which Nix prints since 2.9
        return
    assert ours.stdout == theirs.stdout


@pytest.mark.parametrize("words", FAILING, ids=" ".join)
def test_both_fail(words: list[str], folder: Path) -> None:
    theirs = nix("nix-instantiate", "--eval", *words, root=folder, check=False)
    ours = imagetools("eval", *words, home=folder, check=False)
    assert theirs.returncode == 1
    assert ours.returncode == 1
    assert ours.stdout == ""
    assert ours.stderr.startswith("error: ")
    assert "internal error" not in ours.stderr


@pytest.mark.parametrize(
    "words", [["-A", "drv"], ["-E", "(import ./default.nix { }).drv"], ["-A", "drv", "--arg", "a", "7"]], ids=" ".join
)
def test_instantiate_prints_the_same(words: list[str], folder: Path) -> None:
    theirs = nix("nix-instantiate", *words, root=folder)
    assert imagetools("instantiate", *words, home=folder).stdout == theirs.stdout


def test_standard_input(folder: Path) -> None:
    assert imagetools("eval", "-", home=folder, stdin=b"1 + 2").stdout == "3\n"


def test_raw_and_parse(folder: Path) -> None:
    assert imagetools("eval", "--raw", "-E", '"a\\nb"', home=folder).stdout == "a\nb"
    text = "{ a, b ? 1 }: with a; [ (x + b) ] ++ c"
    ours = imagetools("eval", "--parse", "-E", text, home=folder).stdout
    assert ours == nix("nix-instantiate", "--parse", "-E", text, root=folder).stdout
    assert (
        imagetools("eval", "--parse", "-E", "a", home=folder, check=False).stderr
        == nix("nix-instantiate", "--parse", "-E", "a", root=folder, check=False).stderr
    )


def test_nothing_is_written_without_being_asked_to(folder: Path) -> None:
    imagetools("eval", "-A", "drv.drvPath", home=folder)
    assert not (folder / ".local/share/imagetools/nix/store").exists()
    drv = json.loads(imagetools("eval", "--json", "--read-write-mode", "-A", "drv.drvPath", home=folder).stdout)
    assert (folder / ".local/share/imagetools" / drv[1:]).exists()


def test_lock_shows_what_would_change(folder: Path) -> None:
    need("apt-get")
    lines = imagetools("pkgs", "lock", "--dry-run", home=folder).stdout.splitlines()
    changed = any(line.startswith("busybox-static (amd64): ") for line in lines)
    assert changed or any(re.fullmatch(r"\d+ of \d+ are current", line) for line in lines)


@pytest.mark.parametrize("place", [".config/nixpkgs/config.nix", ".nixpkgs/config.nix"])
def test_the_user_s_own_configuration(place: str, tmp_path: Path) -> None:
    """Row 3.060, and packageOverrides in it; an explicit ``config`` wins."""
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(
        "{ pkgs, ... }: { mine = 7; packageOverrides = super: { bash = super.bash // { extra = 1; }; }; }"
    )

    def value(text: str) -> str:
        return imagetools("eval", "-E", text, home=tmp_path).stdout.strip()

    assert value("(import <nixpkgs> { }).config.mine") == "7"
    assert value("(import <nixpkgs> { }).bash.extra") == "1"
    assert value("(import <nixpkgs> { config = { }; }).config") == "{ }"
    assert value("(import <nixpkgs> { config = { }; }).bash.extra or 0") == "0"
