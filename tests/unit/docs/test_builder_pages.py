"""Every definition on the pages of the image builders can be instantiated, by one command as a reader would give it."""

from pathlib import Path

import pytest

from tests.oracle.commands import imagetools
from tests.unit.house.imports import ROOT

PAGES = sorted(ROOT.glob("builders/docker_tools/*.md"))


def definitions(page: Path) -> list[str]:
    """What is between the marks for Nix; parts of an attribute set, which are indented, are left out."""
    texts = [part.partition("```")[0] for part in page.read_text().split("```nix\n")[1:]]
    return [
        text if "<nixpkgs>" in text else f"with import <nixpkgs> {{ }};\n{text}" for text in texts if not text.startswith(" ")
    ]


def test_there_are_pages() -> None:
    assert len(PAGES) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_can_be_instantiated(page: Path, tmp_path: Path) -> None:
    texts = definitions(page)
    assert texts
    (tmp_path / "debian.tar").write_text("not looked at before it is built")
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.nix").write_text(text)
    done = imagetools("instantiate", *(f"./{number}.nix" for number in range(len(texts))), home=tmp_path)
    assert len(done.stdout.split()) == len(texts)
