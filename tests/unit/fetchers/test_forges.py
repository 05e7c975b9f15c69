"""The functions for forges: where they fetch from, and which path that gives."""

from pathlib import Path

from tests.unit.fetchers.forge_cases import ATTRIBUTES, FAILURES, OLD, PATCHES, SHOW, YOUNG
from tests.unit.pkgs.evaluate import failures, values


def test_addresses_and_paths(tmp_path: Path) -> None:
    cases = {f"({SHOW}) (pkgs.{call})": value for call, value in (OLD | YOUNG).items()}
    assert values(list(cases), tmp_path) == cases


def test_attributes(tmp_path: Path) -> None:
    assert values(list(ATTRIBUTES), tmp_path) == ATTRIBUTES


def test_patches_of_debian(tmp_path: Path) -> None:
    """As sources.debian.org sorts them; the rest is fetchpatch's."""
    prelude = "(pkgs.fetchDebianPatch.override { fetchpatch = args: args; })"
    cases: dict[str, object] = {
        f'let made = {prelude} {call}; in "${{made.url}} ${{made.name}}"': f"https://sources.debian.org/data/{text}"
        for call, text in PATCHES.items()
    }
    assert values(list(cases), tmp_path) == cases


def test_refusals(tmp_path: Path) -> None:
    found = failures(list(FAILURES), tmp_path)
    assert not [(expression, found[expression]) for expression, text in FAILURES.items() if text not in found[expression]]
