"""Files, imports, the parse cache, and globals from outside."""

from typing import Final

import pytest

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.builtins.spec import builtin
from imagetools.lang.evaluator import CyclicImport, Evaluator, NoSuchFile, TooManyLinks
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.errors import ThrownError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.syntax.errors import ParseError
from tests.unit.lang.memory_io import Link, MemoryIO

TREE: Final[dict[str, bytes | str | Link]] = {
    "/w/a.nix": "import ./b.nix + import ./dir",
    "/w/b.nix": 'builtins.trace "b" 1',
    "/w/dir/default.nix": "import ../b.nix + 1",
    "/w/link.nix": Link("dir/linked.nix"),
    "/w/dir/linked.nix": "./here",
    "/w/dirlink": Link("/w/dir"),
    "/w/loop": Link("loop"),
    "/w/bad.nix": "1 +",
    "/w/undefined.nix": "nothing",
    "/w/throws.nix": 'throw "no"',
    "/w/scoped.nix": "[ x (toString y) ]",
    "/w/twice.nix": "let i = import ./b.nix; in i + import ./b.nix + import ./../w/b.nix",
}


def run(text: str, io: MemoryIO) -> str:
    evaluator = Evaluator(io)

    def work() -> str:
        return printer.show(evaluator.machine, evaluator.machine.force_deep(evaluator.eval_string(text.encode(), "/w")))

    return bigstack.run(work)


def test_imports() -> None:
    io = MemoryIO(TREE)
    assert run("import ./a.nix", io) == "3"
    assert io.traces == ["trace: b"], "each file is evaluated once"
    assert run("import ./twice.nix", io) == "3"


def test_a_file_given_by_name() -> None:
    io = MemoryIO(TREE)
    evaluator = Evaluator(io)
    assert bigstack.run(lambda: evaluator.eval_file("/w/dir")) == 2


def test_symlinks() -> None:
    io = MemoryIO(TREE)
    assert run("import ./link.nix", io) == "/w/dir/here", "relative paths start where the link leads"
    assert run("import ./dirlink", io) == "2"
    with pytest.raises(TooManyLinks):
        run("import ./loop", io)


def test_failures() -> None:
    io = MemoryIO(TREE)
    with pytest.raises(NoSuchFile) as caught:
        run("import ./nope.nix", io)
    assert caught.value.message == "path '/w/nope.nix' does not exist"
    with pytest.raises(ParseError):
        run("import ./bad.nix", io)
    with pytest.raises(ParseError):
        run("(builtins.tryEval (import ./undefined.nix)).success", io)
    with pytest.raises(ThrownError) as thrown:
        run("import ./throws.nix", io)
    assert any(frame.text == "while evaluating the file '/w/throws.nix':" for frame in thrown.value.frames)


def test_a_file_that_needs_itself() -> None:
    io = MemoryIO({"/w/a.nix": b"[ (import ./b.nix) ] ++ []", "/w/b.nix": b"import ./c.nix", "/w/c.nix": b"import ./b.nix + 1"})
    io.files["/w/lazy.nix"] = b"{ a = 1; b = (import ./lazy.nix).a; }"
    assert run("(import ./lazy.nix).b", io) == "1"
    with pytest.raises(CyclicImport) as caught:
        run("builtins.head (import ./a.nix)", io)
    assert caught.value.message == "infinite recursion encountered: the value of the file '/w/b.nix' is needed to compute it"


def test_a_file_that_failed_is_tried_again() -> None:
    io = MemoryIO(TREE)
    once = "(builtins.tryEval (import ./throws.nix)).success"
    assert run(f"{once} || {once}", io) == "false"


def test_scoped_import() -> None:
    io = MemoryIO(TREE)
    assert run("builtins.scopedImport { x = 1; y = 2; } ./scoped.nix", io) == '[ 1 "2" ]'
    assert run("scopedImport { x = 1; y = 2; toString = z: z; } ./scoped.nix", io) == "[ 1 2 ]"


def test_the_parse_cache_is_used() -> None:
    io = MemoryIO(TREE)
    assert run("import ./dir", io) == "2"
    assert len(io.cache) == 2
    kept = dict(io.cache)
    io.cache.update(dict.fromkeys(kept, b"damaged"))
    assert run("import ./dir", io) == "2"
    assert io.cache == kept, "a damaged entry is written again"
    io.files["/w/b.nix"] = b"41"
    assert run("import ./dir", io) == "42", "the key is the content"


def test_globals_from_outside() -> None:
    def twice(m: Machine, n: object) -> object:
        return 2 * m.int(n)

    sources = {"six": ("/builtin/six.nix", b"__twice 3")}
    evaluator = Evaluator(MemoryIO(), extra=[builtin("twice", twice, "n")], sources=sources, system="s", nix_version="9")

    def shown(text: str) -> str:
        machine = evaluator.machine
        return bigstack.run(lambda: printer.show(machine, machine.force_deep(evaluator.eval_string(text.encode()))))

    assert shown("[ six builtins.six (builtins.twice 2) (__twice 4) ]") == "[ 6 6 4 8 ]"
    assert shown("[ builtins.currentSystem builtins.nixVersion ]") == '[ "s" "9" ]'


def test_one_evaluator_survives_errors() -> None:
    evaluator = Evaluator(MemoryIO())
    for _ in range(3):
        with pytest.raises(ImagetoolsError):
            bigstack.run(lambda: evaluator.eval_string(b'throw "x"'))
    assert bigstack.run(lambda: evaluator.eval_string(b"1")) == 1
