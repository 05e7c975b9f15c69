"""Layering pipelines against outputs of nixpkgs' own programs (tests/golden/image), and the sentences for wrong ones.

The goldens were made by running flatten_references_graph and auto-layer.py of nixpkgs on random graphs and pipelines; how layers
of equal closure size follow each other is left to chance in the latter.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.image.layering.path_graph import PathGraph, merged
from imagetools.image.layering.pipeline import Pipeline
from imagetools.image.layering.pipeline_errors import PipelineStepError, PipelineValueError

GOLDEN = Path(__file__).parents[3] / "golden" / "image"
PIPELINES: list[dict[str, Any]] = json.loads((GOLDEN / "layering_pipelines.json").read_text())
COHORTS: list[dict[str, Any]] = json.loads((GOLDEN / "size_cohorts.json").read_text())


def graph(found: dict[str, list[Any]]) -> PathGraph:
    return PathGraph.of({path: item[1:] for path, item in found.items()}, {path: item[0] for path, item in found.items()})


def layers(pipeline: object, of: PathGraph) -> list[list[str]]:
    return [list(layer.paths) for layer in Pipeline(pipeline).layers(of)]


@pytest.mark.parametrize("case", PIPELINES, ids=range(len(PIPELINES)))
def test_pipelines_give_the_layers_of_nixpkgs(case: dict[str, Any]) -> None:
    if isinstance(case["layers"], dict):
        with pytest.raises(PipelineValueError, match=f"it wants a part '{case['layers']['no part']}', but here is parts "):
            layers(case["pipeline"], graph(case["graph"]))
    else:
        assert layers(case["pipeline"], graph(case["graph"])) == case["layers"]


@pytest.mark.parametrize("case", COHORTS, ids=range(len(COHORTS)))
def test_cohorts_are_those_of_nixpkgs(case: dict[str, Any]) -> None:
    whole = graph(case["graph"])
    found = layers([["size_cohorts", case["most"]]], whole)
    assert sorted(sorted(layer) for layer in found) == case["layers"]
    sizes = [whole.only(whole.below(layer)).size for layer in found]
    assert sizes == sorted(sizes)


FIVE = graph(
    {"/s/1-a": [10, "/s/2-b", "/s/3-c"], "/s/2-b": [900, "/s/4-d"], "/s/3-c": [20, "/s/4-d"], "/s/4-d": [50], "/s/5-e": [5]}
)


def test_small_layers_are_merged_into_one() -> None:
    found = layers([["popularity_contest"], ["merge_small", 50]], FIVE)
    assert found == [["/s/4-d"], ["/s/2-b"], ["/s/3-c", "/s/1-a", "/s/5-e"]]


def test_a_graph_alone_is_a_layer_and_nothing_is_none() -> None:
    assert layers([], FIVE) == [["/s/5-e", "/s/1-a", "/s/3-c", "/s/4-d", "/s/2-b"]]
    assert layers([["flatten"]], FIVE) == layers([], FIVE)
    assert layers([["popularity_contest"], ["limit_layers", 9]], PathGraph.of({}, {})) == []
    assert layers([["size_cohorts", 3]], PathGraph.of({}, {})) == []


def test_one_path_may_stand_for_a_list() -> None:
    for name in ("subcomponent_out", "subcomponent_in", "split_paths", "remove_paths"):
        assert layers([[name, "/s/2-b"]], FIVE) == layers([[name, ["/s/2-b"]]], FIVE)
    assert layers([["split_paths", {"children_of": "/s/1-a"}]], FIVE) == layers([["split_paths", ["/s/2-b", "/s/3-c"]]], FIVE)


def test_what_steps_name() -> None:
    pipeline = [["split_paths", ["a", {"children_of": "b"}]], ["over", "main", ["pipe", [["remove_paths", "c"]]]]]
    pipeline += [["flatten"], ["map", ["subcomponent_in", ["d"]]]]
    assert Pipeline(pipeline).mentioned() == {"a", "b", "c", "d"}


def test_each_step_is_told() -> None:
    heard: list[str] = []
    inner = [["popularity_contest"], ["limit_layers", 2]]
    Pipeline([["subcomponent_out", ["/s/3-c"]], ["over", "rest", ["pipe", inner]], ["flatten"]], heard.append).layers(FIVE)
    assert heard == [
        "layering: step 1 (subcomponent_out): parts main: 1 graph of 2 paths, 70 bytes, rest: 1 graph of 3 paths, 915 bytes",
        "layering: step 2 (over), its step (pipe), step 1 (popularity_contest): a list of 3 graphs of 3 paths, 915 bytes",
        "layering: step 2 (over), its step (pipe), step 2 (limit_layers): a list of 2 graphs of 3 paths, 915 bytes",
        "layering: step 2 (over), its step (pipe): a list of 2 graphs of 3 paths, 915 bytes",
        "layering: step 2 (over): parts main: 1 graph of 2 paths, 70 bytes, rest: 2 graphs of 3 paths, 915 bytes",
        "layering: step 3 (flatten): a list of 3 graphs of 5 paths, 985 bytes",
    ]


NAMES = "flatten, limit_layers, map, merge_small, over, pipe, popularity_contest, remove_paths, reorder, reverse, size_cohorts, "
NAMES += "split_every, split_paths, subcomponent_in, subcomponent_out"


@pytest.mark.parametrize(
    ("pipeline", "sentence"),
    [
        ({}, "a pipeline is a list of steps"),
        (["flatten"], "step 1: a step is a list: the name of an operation, then its arguments"),
        ([[]], "step 1: a step is a list: the name of an operation, then its arguments"),
        ([["flatten"], ["flaten"]], f"step 2: there is no operation 'flaten'; there are {NAMES}"),
        ([["flatten", 1]], "step 1 (flatten): it takes 0 arguments, not 1"),
        ([["limit_layers"]], "step 1 (limit_layers): it takes 1 argument, not 0"),
        ([["limit_layers", 0]], "step 1 (limit_layers): its number must be a whole one of at least 1, not 0"),
        ([["limit_layers", True]], "step 1 (limit_layers): its number must be a whole one of at least 1, not True"),
        ([["split_every", "2"]], "step 1 (split_every): its number must be a whole one of at least 1, not '2'"),
        ([["over", 1, ["flatten"]]], 'step 1 (over): its first argument is the name of a part, such as "main", not 1'),
        (
            [["over", "main", "flatten"]],
            "step 1 (over), its step: a step is a list: the name of an operation, then its arguments",
        ),
        ([["pipe", [["x"]]]], f"step 1 (pipe), step 1: there is no operation 'x'; there are {NAMES}"),
        ([["remove_paths", [1]]], "step 1 (remove_paths): its argument is a store path or a list of them"),
        ([["remove_paths", {}]], "step 1 (remove_paths): its argument is a store path or a list of them"),
        (
            [["split_paths", [1]]],
            "step 1 (split_paths): its argument is a store path or a list of them or of { children_of = PATH; }",
        ),
        ([["split_paths", [{"x": 1}]]], "step 1 (split_paths): a set in it has one attribute, children_of, not x"),
        ([["split_paths", [{"children_of": 1}]]], "step 1 (split_paths): its argument is a store path or a list of them"),
        ([["reorder", "main"]], "step 1 (reorder): its argument is a list of names of parts"),
    ],
)
def test_steps_that_mean_nothing(pipeline: object, sentence: str) -> None:
    with pytest.raises(PipelineStepError) as caught:
        Pipeline(pipeline)
    assert str(caught.value) == f"layeringPipeline: {sentence}"


PARTS = ["subcomponent_out", ["/s/3-c"]]
WHOLE = "a graph of 5 paths, 985 bytes"
CUT = "parts main: 1 graph of 2 paths, 70 bytes, rest: 1 graph of 3 paths, 915 bytes"
FLATTEN = 'put ["flatten"] before it'


@pytest.mark.parametrize(
    ("pipeline", "sentence", "hint"),
    [
        ([["limit_layers", 2]], f"step 1 (limit_layers): it wants a list of graphs, but here is {WHOLE}", FLATTEN),
        ([PARTS, ["reverse"]], f"step 2 (reverse): it wants a list of graphs, but here is {CUT}", FLATTEN),
        (
            [["popularity_contest"], ["split_every", 2]],
            "step 2 (split_every): it wants a graph, but here is a list of 5 graphs of 5 paths, 985 bytes",
            'use "over" for one part, or "map" for each of a list',
        ),
        (
            [["over", "main", ["flatten"]]],
            f"step 1 (over): it wants parts by name, but here is {WHOLE}",
            "split_paths and subcomponent_* make parts",
        ),
        ([PARTS, ["over", "common", ["flatten"]]], f"step 2 (over): it wants a part 'common', but here is {CUT}", None),
        (
            [["split_every", 1], ["map", ["split_every", 1]], ["limit_layers", 2]],
            "step 3 (limit_layers): it wants a list of graphs, but here is a list of 1 graph of 1 path, 10 bytes in a list",
            FLATTEN,
        ),
    ],
)
def test_steps_that_get_the_wrong_thing(pipeline: object, sentence: str, hint: str | None) -> None:
    with pytest.raises(PipelineValueError) as caught:
        layers(pipeline, FIVE)
    assert (str(caught.value), caught.value.hint) == (f"layeringPipeline: {sentence}", hint)


@st.composite
def graphs(draw: st.DrawFn) -> PathGraph:
    size = draw(st.integers(0, 14))
    paths = [f"/s/{number:02}-p{draw(st.integers(0, 3))}" for number in range(size)]
    below = {path: draw(st.lists(st.sampled_from(paths[place:]), max_size=4)) for place, path in enumerate(paths)}
    return PathGraph.of(below, {path: draw(st.integers(0, 1 << 20)) for path in paths})


@given(graphs(), st.integers(1, 8))
def test_every_path_is_in_one_layer_and_the_limit_holds(whole: PathGraph, most: int) -> None:
    for pipeline in ([["popularity_contest"], ["limit_layers", most]], [["size_cohorts", most]]):
        found = Pipeline(pipeline).layers(whole)
        assert sorted(merged(found).paths) == sorted(whole.paths)
        assert sum(len(layer.edges) for layer in found) == len(whole.edges)
        assert len(found) <= most


@given(graphs(), st.data())
def test_parts_have_every_path_once(whole: PathGraph, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from([*whole.paths, "/s/zz-absent"]), max_size=4))
    for name in ("split_paths", "subcomponent_in", "subcomponent_out"):
        found = Pipeline([[name, wanted]]).layers(whole)
        assert sorted(path for layer in found for path in layer.paths) == sorted(whole.paths)
