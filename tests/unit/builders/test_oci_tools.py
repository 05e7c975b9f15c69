"""ociTools' two builders over a store in a folder (rows 2.073-2.076)."""

import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest
import pyzstd

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.builders.oci_tools.oci_bundle import OciBundle
from imagetools.bundled.builders.oci_tools.oci_image_layout import OciImageLayout
from imagetools.image_io.archive_reader import validate_archive
from tests.unit.image_io.layouts import blob

from .build import RUN, build, environment
from .fakes import FakeContext, FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code" * 300_000, "caf\xe9 \xff": b""}})
    hello = made.add("hello", {"bin": {"hello": b"#!elf", "link": "hello"}}, [libc])
    made.add("unused", {"bin": {"unused": b"#!"}})
    made.add("app", {"bin": {"app": b"#!elf"}}, [hello])
    return made


def bundle(store: FakeStore, out: Path, **attributes: Any) -> Path:
    env = {"builderVersion": "1", "os": "linux", "arch": "x86_64", "readonly": "", "mounts": "{}", "processArgs": "[]"}
    env.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()})
    OciBundle().build(FakeContext(store, out, env, "oci-bundle"))
    return out


def test_a_bundle_has_the_closure_of_its_arguments(store: FakeStore, tmp_path: Path) -> None:
    out = bundle(store, tmp_path / "out", processArgs=[store.logical("hello") + "/bin/hello", "ü"], readonly="1")
    assert sorted(item.name for item in out.iterdir()) == ["config.json", "rootfs"]
    assert sorted(item.name for item in (out / "rootfs").iterdir()) == ["dev", "nix", "proc", "sys"]
    objects = out / "rootfs/nix/store"
    assert {item.name for item in objects.iterdir()} == {str(store.path_of(name)) for name in ("hello", "libc")}
    program = objects / str(store.path_of("hello")) / "bin/hello"
    assert program.read_bytes() == b"#!elf" and stat.S_IMODE(program.stat().st_mode) == 0o555
    assert os.readlink(program.with_name("link")) == "hello"
    assert os.path.exists(os.fsencode(objects / str(store.path_of("libc")) / "lib") + b"/caf\xe9 \xff")
    config = json.loads((out / "config.json").read_bytes())
    assert config["process"]["args"] == [store.logical("hello") + "/bin/hello", "ü"]
    assert config["root"]["readonly"] is True


def test_mount_points_exist(store: FakeStore, tmp_path: Path) -> None:
    mounts = {
        "/tmp": {"type": "tmpfs", "source": "tmpfs"},
        "/a/./b/": {"type": "tmpfs", "source": "x", "options": ["ro"]},
        "/etc/hosts": {"type": "bind", "source": "/etc/hosts", "options": ["rbind"]},
        "/dev/x": {"type": "tmpfs", "source": "x"},
    }
    out = bundle(store, tmp_path / "out", processArgs=["/bin/x"], mounts=mounts)
    root = out / "rootfs"
    assert (root / "tmp").is_dir() and (root / "a/b").is_dir()
    assert not (root / "etc").exists() and not (root / "dev/x").exists() and not (root / "nix").exists()
    config = json.loads((out / "config.json").read_bytes())
    assert {"destination": "/a/./b/", "type": "tmpfs", "source": "x", "options": ["ro"]} in config["mounts"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"processArgs": []},
        {"processArgs": "x"},
        {"processArgs": [1]},
        {"processArgs": ["x"], "builderVersion": "9"},
        {"processArgs": ["x"], "mounts": []},
        {"processArgs": ["x"], "mounts": {"/x": {"type": "tmpfs"}}},
        {"processArgs": ["x"], "mounts": {"/../x": {"type": "tmpfs", "source": "x"}}},
        {"processArgs": ["x"], "mounts": {"/x": {"type": "tmpfs", "source": "x", "options": "ro"}}},
    ],
)
def test_wrong_bundles(store: FakeStore, tmp_path: Path, attributes: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        bundle(store, tmp_path / "out", **attributes)


def layout(store: FakeStore, out: Path, **attributes: Any) -> tuple[Path, dict[str, Any]]:
    env = environment("layered", {"format": "dir", "annotations": "{}", **attributes})
    context = FakeContext(store, out, env, "oci-layout")
    context.outputs["digests"] = str(out) + "-digests"
    OciImageLayout().build(context)
    assert validate_archive(str(out)) == ()
    return out, json.loads(Path(str(out) + "-digests").read_bytes())


def unpacked(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    return pyzstd.decompress(data) if data[:4] == b"\x28\xb5\x2f\xfd" else data


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_a_layout_has_the_layers_of_the_docker_archive(store: FakeStore, tmp_path: Path, compressor: str) -> None:
    contents = [store.logical("app")]
    config = {"Cmd": ["/bin/app"]}
    archive = build(store, tmp_path / "archive", "layered", contents=contents, config=config)
    out, digests = layout(store, tmp_path / "layout", contents=contents, config=config, compressor=compressor)
    blobs = {path.name: path.read_bytes() for path in (out / "blobs/sha256").iterdir()}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    manifest = json.loads(blobs[digests["manifest"][7:]])
    assert [unpacked(blobs[item["digest"][7:]]) for item in manifest["layers"]] == archive.tars
    assert json.loads(blobs[digests["config"][7:]]) == archive.config
    assert digests["config"][7:] + ".json" == archive.manifest["Config"]
    assert digests["layers"] == [item["digest"] for item in manifest["layers"]]
    assert digests["diffIds"] == archive.config["rootfs"]["diff_ids"]
    (entry,) = json.loads((out / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == digests["manifest"]
    assert entry["annotations"] == {
        "org.opencontainers.image.ref.name": "1",
        "io.containerd.image.name": "docker.io/library/test:1",
    }
    assert len(blobs) == len(manifest["layers"]) + 2
    assert sorted(path.name for path in out.iterdir()) == ["blobs", "index.json", "oci-layout"]


def test_a_tar_has_the_files_of_the_folder(store: FakeStore, tmp_path: Path) -> None:
    contents = [store.logical("app")]
    folder, digests = layout(store, tmp_path / "folder", contents=contents, annotations={"a": "ü"})
    tar, again = layout(store, tmp_path / "tar", contents=contents, annotations={"a": "ü"}, format="tar")
    assert digests == again
    with tarfile.open(tar) as opened:
        members = {item.name: file.read() for item in opened if (file := opened.extractfile(item))}
        assert {(item.mtime, item.uid, item.uname) for item in opened} == {(1, 0, "root")}
    (described,) = json.loads(members.pop("manifest.json"))
    assert described["RepoTags"] == ["test:1"]
    assert [item[13:] for item in described["Layers"]] == [item[7:] for item in digests["layers"]]
    assert members == {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(members["blobs/sha256/" + digests["manifest"][7:]])
    assert manifest["annotations"] == {"a": "ü"}


#: Raise BUILDER_VERSION when one of these changes: see docs/decisions/0003.
GOLDEN = {
    "none": "sha256:e8a45e70ca15126a451db60583069b5a57dfd46e667a04546e31e98f1492f1be",
    "gz": "sha256:e96de226e4628ae7e2c56ca228bf1feef2a3d9f40bf7c9ccf14062cb6daf1dbc",
    "zstd": "sha256:045d9c5e8601609014dc923eb4050650991fa4165acf32fca1554a8f66108c8e",
}


@pytest.mark.parametrize("compressor", list(GOLDEN))
def test_the_bytes_are_always_the_same(store: FakeStore, tmp_path: Path, compressor: str) -> None:
    contents = [store.logical("app")]
    cores = os.sched_getaffinity(0)
    _, first = layout(store, tmp_path / "a", contents=contents, compressor=compressor, format="tar")
    umask = os.umask(0o077)
    os.sched_setaffinity(0, {min(cores)})
    try:
        _, second = layout(store, tmp_path / "b", contents=contents, compressor=compressor, format="tar")
    finally:
        os.umask(umask)
        os.sched_setaffinity(0, cores)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert first == second
    assert first["manifest"] == GOLDEN[compressor]


def test_equal_layers_lie_there_once(store: FakeStore, tmp_path: Path) -> None:
    out, digests = layout(store, tmp_path / "out", includeStorePaths="", contents=[], config={"Cmd": ["x"]})
    assert len(digests["layers"]) == 1
    assert len(list((out / "blobs/sha256").iterdir())) == 3


@pytest.mark.parametrize("attributes", [{"format": "zip"}, {"annotations": [1]}, {"annotations": {"a": 1}}, {"annotations": "{"}])
def test_wrong_layouts(store: FakeStore, tmp_path: Path, attributes: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        layout(store, tmp_path / "out", **attributes)


def machine(architecture: str, **changes: Any) -> dict[str, str | None]:
    """One of ``machines``: what is no string goes in as JSON, None takes an attribute away."""
    texts = {key: value if isinstance(value, str) or value is None else json.dumps(value) for key, value in changes.items()}
    return {"architecture": architecture, **texts}


def two_machines(store: FakeStore) -> list[dict[str, str | None]]:
    return [
        machine("amd64", contents=[store.logical("app")], config={"Cmd": ["/bin/app"]}, annotations={"a": "ü", "b": "1"}),
        machine(
            "arm", variant="v7", contents=[store.logical("hello")], annotations={"a": "ü", "b": "2"}, extraCommands="touch x"
        ),
    ]


def commands(changes: dict[str, str | None]) -> dict[str, str | None]:
    """With what runs extraCommands, as far as it has them."""
    return {**changes, **({"shell": "/bin/bash", "script": RUN, "PATH": "/usr/bin:/bin"} if changes.get("extraCommands") else {})}


@pytest.mark.parametrize("format", ["dir", "tar"])
def test_an_index_has_the_images_of_each_machine(store: FakeStore, tmp_path: Path, format: str) -> None:
    (tmp_path / "all").mkdir()
    machines = [commands(item) for item in two_machines(store)]
    out, digests = layout(store, tmp_path / "all/out", machines=machines, format=format)
    files = read_layout(out)
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert (entry["mediaType"], entry["digest"]) == ("application/vnd.oci.image.index.v1+json", digests["manifest"])
    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/library/test:1" and "platform" not in entry
    index = json.loads(files[blob(entry["digest"])])
    assert index["annotations"] == {"a": "ü"}
    assert [item["platform"] for item in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm", "os": "linux", "variant": "v7"},
    ]
    for changes, item, name in zip(machines, index["manifests"], ("amd64", "arm/v7"), strict=True):
        (tmp_path / name[:3]).mkdir()
        alone = {key: value for key, value in changes.items() if value is not None}
        single, said = layout(store, tmp_path / name[:3] / "out", **alone)
        assert digests["machines"][name] == said and item["digest"] == said["manifest"]
        assert {path: data for path, data in read_layout(single).items() if path.startswith("blobs/")}.items() <= files.items()
        config = json.loads(files[blob(said["config"])])
        assert (config["architecture"], config.get("variant")) == (
            item["platform"]["architecture"],
            item["platform"].get("variant"),
        )
    first, second = digests["machines"].values()
    assert first["layers"][:2] == second["layers"][:2] and first["layers"][2:] != second["layers"][2:]
    if format == "tar":
        (described,) = json.loads(files["manifest.json"])
        assert described["Config"] == blob(first["config"])


def test_the_bytes_of_an_index_are_always_the_same(store: FakeStore, tmp_path: Path) -> None:
    """Other ones than these: raise BUILDER_VERSION."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    machines = [commands(item) for item in two_machines(store)]
    _, first = layout(store, tmp_path / "a/out", machines=machines)
    umask = os.umask(0o077)
    try:
        _, second = layout(store, tmp_path / "b/out", machines=machines)
    finally:
        os.umask(umask)
    assert first == second
    assert first["manifest"] == "sha256:209390436a1a8e0dc6759edbed0d5dc4004fc41c1546870d8f8135753547918d"


def test_the_machine_at_hand_is_what_docker_loads(store: FakeStore, tmp_path: Path) -> None:
    machines = [machine("arm64"), machine("amd64")]
    out, digests = layout(store, tmp_path / "out", machines=machines, format="tar", ownArchitecture="amd64")
    (described,) = json.loads(read_layout(out)["manifest.json"])
    assert described["Config"] == blob(digests["machines"]["amd64"]["config"])


def test_what_one_machine_does_not_have(store: FakeStore, tmp_path: Path) -> None:
    """An attribute that the other machine has is taken away by null."""
    names = ("extraCommands", "shell", "script", "PATH")
    machines = [machine("amd64"), machine("arm64", **dict.fromkeys(names))]
    out, digests = layout(store, tmp_path / "out", machines=machines, extraCommands="touch made")
    first, second = (read_layout(out)[blob(item["layers"][0])] for item in digests["machines"].values())
    assert [names_in(gzip.decompress(data)) for data in (first, second)] == [["", "made"], [""]]


def names_in(tar: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        return [name.removeprefix(".") for name in opened.getnames()]


def read_layout(out: Path) -> dict[str, bytes]:
    if out.is_dir():
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with tarfile.open(out) as opened:
        return {item.name: file.read() for item in opened if (file := opened.extractfile(item))}


@pytest.mark.parametrize("machines", [[], "{", [1], [{"contents": []}], [{"architecture": "ARM"}], [{"variant": "v/7"}]])
def test_wrong_machines(store: FakeStore, tmp_path: Path, machines: Any) -> None:
    with pytest.raises(BuiltinError):
        layout(store, tmp_path / "out", machines=machines)
