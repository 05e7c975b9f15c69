"""docs/packages.md names what the embedded package set has, all of it and nothing else."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.oracle.commands import imagetools
from tests.unit.house.imports import ROOT

PAGE = (ROOT / "docs/packages.md").read_text()


def part(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def names(text: str) -> set[str]:
    """What stands between backticks and is a name."""
    return {*re.findall(r"`([A-Za-z][\w'-]*)`", text)}


def evaluated(text: str, home: Path) -> object:
    return json.loads(imagetools("eval", "--json", "--strict", "-E", f"with import <nixpkgs> {{ }}; {text}", home=home).stdout)


def test_every_name_of_the_set(tmp_path: Path) -> None:
    there = evaluated("builtins.attrNames pkgs", tmp_path)
    assert isinstance(there, list)
    listed = names(part("Arguments")) | names(part("Packages")) | names(part("Functions"))
    words = {"localSystem", "overlays", "crossSystem", "packageOverrides", "override", "overrideDerivation"}
    assert {*there} - listed == set()
    assert listed - {*there} == words


def test_what_is_only_in_other_sets_says_so(tmp_path: Path) -> None:
    (line,) = [line for line in part("Functions").splitlines() if line.startswith("| only in other sets")]
    for name in names(line):
        done = imagetools("eval", "-E", f'(import <nixpkgs> {{ }}).{name} "x" {{ }} "y"', home=tmp_path, check=False)
        assert "not part of the embedded package set" in done.stderr or "C compiler" in done.stderr, name


def test_lib(tmp_path: Path) -> None:
    lines = {line.split("|")[1].strip(): line.split("|")[2] for line in part("lib").splitlines() if line.startswith("|")}
    topics = re.findall(r"`lib\.([\w']+)`", lines["by topic"] + lines["also without the topic"])
    generators = names(lines["generators"]) | {"toINI"}
    missing = names(lines["not there"])
    assert len(topics) > 25 and len(generators) == 10 and len(missing) == 6
    has = {"lib": topics, "lib.generators": sorted(generators)}
    for attrs, wanted in has.items():
        assert evaluated(f"builtins.filter (n: !({attrs} ? ${{n}})) {as_list(wanted)}", tmp_path) == []
    assert evaluated(f"builtins.filter (n: lib ? ${{n}}) {as_list(sorted(missing))}", tmp_path) == []
    assert evaluated("(import <nixpkgs/lib>).version == lib.version", tmp_path) is True


def as_list(texts: Sequence[str]) -> str:
    return "[ " + " ".join(f'"{text}"' for text in texts) + " ]"
