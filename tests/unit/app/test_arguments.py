"""``--arg NAME EXPR`` folded into one word, and taken apart again."""

import pytest

from imagetools.app.cli.arguments import ArgumentError, fold_pairs, own_words, pairs


@pytest.mark.parametrize(
    ("words", "folded"),
    [
        (["eval", "--arg", "x", "1 + 1", "f.nix"], ["eval", "--arg=x=1 + 1", "f.nix"]),
        (["--argstr", "name", "a=b"], ["--argstr=name=a=b"]),
        (["--arg", "x=1", "f.nix"], ["--arg=x=1", "f.nix"]),
        (["--", "--arg", "x", "1"], ["--", "--arg", "x", "1"]),
        (["--option", "timeout", "3", "-E"], ["--option=timeout=3", "-E"]),
        (["--option", "allowed-uris", "http://a=b c"], ["--option=allowed-uris=http://a=b c"]),
        (["-E", "--arg", "x", "--strict"], ["-E", "--arg=x=--strict"]),
        (["--tarball-ttl", "0", "x"], ["--option=tarball-ttl=0", "x"]),
        (["--allowed-uris=a b", "x"], ["--option=allowed-uris=a b", "x"]),
        (["--netrc-file", "f", "x"], ["--option=netrc-file=f", "x"]),
        (["--refresh", "x"], ["--option=tarball-ttl=0", "x"]),
        (["--offline"], ["--option=tarball-ttl=4294967295"]),
    ],
)
def test_folding(words: list[str], folded: list[str]) -> None:
    assert fold_pairs(words) == folded


def test_a_name_without_a_value_is_refused() -> None:
    with pytest.raises(ArgumentError, match="--arg needs a name and a value"):
        fold_pairs(["eval", "--arg", "x"])


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(ArgumentError, match="--tarball-ttl needs a value"):
        fold_pairs(["eval", "--tarball-ttl"])


@pytest.mark.parametrize(
    ("words", "own"),
    [
        (["run", "--option", "cores", "1", "-j", "2", "x.nix", "--option", "y"], 7),
        (["run", "--pure-eval", "-A", "a", "x.nix", "-A"], 5),
        (["build", "x.nix", "--option", "a", "b"], 5),
        (["appimage", "run", "-I", "nixpkgs=x", "--option", "cores", "1", "x", "--debug", "--arg"], 8),
        (["appimage", "inspect", "x", "--debug"], 4),
    ],
)
def test_what_comes_after_the_program_is_its_own(words: list[str], own: int) -> None:
    assert own_words(words) == words[:own]


def test_pairs() -> None:
    assert pairs("--arg", ["x=1 == 1", "y="]) == [("x", "1 == 1"), ("y", "")]
    with pytest.raises(ArgumentError, match="--option needs a name and a value"):
        fold_pairs(["build", "--option", "cores"])
    with pytest.raises(ArgumentError, match="not 'x'"):
        pairs("--arg", ["x"])
