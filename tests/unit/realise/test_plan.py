"""What must be built, from two questions only."""

from collections.abc import Iterable

import pytest

from imagetools.formats.derivation import Derivation, InputAddressed
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.graph import CycleError
from imagetools.kernel.hashes import digest
from imagetools.realise.failures import NoSuchOutputError
from imagetools.realise.plan import Plan, make_plan
from imagetools.realise.targets import Shell, Target

DIR = StoreDir()


def path(name: str) -> StorePath:
    return StorePath(digest("sha1", name.encode()).digest, name)


class Graph:
    """Derivations by letter: ``a="b c.dev"`` means that a needs b's out and c's dev."""

    def __init__(self, builder: str = "/bin/sh", **needs: str) -> None:
        self.derivations: dict[StorePath, Derivation] = {}
        self.valid: set[StorePath] = set()
        self.read: list[str] = []
        for name, text in needs.items():
            inputs: dict[str, list[str]] = {}
            for word in text.split():
                letter, _, output = word.partition(".")
                inputs.setdefault(DIR.join(path(letter + ".drv")), []).append(output or "out")
            self.derivations[path(name + ".drv")] = Derivation(
                name,
                {o: InputAddressed(DIR.join(path(f"{name}-{o}"))) for o in ("out", "dev")},
                {drv: tuple(sorted(outputs)) for drv, outputs in inputs.items()},
                (),
                "x",
                "builtin:x" if name.startswith("builtin") else builder,
                (),
                {},
            )

    def plan(self, *targets: str, shell: str | None = None, outputs: tuple[str, ...] | None = ("out",)) -> Plan:
        def read(drv: StorePath) -> Derivation:
            self.read.append(drv.name.removesuffix(".drv"))
            return self.derivations[drv]

        def valid(paths: Iterable[StorePath]) -> set[StorePath]:
            return {item for item in paths if item in self.valid}

        return make_plan(
            [Target(path(name + ".drv"), outputs) for name in targets],
            DIR,
            read,
            valid,
            None if shell is None else Shell(path(shell + ".drv")),
        )

    def order(self, *targets: str, shell: str | None = None) -> str:
        return " ".join(step.derivation.name for step in self.plan(*targets, shell=shell).steps)


def test_order() -> None:
    assert Graph(a="b c", b="d", c="d", d="").order("a") in ("d b c a", "d c b a")


def test_valid_outputs_need_nothing() -> None:
    graph = Graph(a="b", b="c", c="")
    graph.valid = {path("b-out")}
    assert graph.order("a") == "a"
    assert "c" not in graph.read
    graph.valid = {path("a-out")}
    assert graph.order("a") == ""


def test_only_named_outputs_count() -> None:
    graph = Graph(a="b.dev", b="")
    graph.valid = {path("b-out")}
    assert graph.order("a") == "b a"
    assert graph.plan("a").steps[0].wanted == ("dev",)


def test_another_output_wanted_later() -> None:
    graph = Graph(a="b c", b="", c="b.dev")
    graph.valid = {path("b-out")}
    assert graph.order("a") == "b c a"


def test_results_and_targets_twice() -> None:
    plan = Graph(a="").plan("a", "a", outputs=None)
    assert len(plan.steps) == 1
    assert plan.results[Target(path("a.drv"))] == {"dev": path("a-dev"), "out": path("a-out")}


def test_shell_comes_first_but_not_for_itself() -> None:
    graph = Graph(a="builtin1", builtin1="", sh="unpack", unpack="builtin2", builtin2="")
    assert graph.order("a", shell="sh") == "builtin2 unpack sh builtin1 a"
    assert graph.order("unpack", shell="sh") == "builtin2 unpack"
    assert graph.order("builtin1", shell="sh") == "builtin1"
    steps = {step.derivation.name: step.with_shell for step in graph.plan("a", shell="sh").steps}
    assert steps == {"builtin1": False, "builtin2": False, "unpack": False, "sh": False, "a": True}
    graph.valid = {path("sh-out")}
    assert graph.order("a", shell="sh") == "builtin1 a"


def test_unknown_output() -> None:
    with pytest.raises(NoSuchOutputError, match="does not have wanted outputs 'lib'") as caught:
        Graph(a="").plan("a", outputs=("lib",))
    assert caught.value.hint == "it has: dev, out"


def test_cycle() -> None:
    with pytest.raises(CycleError):
        Graph(a="b", b="a").plan("a")


def test_depth() -> None:
    names = [f"n{n}" for n in range(3000)]
    graph = Graph(**dict(zip(names, [*names[1:], ""], strict=True)))
    assert len(graph.plan("n0").steps) == 3000
