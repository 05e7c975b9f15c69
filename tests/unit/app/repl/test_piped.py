"""``imagetools repl`` without a terminal: what it prints for lines from a pipe."""

from pathlib import Path

import pytest

from tests.oracle.commands import imagetools


def repl(home: Path, *lines: str, words: tuple[str, ...] = (), code: int = 0) -> tuple[str, str]:
    done = imagetools("repl", *words, home=home, stdin="\n".join(lines).encode(), check=False)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_expressions_and_bindings(tmp_path: Path) -> None:
    out, err = repl(
        tmp_path,
        "x = 5",
        "x + 1",
        "inherit (builtins) length; y = [ x ];",
        "length",
        "length y",
        "x = x + 1;",
        "x",
        "",
        "# nothing",
    )
    assert (out, err) == ("6\n«primop length»\n1\n6\n", "")


def test_an_input_goes_on_until_it_is_whole(tmp_path: Path) -> None:
    out, _ = repl(
        tmp_path,
        "let",
        "  a = 1;",
        "/* a",
        "comment */ in {",
        "",
        "inherit a; }",
        "z = [",
        "1",
        "]",
        "z",
        ":t",
        ":p [",
        "2 ]",
        code=1,
    )
    assert out == "{ a = 1; }\n[ 1 ]\n[ 2 ]\n"


def test_every_error_is_shown_and_the_next_line_read(tmp_path: Path) -> None:
    out, err = repl(tmp_path, "1 +* 2", "missing", '{ a = throw "x"; }.a', ":nope", ":t", ":a 1", ":doc 1", "2", code=1)
    assert out == "2\n"
    assert err == (
        "error: syntax error, unexpected '*'\n\n       at «string»:1:4:\n\n            1| 1 +* 2\n             |    ^\n"
        "error: undefined variable 'missing'\n\n       at «string»:1:1:\n\n            1| missing\n             | ^\n"
        'error: x\n\n       at «string»:1:7:\n\n            1| { a = throw "x"; }.a\n             |       ^\n'
        "       … while evaluating the attribute 'a'\n"
        "error: unknown command ':nope'\n\n       :? shows all commands\n"
        "error: :t needs an argument\n\n       such as: :t EXPR\n"
        "error: expected a set but found an integer: 1\n\n       only the attributes of a set can become variables\n"
        "error: an integer has no documentation\n\n       only builtin functions have, such as: :doc map\n"
    ).replace("       … while evaluating the attribute 'a'\n", "(use '--show-trace' to show detailed location information)\n")


def test_an_input_that_ends_too_early(tmp_path: Path) -> None:
    out, err = repl(tmp_path, "1", "[ 1", code=1)
    assert out == "1\n"
    assert err.startswith("error: syntax error, unexpected end of file\n")


def test_files_and_reload(tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_text("{ n ? 1 }: { inherit n; text = import ./b.nix; }")
    (tmp_path / "b.nix").write_text('"b"')
    out, err = repl(tmp_path, "text", "q = 1", ":r", "n", "q", ":l ./missing.nix", words=("a.nix",), code=1)
    assert out == 'added 2 variables\n"b"\nadded 2 variables\n1\n'
    assert "undefined variable 'q'" in err
    assert f"path '{tmp_path}/missing.nix' does not exist" in err


def test_types_documentation_and_help(tmp_path: Path) -> None:
    out, _ = repl(
        tmp_path,
        ":t 1.5",
        ":type x: x",
        ":t map",
        ":doc builtins.length",
        ":doc x: x",
        ":doc { a, b ? 1, ... }: a",
        ":?",
        ":q",
        "1",
    )
    lines = out.splitlines()
    assert lines[:4] == ["a float", "a function", "the built-in function 'map'", "builtins.length e"]
    assert "a function, written at «string»:1:1; its argument is x" in lines
    assert "a function, written at «string»:1:1; its arguments are a, b (optional), ..." in lines
    assert any(line.startswith(":b, :build EXPR ") for line in lines)
    assert lines[-1].startswith("An input goes on")


def test_a_build_that_fails_does_not_end_it(tmp_path: Path) -> None:
    out, err = repl(tmp_path, ":b 1", "2", code=1)
    assert out == "2\n"
    assert "does not evaluate to a derivation" in err


@pytest.mark.parametrize("text", ['"é ${"x"}"', "''\n  two\n  lines''"])
def test_strings_are_bytes(tmp_path: Path, text: str) -> None:
    out, _ = repl(tmp_path, text)
    assert out in ('"é x"\n', '"two\\nlines"\n')
