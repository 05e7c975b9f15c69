"""Which store paths of an image share a layer: pipelines, tiny paths, and what the log says (rows 2.038-2.040)."""

import json
from pathlib import Path

import pytest

from imagetools.bundled.builders.docker_tools.layer_choice import PipelineFileError
from imagetools.image.layering.pipeline_errors import PipelineStepError
from imagetools.image.layering.plan import TINY, TooDeepError

from .build import Built, build
from .fakes import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    """app -> python -> libc, app -> data, shell -> libc; hook and note are tiny."""
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"libc.so": b"c" * 400_000})
    python = made.add("python", {"python": b"p" * 900_000}, [libc])
    data = made.add("data", {"data": b"d" * 500_000})
    hook = made.add("hook", b"hook")
    note = made.add("note", b"note", [hook])
    made.add("app", {"bin": {"app": b"a" * 200_000}}, [python, data, note])
    made.add("shell", {"bin": {"sh": b"s" * 300_000}}, [libc, hook])
    return made


def names(store: FakeStore, built: Built) -> list[list[str]]:
    """For each layer the names of its store paths."""
    by_base = {store.path_of(name).base_name: name for name in ("libc", "python", "data", "hook", "note", "app", "shell")}
    found = [
        [by_base[m.split("/")[2]] for m in layer if m.startswith("nix/store/") and m.count("/") == 2] for layer in built.layers
    ]
    return [sorted(layer) for layer in found]


def layered(store: FakeStore, out: Path, pipeline: object, **attributes: object) -> list[list[str]]:
    contents = [store.logical("app"), store.logical("shell")]
    built = build(store, out, "layered", contents=contents, layeringPipeline=json.dumps(pipeline), **attributes)
    return names(store, built)


def test_explicit_layers(store: FakeStore, tmp_path: Path) -> None:
    pipeline = [
        ["split_paths", [store.logical("app")]],
        ["over", "main", ["subcomponent_in", [store.logical("app")]]],
        ["over", "rest", ["pipe", [["popularity_contest"]]]],
        ["reorder", ["common", "rest", "main"]],
    ]
    assert layered(store, tmp_path / "out", pipeline) == [["hook", "libc"], ["shell"], ["app"], ["data", "note", "python"], []]


def test_a_pipeline_in_a_file_and_without_a_budget(store: FakeStore, tmp_path: Path) -> None:
    file = store.add("pipeline.json", json.dumps([["popularity_contest"], ["limit_layers", 3]]).encode())
    found = layered(store, tmp_path / "out", file, maxLayers=2)
    assert [len(layer) for layer in found] == [1, 1, 5, 0]


def test_size_cohorts_and_merged_small_ones(store: FakeStore, tmp_path: Path) -> None:
    cohorts = [["libc"], ["hook"], ["data"], ["shell"], ["python"], ["app", "note"], []]
    assert sorted(layered(store, tmp_path / "one", [["size_cohorts", 6]])) == sorted(cohorts)
    merged = layered(store, tmp_path / "two", [["popularity_contest"], ["merge_small", 100_000]])
    assert merged[-2:] == [["hook", "note"], []] and len(merged) == 7


def test_removed_paths_are_not_in_the_image(store: FakeStore, tmp_path: Path) -> None:
    assert layered(store, tmp_path / "out", [["remove_paths", store.logical("data")]]) == [
        ["app", "hook", "libc", "note", "python", "shell"],
        [],
    ]


def test_the_log_of_a_pipeline(store: FakeStore, tmp_path: Path) -> None:
    absent = store.logical("absent")
    pipeline = json.dumps([["subcomponent_out", [absent, store.logical("shell")]], ["flatten"]])
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("shell")], layeringPipeline=pipeline, debug="1")
    assert built.log[:4] == [
        f"note: layeringPipeline names {absent}, which is not part of the image",
        "layering: step 1 (subcomponent_out): parts main: 1 graph of 3 paths, 683.6 KiB, rest: 1 graph of 0 paths, 0 bytes",
        "layering: step 2 (flatten): a list of 2 graphs of 3 paths, 683.6 KiB",
        "layering: layer 1: 3 paths, 683.6 KiB",
    ]
    paths = sorted(store.logical(name) for name in ("libc", "hook", "shell"))
    assert built.log[4:] == [
        f"Creating layer 1 from paths: {paths}",
        "Creating layer 2 with customisation...",
        "Adding manifests...",
        "Done.",
    ]


def test_where_layers_are_scarce_tiny_paths_get_none_of_their_own(store: FakeStore, tmp_path: Path) -> None:
    contents = [store.logical("app"), store.logical("shell")]

    def sizes(most: int) -> list[list[str]]:
        return names(store, build(store, tmp_path / f"out{most}", "layered", contents=contents, maxLayers=most))

    assert sizes(8) == [["hook"], ["libc"], ["data"], ["note"], ["python"], ["app"], ["shell"], []]
    assert sizes(7) == [["libc"], ["data"], ["python"], ["app"], ["shell"], ["hook", "note"], []]
    assert sizes(4) == [["libc"], ["data"], ["app", "hook", "note", "python", "shell"], []]
    assert TINY == 131072


@pytest.mark.parametrize("most", [2, 3, 5, 8, 100])
@pytest.mark.parametrize("pipeline", [None, [["size_cohorts", 2]], [["popularity_contest"], ["reverse"]]])
def test_no_path_is_there_twice(store: FakeStore, tmp_path: Path, most: int, pipeline: object) -> None:
    attributes = {} if pipeline is None else {"layeringPipeline": json.dumps(pipeline)}
    contents = [store.logical("app"), store.logical("shell"), store.logical("app")]
    config = {"Cmd": [store.logical("shell") + "/bin/sh"]}
    found = names(
        store, build(store, tmp_path / "out", "layered", contents=contents, config=config, maxLayers=most, **attributes)
    )
    flat = [name for layer in found for name in layer]
    assert sorted(flat) == ["app", "data", "hook", "libc", "note", "python", "shell"]


def test_equal_layers_are_equal_whatever_led_to_them(store: FakeStore, tmp_path: Path) -> None:
    one = build(store, tmp_path / "one", "layered", contents=[store.logical("shell")], maxLayers=2)
    pipeline = json.dumps([["popularity_contest"], ["reverse"], ["limit_layers", 1]])
    two = build(store, tmp_path / "two", "layered", contents=[store.logical("shell")], layeringPipeline=pipeline)
    assert one.config["rootfs"] == two.config["rootfs"]


def test_wrong_pipelines(store: FakeStore, tmp_path: Path) -> None:
    with pytest.raises(PipelineStepError, match="layeringPipeline: step 1: there is no operation 'x'"):
        layered(store, tmp_path / "out", [["x"]])
    absent = store.logical("absent")
    with pytest.raises(PipelineFileError) as caught:
        layered(store, tmp_path / "out", absent)
    assert str(caught.value) == f"layeringPipeline: '{absent}' cannot be read: No such file or directory"
    text = store.add("text", b"[")
    with pytest.raises(PipelineFileError) as caught:
        layered(store, tmp_path / "out", text)
    assert str(caught.value) == f"layeringPipeline: '{text}' is not JSON"


def test_too_many_layers(tmp_path: Path) -> None:
    store = FakeStore(tmp_path / "store")
    paths = [store.add(f"p{number}", b"") for number in range(125)]
    top = store.add("top", {"bin": {"x": b""}}, paths)
    with pytest.raises(TooDeepError) as caught:
        build(store, tmp_path / "out", "layered", contents=[top], layeringPipeline='[["popularity_contest"]]')
    assert str(caught.value) == (
        "layeringPipeline gives 126 layers: with that of the customisation these are more than the 125 that Docker takes"
    )
    assert caught.value.hint == 'end it with [ "limit_layers" 124 ], or fewer'


def test_the_time_of_an_image_changes_no_layer(store: FakeStore, tmp_path: Path) -> None:
    contents = [store.logical("app")]
    one = build(store, tmp_path / "one", "layered", contents=contents)
    two = build(store, tmp_path / "two", "layered", contents=contents, created="now", extraCommands="")
    assert one.config["created"] != two.config["created"]
    assert one.config["rootfs"] == two.config["rootfs"]
    three = build(store, tmp_path / "three", "layered", contents=contents, mtime="2024-05-31T00:00:00Z")
    assert one.config["created"] == three.config["created"]
    assert not set(one.config["rootfs"]["diff_ids"]) & set(three.config["rootfs"]["diff_ids"])
