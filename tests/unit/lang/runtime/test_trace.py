"""The trace in short."""

from imagetools.lang.runtime import report
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.positions import Pos, Source
from imagetools.lang.runtime.trace import INNER, OUTER, shorten

SOURCES = {
    name: Source(name, b"".join((4 * i).to_bytes(4, "little") for i in range(40))) for name in ("/me/a", "/me/b", "/lib/x")
}


def at(file: str, line: int) -> Pos:
    return Pos(SOURCES[file], 4 * (line - 1))


def own(file: str) -> bool:
    return file.startswith("/me/")


def short(error: EvalError) -> list[str]:
    found = shorten(error, own)
    return [*([] if found.pos is None else [f"at {found.pos}"]), *found.steps]


def test_frames_of_libraries_in_a_row_are_counted() -> None:
    error = EvalError("wrong", at("/me/a", 1))
    error.push("while calling", at("/lib/x", 1))
    error.push("with an argument")
    error.push("from call site", at("/me/b", 2))
    error.push("further out", at("/lib/x", 3))
    assert short(error) == [
        "at /me/a:1:1",
        "… 2 frames of a library",
        "… from call site at /me/b:2:1",
        "… 1 frame of a library",
    ]


def test_the_own_file_comes_first() -> None:
    error = EvalError("wrong", at("/lib/x", 9))
    error.push("a", at("/lib/x", 1))
    error.push("b", at("/lib/x", 2))
    error.push("from call site", at("/me/a", 3))
    error.push("while evaluating the attribute 'c'", at("/me/a", 2))
    assert short(error) == [
        "at /me/a:3:1",
        "… from there 2 frames of a library, to /lib/x:9:1",
        "… while evaluating the attribute 'c' at /me/a:2:1",
    ]


def test_the_own_place_may_be_the_next_one() -> None:
    error = EvalError("wrong", at("/lib/x", 9))
    error.push("from call site", at("/me/a", 3))
    assert short(error) == ["at /me/a:3:1", "… and from there /lib/x:9:1"]


def test_an_error_without_a_place_gets_that_of_its_own_frame() -> None:
    error = EvalError("wrong")
    error.push("a", at("/lib/x", 1))
    error.push("b", at("/me/a", 1))
    assert short(error) == ["at /me/a:1:1"]


def test_a_line_is_named_once() -> None:
    error = EvalError("wrong", at("/me/a", 1))
    error.push("while evaluating 'f'", at("/me/a", 1))
    error.push("from call site", at("/me/a", 2))
    error.push("while evaluating 'f'", at("/me/a", 2))
    assert short(error) == ["at /me/a:1:1", "… from call site at /me/a:2:1"]


def test_libraries_alone_are_no_trace() -> None:
    error = EvalError("wrong", at("/lib/x", 9))
    error.push("a", at("/lib/x", 1))
    error.push("what")
    assert short(error) == ["at /lib/x:9:1"]


def test_a_file_is_named_where_nothing_else_names_it() -> None:
    error = EvalError("wrong", at("/me/a", 1))
    error.push_file("/me/a")
    error.push("from call site", at("/lib/x", 1))
    error.push_file("/lib/x")
    error.push_file("/me/b")
    assert short(error) == ["at /me/a:1:1", "… 2 frames of a library", "… while evaluating the file '/me/b'"]
    named = EvalError("reading '/me/b': Permission denied")
    named.push_file("/me/b")
    assert short(named) == []


def test_long_traces_keep_both_ends() -> None:
    error = EvalError("wrong", at("/me/a", 1))
    for i in range(2, 32):
        error.push(f"step {i}", at("/me/a", i))
    steps = short(error)[1:]
    assert len(steps) == INNER + 1 + OUTER
    assert steps[INNER - 1 : INNER + 2] == ["… step 6 at /me/a:6:1", "… 22 more steps", "… step 29 at /me/a:29:1"]


def test_how_it_looks() -> None:
    error = EvalError("wrong", at("/lib/x", 9), hint="do this")
    error.push("inside\nof it", at("/me/a", 3))
    error.push("by\nsomebody", at("/me/b", 1))
    assert report.render(error, lambda path: None, own=own) == (
        "error: wrong\n\n       at /me/a:3:1:\n"
        "\n       … and from there /lib/x:9:1\n       … by\n       somebody at /me/b:1:1\n\n"
        "       do this\n(use '--show-trace' to show detailed location information)"
    )
    whole = report.render(error, lambda path: None, True, own=own)
    assert whole.index("/lib/x:9:1") < whole.index("… inside") < whole.index("/me/a:3:1")
