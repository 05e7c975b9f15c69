"""A layering pipeline: which store paths share a layer, said by the definition (nixpkgs' ``layeringPipeline``).

A pipeline is a list of steps, each a list of a name and its arguments; the first gets the graph of all store paths, each next one
what came out of the step before. Values are a graph, a list of values, or parts by name (``main``, ``common``, ``rest``). At the
end everything is flattened, and each graph that is not empty is a layer. Steps do exactly what nixpkgs' flatten_references_graph
does; where that program dies or quietly does nothing, there is a sentence here. ``size_cohorts`` and ``merge_small`` are ours.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ...kernel.amounts import amount
from .cohorts import size_cohorts
from .path_graph import PathGraph, merged
from .pipeline_errors import PipelineStepError, PipelineValueError
from .popularity import popularity, popularity_key
from .splitting import split_paths, subcomponent

Say = Callable[[str], object]
#: A graph, a list of values, or values by name. Python's types cannot say it recursively without names in three places.
Value = Any


class Pipeline:
    """Steps that were checked. ``say`` hears after each step what came out of it; it is for people."""

    def __init__(self, steps: object, say: Say | None = None, where: str = "") -> None:
        """Raises PipelineStepError."""
        if not isinstance(steps, list):
            raise PipelineStepError(where, "a pipeline is a list of steps")
        self._steps: Final = [_Step(step, say, f"{where}step {number}") for number, step in enumerate(steps, 1)]

    def run(self, value: Value) -> Value:
        """Raises PipelineValueError."""
        for step in self._steps:
            value = step.run(value)
        return value

    def layers(self, graph: PathGraph) -> list[PathGraph]:
        """The layers, from the lowest up. Raises PipelineValueError."""
        return [layer for layer in flat(self.run(graph)) if layer.edges]

    def mentioned(self) -> set[str]:
        """The store paths that steps name."""
        return {path for step in self._steps for path in step.mentioned()}


class _Step:
    """One step: its name, its arguments checked."""

    def __init__(self, step: object, say: Say | None, where: str) -> None:
        if not isinstance(step, list) or not step or not isinstance(step[0], str):
            raise PipelineStepError(where, "a step is a list: the name of an operation, then its arguments")
        self._name: Final = step[0]
        self._where: Final = f"{where} ({self._name})"
        self._say: Final = say
        self._inner: list[Pipeline | _Step] = []
        self._paths: tuple[str, ...] = ()
        maker = _OPERATIONS.get(self._name)
        if maker is None:
            raise PipelineStepError(where, f"there is no operation '{self._name}'; there are {', '.join(sorted(_OPERATIONS))}")
        counts, make = maker
        if len(step) - 1 != counts:
            raise PipelineStepError(self._where, f"it takes {counts} argument{'' if counts == 1 else 's'}, not {len(step) - 1}")
        self._run: Final = make(self, *step[1:])

    def run(self, value: Value) -> Value:
        result = self._run(value)
        if self._say is not None:
            self._say(f"layering: {self._where}: {described(result)}")
        return result

    def mentioned(self) -> set[str]:
        return {*self._paths, *(path for inner in self._inner for path in inner.mentioned())}

    # what arguments may be

    def wrong(self, reason: str) -> PipelineStepError:
        return PipelineStepError(self._where, reason)

    def number(self, value: object) -> int:
        if type(value) is not int or value < 1:
            raise self.wrong(f"its number must be a whole one of at least 1, not {value!r}")
        return value

    def text(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.wrong(f'its first argument is the name of a part, such as "main", not {value!r}')
        return value

    def texts(self, value: object, *, children: bool = False) -> tuple[str, ...]:
        """One store path, or a list of them. ``children``: sets are for the caller."""
        items = value if isinstance(value, list) else [value]
        texts = tuple(item for item in items if isinstance(item, str))
        if len(texts) + (sum(isinstance(item, dict) for item in items) if children else 0) != len(items):
            raise self.wrong(
                "its argument is a store path or a list of them" + (" or of { children_of = PATH; }" if children else "")
            )
        self._paths += texts
        return texts

    def step(self, value: object) -> "_Step":
        inner = _Step(value, self._say, f"{self._where}, its step")
        self._inner.append(inner)
        return inner

    def pipeline(self, value: object) -> Pipeline:
        inner = Pipeline(value, self._say, f"{self._where}, ")
        self._inner.append(inner)
        return inner

    # what values may be

    def graph(self, value: Value) -> PathGraph:
        if not isinstance(value, PathGraph):
            raise PipelineValueError(
                self._where, "a graph", described(value), 'use "over" for one part, or "map" for each of a list'
            )
        return value

    def items(self, value: Value) -> list[Value]:
        if not isinstance(value, list):
            raise PipelineValueError(self._where, "a list of graphs", described(value), 'put ["flatten"] before it')
        return value

    def graphs(self, value: Value) -> list[PathGraph]:
        for item in self.items(value):
            if not isinstance(item, PathGraph):
                raise PipelineValueError(
                    self._where, "a list of graphs", described(item) + " in a list", 'put ["flatten"] before it'
                )
        return list(value)

    def parts(self, value: Value) -> dict[str, Value]:
        if not isinstance(value, dict):
            raise PipelineValueError(self._where, "parts by name", described(value), "split_paths and subcomponent_* make parts")
        return value


Operation = Callable[[Value], Value]


def _on_graph(operation: Callable[[PathGraph], Value]) -> Callable[[_Step], Operation]:
    return lambda step: lambda value: operation(step.graph(value))


def _by_popularity(graph: PathGraph) -> list[PathGraph]:
    scores = popularity(graph.roots, graph.edges)
    return [graph.alone(path) for path in sorted(scores, key=lambda path: (-scores[path], popularity_key(path)))]


def _flatten(step: _Step) -> Operation:
    return flat


def _reverse(step: _Step) -> Operation:
    return lambda value: step.items(value)[::-1]


def _map(step: _Step, function: object) -> Operation:
    inner = step.step(function)
    return lambda value: [inner.run(item) for item in step.items(value)]


def _pipe(step: _Step, steps: object) -> Operation:
    return step.pipeline(steps).run


def _over(step: _Step, name: object, function: object) -> Operation:
    part, inner = step.text(name), step.step(function)

    def run(value: Value) -> Value:
        parts = step.parts(value)
        if part not in parts:
            raise PipelineValueError(step._where, f"a part '{part}'", described(value), "")
        return {**parts, part: inner.run(parts[part])}

    return run


def _reorder(step: _Step, names: object) -> Operation:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise step.wrong("its argument is a list of names of parts")

    def run(value: Value) -> Value:
        if not isinstance(value, dict):
            return value
        first = {name: value[name] for name in names if name in value}
        return {**first, **value}

    return run


def _limit_layers(step: _Step, most: object) -> Operation:
    alone = step.number(most) - 1

    def run(value: Value) -> Value:
        items = step.items(value)
        return [*items[:alone], merged(step.graphs(items[alone:]))]

    return run


def _merge_small(step: _Step, least: object) -> Operation:
    border = step.number(least)

    def run(value: Value) -> Value:
        graphs = step.graphs(value)
        small = [graph for graph in graphs if graph.size < border]
        return [*(graph for graph in graphs if graph.size >= border), merged(small)]

    return run


def _split_every(step: _Step, count: object) -> Operation:
    width = step.number(count)
    return lambda value: step.graph(value).cut(width)


def _remove_paths(step: _Step, paths: object) -> Operation:
    dropped = step.texts(paths)
    return lambda value: step.graph(value).without(dropped)


def _size_cohorts(step: _Step, most: object) -> Operation:
    limit = step.number(most)
    return lambda value: size_cohorts(step.graph(value), limit)


def _subcomponent_in(step: _Step, paths: object) -> Operation:
    wanted = step.texts(paths)
    return lambda value: subcomponent(step.graph(value), wanted, PathGraph.above)


def _subcomponent_out(step: _Step, paths: object) -> Operation:
    wanted = step.texts(paths)
    return lambda value: subcomponent(step.graph(value), wanted, PathGraph.below)


def _split_paths(step: _Step, paths: object) -> Operation:
    wanted = step.texts(paths, children=True)
    parents: list[str] = []
    for item in paths if isinstance(paths, list) else [paths]:
        if isinstance(item, dict):
            if list(item) != ["children_of"]:
                raise step.wrong(f"a set in it has one attribute, children_of, not {', '.join(sorted(item)) or 'none'}")
            parents += step.texts(item["children_of"])
    return lambda value: split_paths(step.graph(value), wanted, parents)


_OPERATIONS: Final[dict[str, tuple[int, Callable[..., Operation]]]] = {
    "flatten": (0, _flatten),
    "limit_layers": (1, _limit_layers),
    "map": (1, _map),
    "merge_small": (1, _merge_small),
    "over": (2, _over),
    "pipe": (1, _pipe),
    "popularity_contest": (0, _on_graph(_by_popularity)),
    "remove_paths": (1, _remove_paths),
    "reorder": (1, _reorder),
    "reverse": (0, _reverse),
    "size_cohorts": (1, _size_cohorts),
    "split_every": (1, _split_every),
    "split_paths": (1, _split_paths),
    "subcomponent_in": (1, _subcomponent_in),
    "subcomponent_out": (1, _subcomponent_out),
}


def flat(value: Value) -> list[PathGraph]:
    """All graphs in ``value``, in order, empty ones too."""
    if isinstance(value, PathGraph):
        return [value]
    items: Iterable[Value] = value.values() if isinstance(value, dict) else value
    return [graph for item in items for graph in flat(item)]


def described(value: Value) -> str:
    """What a value is, in a few words."""
    if isinstance(value, dict):
        return "parts " + ", ".join(f"{name}: {_counted(flat(part))}" for name, part in value.items()) if value else "no parts"
    if isinstance(value, PathGraph):
        return f"a graph of {_paths([value])}"
    return f"a list of {_counted(flat(value))}"


def _counted(graphs: Sequence[PathGraph]) -> str:
    return f"{len(graphs)} graph{'' if len(graphs) == 1 else 's'} of {_paths(graphs)}"


def _paths(graphs: Sequence[PathGraph]) -> str:
    count = sum(len(graph.edges) for graph in graphs)
    return f"{count} path{'' if count == 1 else 's'}, {amount(sum(graph.size for graph in graphs))}"
