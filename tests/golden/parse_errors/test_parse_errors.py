"""What people read when a file is not Nix: the whole text, with position, source line and caret.

The texts are in ``messages.txt``. ``IMAGETOOLS_REFRESH_GOLDEN=1`` writes them anew, and the test then
skips: look at the difference.
"""

import os
from pathlib import Path

import pytest

from imagetools.lang.syntax.errors import ParseError
from imagetools.lang.syntax.parser import parse_file

MESSAGES = Path(__file__).with_name("messages.txt")
GLOBALS = frozenset({"true", "map", "__findFile", "__nixPath"})

REJECTED: dict[str, bytes] = {
    "empty file": b"",
    "only a comment": b"# nothing\n",
    "unclosed parenthesis": b"(\n# no content\n",
    "unclosed list": b"[ 1 2",
    "unclosed set": b"{ a = 1;",
    "unclosed string": b'x: "abc',
    "unclosed string with interpolation": b'x: "a${x',
    "string ends in a dollar": b'1 "$',
    "string ends in a backslash": b'"a\\',
    "unclosed indented string": b"''\n  abc\n",
    "unclosed comment": b"1 /* abc",
    "missing semicolon": b"{\n  a = 1\n  b = 2;\n}\n",
    "missing value": b"{ a = ; }",
    "missing then": b"if true else 1",
    "missing else": b"if true then 1",
    "missing in": b"let a = 1;",
    "name is a keyword": b"{ then = 1; }",
    "selects a keyword": b"x: x.assert",
    "number as a name": b"{ 1 = 2; }",
    "path as a name": b"{ } ? ./foo",
    "two expressions": b"1; 2",
    "stray brace": b"{ a = 1; } }",
    "operator first": b"&& true",
    "operator last": b"1 +",
    "compared twice": b"1 == 2 == 3",
    "ordered twice": b"1 < 2 < 3",
    "function as an operand": b"x: y + z: z",
    "set pattern as an operand": b"x: x // { a }: a",
    "pattern without colon": b"{ a, b } a",
    "ellipsis in the middle": b"{ a, ..., b }: a",
    "ellipsis without comma": b"{ a ... }: a",
    "comma alone": b"{ , }: 1",
    "default without value": b"{ a ? }: a",
    "pattern bound twice": b"x@{ a }@y: a",
    "or as an argument": b"{ or }: 1",
    "or with nothing before": b"or 1",
    "duplicate formal": b"{ x, y, x }: x",
    "formal named as the whole": b"args@{ args, x }: x",
    "duplicate attribute": b"{ x = 1;\n  y = 2;\n  x = 3;\n}\n",
    "duplicate nested attribute": b"{\n  services.ssh.port = 22;\n  services.ssh.port = 23;\n}",
    "attribute of a number": b"{ a = 1; a.b = 2; }",
    "inherited twice": b"x: { inherit x; inherit x; }",
    "dynamic name in let": b"let ${true} = 1; in 1",
    "dynamic name in inherit": b"{ inherit ${map}; }",
    "interpolated name in inherit": b'{ inherit "a${true}"; }',
    "inherit with a path": b"x: { inherit x.y; }",
    "invalid integer": b"9223372036854775808",
    "invalid float": b"[ 1.0e999 ]",
    "path with a slash at its end": b"[ ./a/ ]",
    "interpolated path with a slash at its end": b"x: ./${x}/",
    "path with a doubled slash": b"[ ./a//b ]",
    "path with two doubled slashes": b"./a//b//c",
    "null byte in a string": b'"a\0b"',
    "invalid character": b"a ^ b",
    "single quote": b"'a'",
    "single ampersand": b"x: x & x",
    "pipe": b"1 |> (x: x)",
    "pipe backwards": b"(x: x) <| 1",
    "undefined variable": b"x: y",
    "undefined variable in inherit": b"{ inherit a; }",
    "undefined or": b"map or [ ]",
    "not UTF-8": b'{ a = "\xff\xfe" b; }',
    "after wide characters": '"äöü" )'.encode(),
    "after a tab": b"\t)",
    "Windows lines": b"{\r\n  a = 1\r\n}\r\n",
    "old Mac lines": b"{\r  a = 1\r}\r",
    "let in an application": b"f: f let x = 1; in x",
    "empty interpolation": b'"${}"',
}


def message(source: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        parse_file(source, "«string»", GLOBALS)
    return caught.value.message


def stored() -> dict[str, str]:
    blocks = MESSAGES.read_text().split("\n=== ")
    return {head: text.rstrip("\n") for head, _, text in (block.partition("\n") for block in blocks[1:])}


def test_refresh() -> None:
    if os.environ.get("IMAGETOOLS_REFRESH_GOLDEN") != "1":
        assert set(stored()) == set(REJECTED)
        return
    texts = [f"=== {name}\n{message(source)}\n" for name, source in REJECTED.items()]
    MESSAGES.write_text("Written by test_parse_errors.py, see there.\n\n" + "\n".join(texts))
    pytest.skip("the messages were written anew")


@pytest.mark.parametrize("name", list(REJECTED))
def test_message(name: str) -> None:
    assert message(REJECTED[name]) == stored()[name]
