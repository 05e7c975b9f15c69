"""fromImage: what is taken from a base image, and what is not repeated on top of it (rows 2.006-2.008, 2.017-2.019, 2.025)."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyzstd

from imagetools.builtin.api import LEDGER
from imagetools.bundled.builders.docker_tools.base import (
    BaseImageError,
    BaseOutsideStoreError,
    BaseSystemError,
    BaseTooDeepError,
)
from imagetools.bundled.builders.docker_tools.request import BUILDER_VERSION
from imagetools.bundled.builders.oci_tools.oci_image_layout import OciImageLayout
from imagetools.image_io.archive_reader import validate_archive
from imagetools.image_io.ledger import LayerLedger, recipe_key
from tests.unit.image_io import layouts
from tests.unit.image_io.archives import archive, file, folder, image, link, sha, tar

from .build import build, environment, stream
from .fakes import FakeContext, FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code" * 100_000}})
    bash = made.add("bash", {"bin": {"bash": b"#!elf", "sh": "bash"}}, [libc])
    made.add("hello", {"bin": {"hello": b"#!elf"}}, [libc, bash])
    return made


def lower(store: FakeStore) -> list[bytes]:
    """A base's layers: libc and a link to folders, then something else."""
    name = f"nix/store/{store.path_of('libc').base_name}"
    return [
        tar(folder("nix", 0o700), folder("nix/store", 0o701), folder(name), file(f"{name}/lib", b"x" * 70_000)),
        tar(link("bin", "usr/bin"), file("etc", b"y")),
    ]


def add_base(store: FakeStore, pack: Callable[[bytes], bytes] = bytes, **config: Any) -> str:
    document = {"config": {"Env": ["A=base", "B=base"], "Cmd": ["/base"], "User": "7"}, **config}
    return store.add("base", pack(archive(image(lower(store), config=document))))


def test_a_layer_on_top(store: FakeStore, tmp_path: Path) -> None:
    base = add_base(store)
    config = {"Env": ["C=own", "A=own"], "Cmd": [store.logical("hello")]}
    built = build(store, tmp_path / "out", "single", fromImage=base, contents=[store.logical("bash")], config=config)
    assert built.tars[:2] == lower(store) and len(built.tars) == 3
    names = {name for name in built.layers[2] if name.count("/") == 2}
    assert names == {f"nix/store/{store.path_of(name)}" for name in ("bash", "hello")}
    assert [built.layers[2][name].mode for name in ("nix", "nix/store")] == [0o700, 0o701]
    assert built.config["config"] == {"Env": ["A=own", "B=base", "C=own"], "Cmd": [store.logical("hello")]}
    assert built.config["rootfs"]["diff_ids"] == [f"sha256:{sha(data)}" for data in built.tars]
    assert built.config["history"] == [
        {"created": "2001-02-03T04:05:06Z", "created_by": "layer 0"},
        {"created": "2001-02-03T04:05:06Z", "created_by": "layer 1"},
        {"created": "1970-01-01T00:00:01Z"},
    ]
    assert built.manifest["RepoTags"] == ["test:1"]
    assert built.log == [
        f"Reading the image {base}",
        f"Adding base layer 1 from {sha(built.tars[0])}/layer.tar",
        f"Adding base layer 2 from {sha(built.tars[1])}/layer.tar",
        "Adding contents...",
        f"Adding {store.logical('bash')}",
        "warning: /bin is a link to 'usr/bin' in the base image; a folder of this image takes its place",
        "Packing layer...",
        "Adding manifests...",
        "Done.",
    ]


def test_layers_on_top(store: FakeStore, tmp_path: Path) -> None:
    base = add_base(store)
    built = build(store, tmp_path / "out", "layered", fromImage=base, contents=[store.logical("hello")])
    assert built.tars[:2] == lower(store)
    assert [f"nix/store/{store.path_of(name)}" in layer for name, layer in zip(("bash", "hello"), built.layers[2:], strict=False)]
    assert len(built.tars) == 5
    assert not any(f"nix/store/{store.path_of('libc')}" in layer for layer in built.layers[2:])
    assert built.config["config"] == {"Env": ["A=base", "B=base"]}
    assert built.log[1:] == [
        "warning: /bin is a link to 'usr/bin' in the base image; a folder of this image takes its place",
        f"Adding base layer 1 from {sha(built.tars[0])}/layer.tar",
        f"Adding base layer 2 from {sha(built.tars[1])}/layer.tar",
        f"Creating layer 3 from paths: ['{store.logical('bash')}']",
        f"Creating layer 4 from paths: ['{store.logical('hello')}']",
        "Creating layer 5 with customisation...",
        "Adding manifests...",
        "Done.",
    ]


def test_layers_are_those_without_a_base(store: FakeStore, tmp_path: Path) -> None:
    """What lies below changes no layer on top."""
    base = store.add("base", archive(image([tar(file("x"))])))
    on_base = build(store, tmp_path / "one", "layered", fromImage=base, contents=[store.logical("hello")])
    alone = build(store, tmp_path / "two", "layered", contents=[store.logical("hello")])
    assert on_base.tars[1:] == alone.tars


def test_a_chain_of_our_own(store: FakeStore, tmp_path: Path) -> None:
    """Each of the images adds what the one below has not."""
    build(store, tmp_path / "first", "layered", contents=[store.logical("bash")])
    first = store.add("first", (tmp_path / "first").read_bytes())
    build(store, tmp_path / "second", "single", fromImage=first, contents=[store.logical("hello")])
    second = store.add("second", (tmp_path / "second").read_bytes())
    built = build(store, tmp_path / "third", "layered", fromImage=second, contents=[store.logical("hello")], compressor="zstd")
    names = [name for layer in built.layers for name in layer if name.startswith("nix/store/") and name.count("/") == 2]
    assert sorted(names) == sorted(f"nix/store/{store.path_of(name)}" for name in ("bash", "hello", "libc"))
    comments = [item.get("comment", "").partition(":")[0] for item in built.config["history"]]
    assert comments == ["store paths", "store paths", "customisation layer", "", "store paths", "customisation layer"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pyzstd.compress])
@pytest.mark.parametrize("inner", [bytes, gzip.compress, pyzstd.compress])
def test_a_script_reads_the_base(
    store: FakeStore, tmp_path: Path, pack: Callable[[bytes], bytes], inner: Callable[[bytes], bytes]
) -> None:
    tars = lower(store)
    base = store.add("base", pack(archive(image(tars, stored=[inner(data) for data in tars]))))
    attributes: dict[str, Any] = {"fromImage": base, "contents": [store.logical("hello")]}
    built = build(store, tmp_path / "out", "layered", **attributes)
    script = stream(store, tmp_path, **attributes)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=True)
    assert done.stdout == built.archive
    assert done.stderr.decode().splitlines() == built.log[2:]
    plan = store.root / store.path_of("stream-plan").base_name
    assert (gzip.compress(tars[0])[20:40] in gzip.decompress(plan.read_bytes())) is False
    whole = (bytes, bytes), (bytes, gzip.compress), (gzip.compress, bytes)
    assert (b"x" * 70_000 in gzip.decompress(plan.read_bytes())) is ((pack, inner) not in whole)
    if (pack, inner) in whole:
        (store.root / store.path_of("base").base_name).unlink()
        done = subprocess.run([sys.executable, str(script)], capture_output=True, check=False)
        assert done.returncode == 1 and not done.stdout and f"the store path {base} is gone".encode() in done.stderr


def test_a_script_on_a_layout(store: FakeStore, tmp_path: Path) -> None:
    layout = layouts.Layout()
    layout.index(layout.image(lower(store))).write(store.root / store.path_of("base").base_name)
    store.add("nothing", b"")
    store.infos[store.path_of("base")] = store.infos[store.path_of("nothing")]
    attributes: dict[str, Any] = {"fromImage": store.logical("base"), "contents": [store.logical("hello")]}
    built = build(store, tmp_path / "out", "layered", **attributes)
    done = subprocess.run([sys.executable, str(stream(store, tmp_path, **attributes))], capture_output=True, check=True)
    assert done.stdout == built.archive


def test_a_damaged_base_stops_the_script(store: FakeStore, tmp_path: Path) -> None:
    base = add_base(store, gzip.compress)
    script = stream(store, tmp_path, fromImage=base)
    place = store.root / store.path_of("base").base_name
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:200])
    done = subprocess.run([sys.executable, str(script)], capture_output=True, check=False)
    assert done.returncode == 1 and f"the base image '{place}' is damaged".encode() in done.stderr


def layout_of(store: FakeStore, out: Path, **attributes: Any) -> tuple[Path, list[str]]:
    env = environment("layered", {"format": "dir", "annotations": "{}", **attributes})
    ctx = FakeContext(store, out, env, "oci-layout")
    ctx.outputs["digests"] = str(out) + "-digests"
    ctx.logical_outputs = {"out": store.logical("layout"), "digests": store.logical("layout-digests")}
    OciImageLayout().build(ctx)
    assert validate_archive(str(out)) == ()
    return out, ctx.lines


@pytest.mark.parametrize(("inner", "kept"), [(bytes, False), (gzip.compress, True), (pyzstd.compress, True)])
def test_layouts_keep_compressed_layers(store: FakeStore, tmp_path: Path, inner: Callable[[bytes], bytes], kept: bool) -> None:
    tars = lower(store)
    stored = [inner(data) for data in tars]
    base = store.add("base", archive(image([*tars, tars[0]], stored=[*stored, stored[0]])))
    out, lines = layout_of(store, tmp_path / "out", fromImage=base, contents=[store.logical("hello")])
    digests = json.loads(Path(f"{out}-digests").read_bytes())
    assert digests["diffIds"][:3] == [f"sha256:{sha(data)}" for data in [*tars, tars[0]]]
    assert (digests["layers"][:2] == [f"sha256:{sha(data)}" for data in stored]) is kept
    assert digests["layers"][2] == digests["layers"][0]
    assert lines[0] == f"Reading the image {base}"
    archived = build(store, tmp_path / "archive", "layered", fromImage=base, contents=[store.logical("hello")])
    assert digests["config"] == f"sha256:{archived.manifest['Config'].removesuffix('.json')}"


def refused(store: FakeStore, tmp_path: Path, layout: str = "layered", **attributes: Any) -> Exception:
    out = tmp_path / "refused"
    with pytest.raises((BaseImageError, BaseOutsideStoreError, BaseSystemError, BaseTooDeepError)) as caught:
        build(store, out, layout, **attributes)
    return caught.value


def test_the_layer_budget_counts_the_base(store: FakeStore, tmp_path: Path) -> None:
    base = add_base(store)
    built = build(store, tmp_path / "out", "layered", fromImage=base, contents=[store.logical("hello")], maxLayers=4)
    assert len(built.tars) == 4
    error = refused(store, tmp_path, fromImage=base, contents=[store.logical("hello")], maxLayers=3)
    assert isinstance(error, BaseTooDeepError)
    assert error.message == (
        "maxLayers is 3, but the base image has 2 layers, and at least 2 more are needed"
        " (1 for store paths, 1 for the customisation)"
    )
    assert error.hint == "set maxLayers to 4 or more"


def test_a_base_that_is_too_deep(store: FakeStore, tmp_path: Path) -> None:
    layers = [tar(file(str(number))) for number in range(125)]
    assert len(build(store, tmp_path / "out", "single", fromImage=store.add("ok", archive(image(layers[:124])))).tars) == 125
    error = refused(store, tmp_path, "single", fromImage=store.add("deep", archive(image(layers))))
    assert isinstance(error, BaseTooDeepError)
    assert error.message == ("the base image has 125 layers: with 1 for this image that is more than the 125 that Docker takes")
    error = refused(store, tmp_path, fromImage=store.add("ok", archive(image(layers[:124]))), maxLayers=125)
    assert isinstance(error, BaseTooDeepError) and "1 for store paths, 1 for the customisation" in error.message
    assert error.hint is not None and "dockerTools.exportImage" in error.hint


def test_what_cannot_be_built_on(store: FakeStore, tmp_path: Path) -> None:
    def message(**attributes: Any) -> tuple[str, str | None]:
        error = refused(store, tmp_path, **attributes)
        assert isinstance(error, BaseImageError | BaseOutsideStoreError | BaseSystemError)
        return error.message, error.hint

    script = store.add("script", b"#!/bin/sh\n")
    assert message(fromImage=script) == (
        f"cannot use the image '{script}': it is a script, neither a docker archive nor an OCI layout",
        "such a script writes an image when it runs: use what buildLayeredImage gives for the same arguments",
    )
    assert message(fromImage="/etc/passwd") == (
        "cannot use the image '/etc/passwd': it is not in the store",
        "give it as a derivation, or as a path without quotes (./base.tar)",
    )
    base = add_base(store, os="windows")
    assert message(fromImage=base) == (f"cannot use the image '{base}': it is an image for 'windows', not for Linux", None)
    assert message(fromImage=base, fromImageName="other") == (
        f"cannot use the image '{base}': there is no image 'other'",
        "it has base:1",
    )
    entry, members = image([tar(file("x"))])
    lies = store.add("lies", archive((entry, {**members, entry["Layers"][0]: tar(file("y"))})))
    assert message(fromImage=lies)[0].startswith(
        f"cannot use the image '{lies}': bad image: {entry['Layers'][0]}: its diff ID is sha256:"
    )
    assert message(fromImage=store.add("bad-environment", archive(image([tar(file("x"))], config={"config": {"Env": 7}}))))[
        0
    ].endswith("bad image: the config: its Env is no list of strings")


def test_another_machine(store: FakeStore, tmp_path: Path) -> None:
    base = add_base(store, architecture="s390x")
    built = build(store, tmp_path / "out", "single", fromImage=base)
    assert "warning: the base image is for s390x, this image for amd64" in built.log


def test_one_of_several(store: FakeStore, tmp_path: Path) -> None:
    tars = [tar(file("one")), tar(file("two"))]
    base = store.add("base", archive(image(tars[:1], ["one:1"]), image(tars[1:], ["two:1", "two:2"])))
    for name, tag, layer in (("", "", 0), ("two", "", 1), ("two", "2", 1), ("", "2", 1), ("docker.io/library/one", "1", 0)):
        built = build(store, tmp_path / "out", "single", fromImage=base, fromImageName=name, fromImageTag=tag)
        assert built.tars[0] == tars[layer]


def test_a_store_that_is_not_wanted(store: FakeStore, tmp_path: Path) -> None:
    built = build(
        store, tmp_path / "out", "layered", fromImage=add_base(store), contents=[store.logical("hello")], includeStorePaths=""
    )
    assert len(built.tars) == 3


def test_a_script_of_ours_as_the_base(store: FakeStore, tmp_path: Path) -> None:
    """What it would write can be built on, though nothing of it is written."""
    built = build(store, tmp_path / "first", "layered", contents=[store.logical("bash")])
    script = stream(store, tmp_path, contents=[store.logical("bash")])
    store.infos[store.path_of("stream")] = store.infos[store.path_of("hello")]
    assert script.exists()
    upon = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")], fromImage=store.logical("stream"))
    assert upon.tars[: len(built.tars)] == built.tars and len(upon.tars) == len(built.tars) + 2


def test_a_base_is_hashed_once(store: FakeStore, tmp_path: Path) -> None:
    """A ledger knows that a base's layers were looked at; it knows the base by its bytes."""
    base = add_base(store)
    first = build(store, tmp_path / "first", "layered", fromImage=base)
    ledger = LayerLedger(str(tmp_path / LEDGER))
    nar_hash = store.infos[store.path_of("base")].nar_hash
    members = first.manifest["Layers"][:2]
    facts = [ledger.find(recipe_key(f"a base image's layer {member}", BUILDER_VERSION, [nar_hash])) for member in members]
    assert [item and (item.diff_id.base16(), item.size) for item in facts] == [(sha(data), len(data)) for data in first.tars[:2]]
    assert build(store, tmp_path / "second", "layered", fromImage=base).archive == first.archive


def test_layers_that_depend_on_the_base_say_so(store: FakeStore, tmp_path: Path) -> None:
    """Else an image for several machines could take a layer that was made on another machine's base."""
    names = []
    for number in range(2):
        base = store.add(f"base-{number}", archive(image([tar(folder("nix", 0o700 + number))])))
        built = build(store, tmp_path / f"{number}", "single", fromImage=base, contents=[store.logical("hello")])
        assert built.layers[1]["nix"].mode == 0o700 + number
        names.append(built.manifest["Layers"][1])
    assert names[0] != names[1]


def test_each_machine_has_its_base(store: FakeStore, tmp_path: Path) -> None:
    layout = layouts.Layout()
    items = []
    for cpu in ("amd64", "arm64"):
        made = layout.image((tar(file(cpu)),), config={"architecture": cpu, "config": {"Env": [f"CPU={cpu}"]}}, tag=None)
        items.append({**made, "platform": {"os": "linux", "architecture": cpu}})
    index = layout.add_json(layouts.INDEX, {"schemaVersion": 2, "manifests": items})
    base = store.add("base", Path(layout.index(index).tar(tmp_path / "layout.tar")).read_bytes())
    machines = json.dumps([{"architecture": "arm64"}, {"architecture": "amd64"}])
    out, lines = layout_of(store, tmp_path / "out", fromImage=base, contents=[store.logical("hello")], machines=machines)
    digests = json.loads(Path(f"{out}-digests").read_bytes())["machines"]
    for cpu in ("amd64", "arm64"):
        assert digests[cpu]["diffIds"][0] == f"sha256:{sha(tar(file(cpu)))}"
        config = json.loads((out / "blobs" / digests[cpu]["config"].replace(":", "/")).read_bytes())
        assert (config["architecture"], config["config"]["Env"]) == (cpu, [f"CPU={cpu}"])
    assert digests["amd64"]["diffIds"][1:] == digests["arm64"]["diffIds"][1:]
    assert not any("warning" in line for line in lines)


def test_a_link_that_hides_a_folder(store: FakeStore, tmp_path: Path) -> None:
    store.add("linked", {"etc": store.logical("hello") + "/bin", "srv": b"file", "var": {"x": b""}, "usr": {"lib": "../etc"}})
    base = store.add(
        "base",
        archive(image([tar(folder("etc"), folder("srv"), folder("var"), folder("usr"), folder("usr/lib"), file("usr/lib/x"))])),
    )
    built = build(store, tmp_path / "out", "layered", fromImage=base, contents=[store.logical("linked")])
    assert [line for line in built.log if line.startswith("warning")] == [
        "warning: /etc is a folder in the base image; a link of this image takes its place",
        "warning: /srv is a folder in the base image; a link of this image takes its place",
        "warning: /usr/lib is a folder in the base image; a link of this image takes its place",
    ]
    gone = store.add(
        "gone", archive(image([tar(folder("etc"), file("etc/passwd"), folder("srv")), tar(file(".wh.etc"), link("srv", "x"))]))
    )
    built = build(store, tmp_path / "out", "layered", fromImage=gone, contents=[store.logical("linked")])
    assert not any(line.startswith("warning") for line in built.log)
