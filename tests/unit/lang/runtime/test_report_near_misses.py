"""Misspelt names, golden: what a person reads below the source lines."""

import pytest

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, report
from tests.unit.lang.evaluated import failure
from tests.unit.lang.memory_io import MemoryIO

CASES = [
    ("{ foo = 1; }.fooo", "Did you mean foo?"),
    ("{ foo = 1; fob = 2; fox = 3; far = 4; }.fo", "Did you mean one of fob, foo, fox or far?"),
    ("{ alpha = 1; }.beta", ""),
    ("{ a.name = 1; }.a.nmae", "Did you mean name?"),
    ('{ "with space" = 1; }."with spce"', "Did you mean with space?"),
    ('builtins.getAttr "fooo" { foo = 1; }', "Did you mean foo?"),
    ("builtins.maap", "Did you mean map?"),
    ("({ foo }: foo) { foo = 1; fop = 2; }", "Did you mean foo?"),
    ("inherit (rec { foo = 1; }) fo;", "Did you mean foo?"),
    ("mop (x: x) [ ]", "Did you mean map?"),
    ("let value = 1; in vaule", "Did you mean value?"),
    ("{ value, valve ? 1 }: vallve", "Did you mean one of valve or value?"),
    ("rec { first = 1; second = frist; }", "Did you mean first?"),
    ("let x = 1; y = 2; in z", ""),
    ("inherit nulll;", "Did you mean null?"),
    ("with { value = 1; }; with { other = 2; }; vlue", "Did you mean value?"),
    ("__toJSN 1", "Did you mean __toJSON?"),
]


@pytest.mark.parametrize(("text", "sentence"), CASES)
def test_near_misses(text: str, sentence: str) -> None:
    error = failure(f"{{ {text} }}" if text.startswith("inherit") else text, ImagetoolsError)
    assert report.suggest(error) == sentence
    lines = report.render(error, lambda path: None).split("\n")
    assert [line for line in lines if "Did you mean" in line] == (["       " + sentence] if sentence else [])


def test_the_whole_text_of_an_undefined_variable() -> None:
    error = failure("let\n  value = 1;\nin vaule", ImagetoolsError)
    assert report.render(error, lambda path: None) == (
        "error: undefined variable 'vaule'\n"
        "\n"
        "       at «string»:3:4:\n"
        "\n"
        "            2|   value = 1;\n"
        "            3| in vaule\n"
        "             |    ^\n"
        "       Did you mean value?"
    )


def test_the_whole_text_of_a_name_that_no_with_gives() -> None:
    error = failure("with { value = 1; }; vaule", ImagetoolsError)
    assert report.render(error, lambda path: None) == (
        "error: undefined variable 'vaule'\n"
        "\n"
        "       at «string»:1:22:\n"
        "\n"
        "            1| with { value = 1; }; vaule\n"
        "             |                      ^\n"
        "       Did you mean value?"
    )


def test_a_selection_path() -> None:
    evaluator = Evaluator(MemoryIO())

    def work() -> object:
        return evaluator.select_path(evaluator.eval_string(b"{ hello.image = 1; }"), "hello.imge", {})

    with pytest.raises(ImagetoolsError) as caught:
        bigstack.run(work)
    assert report.render(caught.value, lambda path: None) == (
        "error: attribute 'imge' in selection path 'hello.imge' not found\n       Did you mean image?"
    )
