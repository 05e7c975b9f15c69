"""Contexts through interpolation and ``+``, and paths that go to the store."""

import pytest

from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.values.model import NixPath, NixString
from tests.unit.lang.evaluated import failure, shown, value
from tests.unit.lang.memory_io import MemoryIO


def world() -> MemoryIO:
    return MemoryIO({"/here/a": "a", "/here/b": "b", "/here/x.drv": ""})


def with_context(text: str) -> NixString:
    v = value(text, world())
    assert isinstance(v, NixString), v
    return v


def test_interpolating_a_path_copies_it() -> None:
    s = with_context('"x${./a}y"')
    (path,) = s.context
    assert s.text == f"x{path}y"
    assert path.startswith("/nix/store/") and path.endswith("-a")


def test_one_copy_for_one_path() -> None:
    io = world()
    shown('"${./a}${./a}${./b}"', io)
    assert io.copies == ["/here/a", "/here/b"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('"${./a}${./b}"', 2),
        ('"${./a}" + "x"', 1),
        ('"x" + "${./a}"', 1),
        ('"x" + ./a', 1),
        ('"${./a}" + "${./b}"', 2),
        ('"${{ outPath = "${./a}"; }}"', 1),
        ('{ outPath = "${./a}"; } + "${./b}"', 2),
        ('"${{ __toString = self: "${./a}"; }}"', 1),
        ("''${./a}\n  ${./b}''", 2),
    ],
)
def test_contexts_are_joined(text: str, count: int) -> None:
    assert len(with_context(text).context) == count


def test_no_context_no_nix_string() -> None:
    assert value('"a" + "b"') == "ab"
    assert value('"a${"b"}"') == "ab"


def test_to_string_of_a_path_does_not_copy() -> None:
    io = world()
    assert shown("toString ./a", io) == '"/here/a"'
    assert io.copies == []


def test_a_path_with_a_context_is_refused() -> None:
    error = failure('./a + "${./b}"', EvalError, world())
    assert error.message == "a string that refers to a store path cannot be appended to a path"


def test_a_path_at_the_front_of_plus_stays_a_path() -> None:
    v = value('./a + "/../c"')
    assert isinstance(v, NixPath)
    assert v.text == "/here/c"


def test_the_last_slash_of_an_interpolated_path_stays_until_it_is_joined() -> None:
    assert shown('./a/${"b"}') == "/here/a/b"
    assert shown('./a${"b"}') == "/here/ab"
    assert shown('~/${"b"}') == "/home/someone/b"


def test_a_derivation_file_is_not_copied() -> None:
    assert failure('"${./x.drv}"', EvalError, world()).message == "file names are not allowed to end in '.drv'"


def test_equality_does_not_look_at_contexts() -> None:
    assert shown('"${./a}" == builtins.unsafeDiscardStringContext "${./a}"', world()) == "true"


def test_bytes_pass_unchanged() -> None:
    assert shown('"é${"ü"}"') == '"éü"'
