"""Names in headers, and wildcards over them."""

import pytest

from imagetools.bundled.fetchers.fetchpatch.names import (
    better_name,
    header_name,
    header_without_folders,
    without_folders,
)
from imagetools.bundled.fetchers.fetchpatch.wildcards import matches, quoted


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"a/x.c\n", b"a/x.c"),
        (b"a/x.c\t2024-01-02\n", b"a/x.c"),
        (b"a b.c\t\n", b"a b.c"),
        (b"a b.c\n", b"a"),
        (b"a b 2024-01-02 03:04:05 +0000\n", b"a b"),
        (b"a b 2024-01-02\n", b"a"),
        (b"a Tue Jan  2 03:04:05 2024\n", b"a"),
        (b"my file Tue Jan  2 03:04:05 2024\n", b"my file"),
        (b"a b  \t1\n", b"a"),
        (b"a \n", b"a \n"),
        (b"a b\x00c\n", b"a b"),
        (b"x\r\n", b"x\r"),
        (b"\n", b""),
    ],
)
def test_where_a_name_ends(header: bytes, name: bytes) -> None:
    assert header_name(header) == name


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (b"a/x", b"b/x", b"a/x"),
        (b"/dev/null", b"b/x", b"b/x"),
        (b"a/x", b"/dev/null", b"a/x"),
        (b"a/b/x", b"b/x", b"b/x"),
        (b"x.orig", b"x", b"x"),
        (b"a/xy", b"bc/x", b"bc/x"),
        (b"a//x", b"b/x", b"b/x"),
    ],
)
def test_the_better_of_two_names(old: bytes, new: bytes, name: bytes) -> None:
    assert better_name(old, new) == name


def test_folders_come_off_and_the_last_part_stays() -> None:
    assert [without_folders(b"a/b/c", count) for count in range(4)] == [b"a/b/c", b"b/c", b"c", b"c"]
    assert without_folders(b"//a//b", 1) == b"a//b"
    assert without_folders(b"/dev/null", 1) == b"/dev/null"
    assert without_folders(b"/dev/null/x", 1) == b"dev/null/x"
    assert header_without_folders(b"a/b c/d\t2024/01\n", 1) == b"b c/d\t2024/01\n"
    assert header_without_folders(b"/dev/null\t1970\n", 2) == b"/dev/null\t1970\n"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (b"*.c", [b"x.c", b"a/b/x.c", b".c"], [b"x.h", b"x.c~"]),
        (b"src/*", [b"src/x", b"src/a/b", b"src/"], [b"src", b"a/src/x"]),
        (b"?", [b"x", b"/", b"\xff"], [b"", b"xy"]),
        (b"[a-c]x", [b"ax", b"cx"], [b"dx", b"-x"]),
        (b"[!a-c]", [b"d", b"-"], [b"a"]),
        (b"[]x]", [b"]", b"x"], [b"[]x]"]),
        (b"[[:digit:]_]", [b"1", b"_"], [b"d", b":"]),
        (b"[[:no:]]*", [], [b"n", b":]"]),
        (b"[c-a]", [], [b"a", b"b", b"-"]),
        (b"[\\]]", [b"]"], [b"\\]"]),
        (b"[[.a.][=b=]]", [b"a", b"b"], [b"."]),
        (b"[ab", [b"[ab"], [b"a"]),
        (b"\\*", [b"*"], [b"x", b"\\*"]),
        (b"x\\", [], [b"x\\", b"x"]),
        (b"a\nb", [b"a\nb"], [b"a"]),
    ],
)
def test_wildcards(pattern: bytes, yes: list[bytes], no: list[bytes]) -> None:
    assert [name for name in yes + no if matches(pattern, name)] == yes


def test_a_listed_name_as_a_pattern() -> None:
    assert matches(quoted(b"a*b?c"), b"a*b?c")
    assert not matches(quoted(b"a*b?c"), b"axb?c")
    assert not matches(quoted(b"x[1].c"), b"x[1].c")  # as with nixpkgs: brackets stay wild
    assert matches(quoted(b"x[1].c"), b"x1.c")
