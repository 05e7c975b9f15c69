"""Errors as a person sees them: the golden texts are what Nix 2.8 prints (with the frames that it only shows on request
counted too)."""

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime import report
from imagetools.lang.runtime.errors import EvalError, Frame
from imagetools.lang.runtime.positions import Pos, Source
from tests.unit.lang.evaluated import rendered
from tests.unit.lang.memory_io import MemoryIO

FILE = """let
  f = x:
    let y = x + 1; in
    g y;
  g = { z }: z;
in {
  one = f 1;
  two = { missing = 1; }.mising;
}
"""


def world() -> MemoryIO:
    return MemoryIO({"/here/a.nix": FILE})


def test_a_file() -> None:
    assert rendered("(import ./a.nix).two", world()) == (
        "error: attribute 'mising' missing\n"
        "\n"
        "       at /here/a.nix:8:9:\n"
        "\n"
        "            7|   one = f 1;\n"
        "            8|   two = { missing = 1; }.mising;\n"
        "             |         ^\n"
        "            9| }\n"
        "       Did you mean missing?\n"
        "(use '--show-trace' to show detailed location information)"
    )


def test_a_trace() -> None:
    assert rendered("(import ./a.nix).one", world(), show_trace=True) == (
        "error: expected a set but found an integer: 2\n"
        "\n"
        "       at /here/a.nix:5:7:\n"
        "\n"
        "            4|     g y;\n"
        "            5|   g = { z }: z;\n"
        "             |       ^\n"
        "            6| in {\n"
        "\n"
        "       … from call site\n"
        "\n"
        "       at /here/a.nix:4:5:\n"
        "\n"
        "            3|     let y = x + 1; in\n"
        "            4|     g y;\n"
        "             |     ^\n"
        "            5|   g = { z }: z;\n"
        "\n"
        "       … while evaluating 'f'\n"
        "\n"
        "       at /here/a.nix:2:7:\n"
        "\n"
        "            1| let\n"
        "            2|   f = x:\n"
        "             |       ^\n"
        "            3|     let y = x + 1; in\n"
        "\n"
        "       … from call site\n"
        "\n"
        "       at /here/a.nix:7:9:\n"
        "\n"
        "            6| in {\n"
        "            7|   one = f 1;\n"
        "             |         ^\n"
        "            8|   two = { missing = 1; }.mising;\n"
        "\n"
        "       … while evaluating the attribute 'one'\n"
        "\n"
        "       at /here/a.nix:7:3:\n"
        "\n"
        "            6| in {\n"
        "            7|   one = f 1;\n"
        "             |   ^\n"
        "            8|   two = { missing = 1; }.mising;"
    )


def test_a_text() -> None:
    assert rendered('1 + "a"') == (
        'error: cannot add a string to an integer\n\n       at «string»:1:5:\n\n            1| 1 + "a"\n             |     ^'
    )


def test_a_function_of_a_text_is_named_as_nix_names_it() -> None:
    text = rendered("({ a }: a) { }")
    assert text.startswith("error: function 'anonymous lambda' called without required argument 'a'\n")
    assert "at «string»:1:2:" in text


def test_a_file_that_is_gone_has_no_excerpt() -> None:
    error = EvalError("gone", Pos(Source("/no/such.nix", b"\0\0\0\0"), 3))
    assert report.render(error, lambda path: None) == "error: gone\n\n       at /no/such.nix:1:4:"


def test_other_errors_and_hints() -> None:
    error = ImagetoolsError("first\nsecond", hint="do\nthis")
    assert report.render(error, lambda path: None) == "error: first\n       second\n\n       do\n       this"


def test_colour_goes_around_and_changes_nothing() -> None:
    source = Source("(string)", b"\0\0\0\0", b"abc")
    error = EvalError("wrong", Pos(source, 1))
    plain = report.render(error, lambda path: None)
    coloured = report.render(error, lambda path: None, color=True)
    assert coloured != plain
    for code in (report.RED, report.BLUE, report.YELLOW, report.NORMAL):
        coloured = coloured.replace(code, "")
    assert coloured == plain


def test_the_middle_of_a_very_long_trace_is_left_out() -> None:
    error = EvalError("deep")
    for i in range(100_000):
        error.push(f"frame {i}")
    text = report.render(error, lambda path: None, show_trace=True)
    assert "… frame 0\n" in text
    assert text.endswith("… frame 99999")
    assert f"{error.dropped} frames left out" in text
    assert error.dropped + len(error.frames) == 100_000


def test_bytes_are_shown_as_text() -> None:
    assert report.render(EvalError("ä".encode().decode("latin-1")), lambda path: None) == "error: ä"


def test_suggestions_are_near_and_few() -> None:
    error = EvalError("x")
    error.frames = [Frame("f", None)]
    assert report.suggest(error) == ""
    assert rendered("{ aa = 1; ab = 2; ac = 3; b = 4; c = 5; d = 6; e = 7; zzzz = 8; }.a").endswith(
        "Did you mean one of aa, ab, ac, b or c?"
    )
