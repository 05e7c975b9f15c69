"""NIX_PATH, -I and ``<name>``."""

import pytest

from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.errors import ThrownError
from imagetools.lang.runtime.search_path import find, parse_entry, parse_nix_path
from tests.unit.lang.memory_io import Link, MemoryIO


def world() -> MemoryIO:
    return MemoryIO(
        {"/p/x/default.nix": "1", "/q/y": "2", "/q/x/only-q": "", "/work/rel/z": "3", "/l": Link("p"), "/n/lib/a.nix": "4"}
    )


def look(path: str, name: str, io: MemoryIO | None = None) -> str:
    evaluator = Evaluator(io or world(), search_path=parse_nix_path(path))
    return find(evaluator.machine, name)


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("/p:/q", "x", "/p/x"),
        ("/q:/p", "x", "/q/x"),
        ("/p:/q", "x/only-q", "/q/x/only-q"),
        ("/p:/q", "y", "/q/y"),
        ("n=/n", "n", "/n"),
        ("n=/n", "n/lib/a.nix", "/n/lib/a.nix"),
        ("n=/p:n=/n", "n/lib", "/n/lib"),
        ("n/lib=/p", "n/lib/x", "/p/x"),
        ("rel", "z", "/work/rel/z"),
        ("n=./rel", "n/z", "/work/rel/z"),
        ("/l", "x", "/l/x"),
        ("/nowhere:/p", "x", "/p/x"),
        ("", "nix/fetchurl.nix", "/__corepkgs__/fetchurl.nix"),
    ],
)
def test_found(path: str, name: str, expected: str) -> None:
    assert look(path, name) == expected


@pytest.mark.parametrize(
    ("path", "name"), [("", "x"), ("n=/n", "nn"), ("n=/n", "n/nope"), ("/p", "z"), ("https://x.org/a.tar.gz", "x")]
)
def test_not_found(path: str, name: str) -> None:
    with pytest.raises(ThrownError) as caught:
        look(path, name)
    assert caught.value.message == f"file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)"


def test_one_warning_for_a_place_that_is_not_there() -> None:
    io = world()
    evaluator = Evaluator(io, search_path=parse_nix_path("/nowhere:/p"))
    find(evaluator.machine, "x")
    find(evaluator.machine, "x")
    assert io.traces == ["warning: Nix search path entry '/nowhere' does not exist, ignoring"]


def test_entries() -> None:
    assert parse_entry("a=b=c") == ("a", "b=c")
    assert parse_nix_path("a=/x:/y::https://h.org/t.tar.gz:n=channel:nixos-20.09") == [
        ("a", "/x"),
        ("", "/y"),
        ("", "https://h.org/t.tar.gz"),
        ("n", "channel:nixos-20.09"),
    ]


def test_the_syntax_uses_the_search_path_and_can_be_shadowed() -> None:
    evaluator = Evaluator(world(), search_path=[("", "/p"), ("q", "/q")])

    def shown(text: str) -> str:
        return bigstack.run(lambda: printer.show(evaluator.machine, evaluator.eval_string(text.encode())))

    assert shown("<x>") == "/p/x"
    assert shown("import <x>") == "1"
    assert shown("<q/y>") == "/q/y"
    assert shown('let __nixPath = [ { prefix = "x"; path = "/n"; } ]; in <x>') == "/n"
    assert shown("let __findFile = path: name: name; in <x>") == '"x"'
