"""What is printed, where ``test_parser`` does not show it."""

import pytest

from imagetools.lang.syntax.show import canonical, show
from tests.unit.lang.syntax.trees import shown, tree


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/a/b/", "/a/b"),
        ("//a//b", "/a/b"),
        ("/a/./b/.", "/a/b"),
        ("/a/../../b", "/b"),
        ("/..", "/"),
    ],
)
def test_canonical(path: str, expected: str) -> None:
    assert canonical(path) == expected


def test_paths_are_shown_from_their_folders() -> None:
    assert show(tree("[ ./a ../b ~/c /d ]"), "/x/y", "/home") == "[ (/x/y/a) (/x/b) (/home/c) (/d) ]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let b = 1; a = 2; in b", "(let a = 2; b = 1; in b)"),
        ("let inherit a; b = 1; in b", "(let inherit a; b = 1; in b)"),
        ("{ inherit a; }", "{ inherit a ; }"),
        ("1.0", "1"),
        ("1234567.0", "1.23457e+06"),
        ("0.1", "0.1"),
        ("x: assert a; b", "(x: assert a; b)"),
        ("(1 - 2) 3", "(__sub 1 2 3)"),
        ("(1 < 2) 3", "(__lessThan 1 2 3)"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert shown(text) == expected
