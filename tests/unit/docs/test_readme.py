"""README.md is what people see first: what it shows is what they get, and what it refers to is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.app.cli.run import COMMANDS
from tests.oracle.commands import imagetools
from tests.unit.house.imports import ROOT

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted(path for name in ("docs", "builders", "fetchers") for path in (ROOT / name).rglob("*.md"))]
ON = ("--system", "x86_64-linux")
HELLO = ROOT / "examples/hello.nix"


def shown() -> str:
    """The session at the top."""
    found = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_definition_is_the_example() -> None:
    assert shown().startswith("$ tail -n +2 examples/hello.nix\n" + HELLO.read_text().partition("\n")[2] + "$ imagetools build")


def test_paths_and_layers_are_those_of_the_example(tmp_path: Path) -> None:
    """Nothing is built: derivations and their paths tell all."""
    plan = imagetools("build", str(HELLO), "--dry-run", *ON, home=tmp_path).stderr.splitlines()
    text = f"let p = import <nixpkgs> {{ }}; i = import {HELLO} {{ }}; in [ p.bash.outPath i.outPath i.drvPath ]"
    bash, image, drv = json.loads(imagetools("eval", "--json", *ON, "-E", text, home=tmp_path).stdout)
    lines = shown().partition("$ imagetools build examples/hello.nix\n")[2].splitlines()
    assert lines[:4] == [plan[0], plan[1], "  ...", f"building '{drv}'..."]
    assert plan[-1] == f"  {drv}"
    assert lines[4] == f"Creating layer 1 from paths: ['{bash}']"
    hello = re.fullmatch(r"Creating layer 2 from paths: \['(.*-hello)'\]", lines[5])
    assert hello is not None and hello[1] in imagetools("eval", "--raw", *ON, "-E", WRITTEN, home=tmp_path).stdout
    assert lines[6:9] == ["Creating layer 3 with customisation...", "Adding manifests...", "Done."]
    assert lines[9] == f"/home/you/.local/share/imagetools{image}"


WRITTEN = f"""
  let p = import <nixpkgs> {{ }};
  in (import {HELLO} {{ pkgs = p // {{ dockerTools.buildLayeredImage = image: builtins.head image.contents; }}; }}).outPath
"""


def test_every_command_is_listed_and_no_other() -> None:
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    assert {*re.findall(r"`imagetools ([a-z]+)", table)} == {*COMMANDS}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if ":" not in target:
                yield page, target


@pytest.mark.parametrize(("page", "target"), list(links()), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_links_lead_somewhere(page: Path, target: str) -> None:
    assert (page.parent / target).exists()
