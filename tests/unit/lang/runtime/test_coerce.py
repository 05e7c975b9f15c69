"""Paths as texts; the coercions themselves are in the tables."""

import pytest

from imagetools.lang.runtime.coerce import base_name, canonical, dir_name, to_path
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, NixPath, NixString
from tests.unit.lang.memory_io import MemoryIO


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("//", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a//b", "/a/b"),
        ("/a/./b/.", "/a/b"),
        ("/a/../b", "/b"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("/a/b/../..", "/"),
        ("/.a/..b", "/.a/..b"),
        ("/a/...", "/a/..."),
    ],
)
def test_canonical(path: str, expected: str) -> None:
    assert canonical(path) == expected


def test_parts() -> None:
    assert (base_name("/a/b"), dir_name("/a/b")) == ("b", "/a")
    assert (base_name("/a"), dir_name("/a")) == ("a", "/")
    assert (base_name("/"), dir_name("/")) == ("", "/")


def test_to_path() -> None:
    m = Machine(MemoryIO())
    context: set[str] = set()
    assert to_path(m, NixPath("/a"), context) == "/a"
    assert to_path(m, "/a/../b", context) == "/b"
    assert to_path(m, NixString("/s", frozenset({"c"})), context) == "/s"
    assert to_path(m, Attrs({"outPath": "/o"}), context) == "/o"
    assert context == {"c"}
    with pytest.raises(EvalError) as caught:
        to_path(m, "relative", context)
    assert caught.value.message == "string 'relative' doesn't represent an absolute path"
