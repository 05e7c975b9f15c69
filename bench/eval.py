"""Evaluation beside ``nix-instantiate --eval``: CPU seconds, start-up and exit included, and peak memory.

Six small shapes and, where ``IMAGETOOLS_NIXPKGS`` names a nixpkgs tree, real packages and a NixOS system.

The parse cache is warm (each command runs once before it is measured) except where a line says otherwise; records of
evaluations are used only in the last lines.
"""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import Cost, once
from imagetools.app.settings import PACKAGE
from imagetools.app.version import version_text

ROUNDS = 5
SHAPES = {
    "calls": "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 30",
    "foldl'": "builtins.foldl' (a: x: a + x * 2) 0 (builtins.genList (x: x) 3000000)",
    "fixed point with overlays": """
      let
        fix = f: let x = f x; in x;
        extends = f: rattrs: self: let super = rattrs self; in super // f self super;
        base = self: { n = 1; a = self.n + 1; b = self.a + 1; };
        overlay = i: self: super: { n = super.n + i; "p${toString i}" = self.a + self.b; };
        all = builtins.foldl' (acc: i: extends (overlay i) acc) base (builtins.genList (x: x) 1500);
        pkgs = fix all;
      in builtins.foldl' (acc: name: acc + pkgs.${name}) 0 (builtins.attrNames pkgs)""",
    "strings": """
      let
        line = i: "line ${toString i}: ${builtins.substring 0 5 (toString (i * 7919))}\\n";
        text = builtins.concatStringsSep "" (builtins.genList line 200000);
        words = builtins.filter builtins.isString (builtins.split "\\n" text);
      in builtins.foldl' (acc: w: acc + builtins.stringLength (builtins.replaceStrings [ "1" "2" ] [ "one" "two" ] w)) 0 words""",
    "module merge": """
      let
        names = builtins.genList (i: "opt${toString i}") 200;
        option = m: n: { name = n; value = { enable = m > 3; list = [ m n ]; nested.${n} = m; }; };
        module = m: builtins.listToAttrs (map (option m) names);
        modules = builtins.genList module 200;
        merge = n: vs: {
          enable = builtins.any (v: v.enable) vs;
          list = builtins.concatLists (map (v: v.list) vs);
          nested = builtins.foldl' (a: v: a // v.nested) { } vs;
        };
        merged = builtins.listToAttrs (map (n: { name = n; value = merge n (map (m: m.${n}) modules); }) names);
      in builtins.stringLength (builtins.toJSON merged)""",
    "deep recursion": """
      let f = n: if n == 0 then 0 else 1 + f (n - 1);
      in builtins.foldl' (a: i: a + f 9000) 0 (builtins.genList (x: x) 150)""",
}
LIBRARY = """
  let
    lib = import {0}/pkgs/lib;
    numbers = map toString (lib.range 1 3000);
    item = n: {{ name = "item-${{n}}"; size = lib.toInt n; nested.deep.value = [ n (lib.toUpper "x${{n}}") ]; }};
    attrs = lib.genAttrs numbers item;
    group = n: v: {{ "g${{toString (lib.mod v.size 30)}}".${{n}} = v; }};
    merged = builtins.foldl' lib.recursiveUpdate {{ }} (lib.mapAttrsToList group attrs);
    small = lib.filterAttrs (n: v: lib.hasSuffix "7" n) attrs;
    sorted = lib.sort (a: b: a.size > b.size) (lib.attrValues attrs);
    text = lib.concatMapStringsSep "," (v: lib.escapeShellArg v.name) sorted;
    ini = lib.generators.toINI {{ }} (lib.mapAttrs (n: v: {{ inherit (v) name size; }}) small);
    overlays = map (i: self: super: {{ n = super.n + i; }}) (lib.range 1 300);
    over = lib.fix (lib.extends (lib.composeManyExtensions overlays) (self: {{ n = 0; }}));
  in builtins.stringLength (lib.generators.toPretty {{ }} merged + builtins.toJSON merged + ini + text) + over.n
"""
PACKAGES = {
    "nixpkgs hello": "(import {0} {{ config = {{ }}; overlays = [ ]; }}).hello.drvPath",
    "nixpkgs firefox": "(import {0} {{ config = {{ }}; overlays = [ ]; }}).firefox.drvPath",
    "NixOS minimal system": """(import {0}/nixos {{
        configuration = {{ fileSystems."/".device = "/dev/sda1"; boot.loader.grub.device = "/dev/sda"; }};
        system = "x86_64-linux";
      }}).system.drvPath""",
}


def line(title: str, text: str, environment: Mapping[str, str], rounds: int = ROUNDS, cold: bool = False) -> None:
    """Measure one expression on both sides, in turn; one line of the table."""
    ours = [sys.executable, "-m", "imagetools", "eval", "--no-eval-cache", "-E", text]
    theirs = ["nix-instantiate", "--eval", "-E", text]
    if not cold:
        once(ours, environment)
    mine: list[Cost] = []
    peer: list[Cost] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as empty:
            mine.append(once(ours, {**environment, "XDG_CACHE_HOME": empty} if cold else environment))
        if shutil.which(theirs[0]):
            peer.append(once(theirs, environment))
    own = middle(mine)
    print(f"{title:<32} {own.cpu:7.2f} s CPU {own.memory / 1024:5.0f} MB   ", end="")
    if not peer:
        print("(no peer installed)")
        return
    other = middle(peer)
    ratios = f"ratio {own.cpu / other.cpu:5.2f}   wall {own.wall / other.wall:5.2f}   memory {own.memory / other.memory:5.2f}"
    print(f"nix-instantiate {other.cpu:6.2f} s {other.memory / 1024:5.0f} MB   {ratios}")


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each number."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median_high(cost.memory for cost in costs),
    )


def from_record(title: str, text: str, environment: Mapping[str, str], rounds: int = ROUNDS) -> None:
    """Measure an evaluation that has not changed: wall clock, the whole command."""
    ours = [sys.executable, "-m", "imagetools", "eval", "-E", text]
    once(ours, environment)
    mine = statistics.median(once(ours, environment).wall for _ in range(rounds))
    print(f"{title + ', from its record':<40} {mine:7.3f} s", end="")
    if shutil.which("nix-instantiate"):
        peer = statistics.median(once(["nix-instantiate", "--eval", "-E", text], environment).wall for _ in range(rounds))
        print(f"   nix-instantiate {peer:6.3f} s   ratio {mine / peer:5.2f}", end="")
    print()


def main() -> None:
    """Print the table."""
    print(version_text())
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "NIX_PATH": ""}
        for title, text in SHAPES.items():
            line(title, text, environment)
        library = LIBRARY.format(PACKAGE)
        line("lib", library, environment)
        line("lib, no cache", library, environment, cold=True)
        tree = os.environ.get("IMAGETOOLS_NIXPKGS")
        if not tree:
            print("IMAGETOOLS_NIXPKGS names no nixpkgs tree: real packages are left out")
            return
        place = str(Path(tree).resolve())
        for title, text in PACKAGES.items():
            line(title, text.format(place), environment, rounds=3)
        line("nixpkgs hello, no cache", PACKAGES["nixpkgs hello"].format(place), environment, rounds=3, cold=True)
        for title in ("nixpkgs hello", "NixOS minimal system"):
            from_record(title, PACKAGES[title].format(place), environment)


if __name__ == "__main__":
    main()
