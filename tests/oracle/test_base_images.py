"""Base images beside Docker, skopeo and umoci: theirs are built upon, ours they take (rows 2.006-2.019, 2.052)."""

import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagetools.bundled.builders.docker_tools.export_image import DockerExport
from imagetools.bundled.builders.docker_tools.merge_images import DockerMerge
from tests.oracle.commands import imagetools
from tests.oracle.engine import need_engine
from tests.oracle.packages import MORE, Furnish
from tests.oracle.peers import need
from tests.unit.builders.build import build
from tests.unit.builders.fakes import FakeContext, FakeStore
from tests.unit.image_io.archives import archive, file, folder, hard, image, info, link, tar
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

STATIC = Path("/usr/bin/tini-static")
CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)

LAYERS: list[list[Any]] = [
    [
        folder("a", 0o700, uid=5),
        file("a/x", b"lower", uid=5, gid=6, mode=0o4755),
        hard("a/h", "a/x", uid=5, gid=6, mode=0o4755),
        file("a/y"),
        folder("b"),
        file("b/z"),
        link("bin", "usr/bin"),
        folder("usr"),
        folder("usr/bin"),
        file("usr/bin/p", b"p"),
        folder("opaque", 0o1777),
        file("opaque/1"),
        folder("opaque/d"),
        file("opaque/d/2"),
        file("q"),
        folder("r"),
        file("r/1"),
    ],
    [
        folder("a", 0o1777, gid=6),
        file("a/.wh.y"),
        file(".wh.q"),
        folder("b"),
        file("b/.wh.z"),
        folder("opaque", 0o1770),
        file("opaque/.wh..wh..opq"),
        file("opaque/3"),
        folder("bin"),
        file("bin/new"),
        link("r", "a"),
        file("b/t", b"t"),
        hard("b/u", "b/t", mode=0o644),
        file("a/x", b"upper"),
    ],
    [
        folder("t"),
        link("s", "/t"),
        file(".wh.r"),
        folder("r"),
        file("r/2"),
        info("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        info("pipe", tarfile.FIFOTYPE, mode=0o644),
        file("capable", b"x", mode=0o755, pax_headers={"SCHILY.xattr.security.capability": CAPABILITY.decode("latin-1")}),
        folder("usr"),
        folder("usr/bin", 0o711),
    ],
]
#: What readers bear, though it is not as it should be; of the first Docker cannot save again what it has unpacked.
STRANGE = [file("s/below", b"s"), file("implied/deep/x")]
#: What an engine adds to every container.
ADDED = {".dockerenv", "dev", "etc", "proc", "sys"}

Found = dict[str, tuple[Any, ...]]


def run(*argv: str, check: bool = True) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def engine() -> Iterator[str]:
    """A name; the images that have it (and its kin) are gone at the end."""
    need_engine()
    name = f"imagetools-base-{os.getpid()}"
    yield name
    for kin in (name, f"{name}-two"):
        for found in dict.fromkeys(run("docker", "image", "ls", "-q", kin).split()):
            run("docker", "image", "rm", "-f", found, check=False)


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    if not STATIC.exists():
        need(str(STATIC))
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code"}})
    tini = made.add("tini", {"bin": {"tini": b""}}, [libc])
    place = made.root / made.path_of("tini").base_name / "bin" / "tini"
    place.chmod(0o755)
    shutil.copyfile(STATIC, place)
    place.chmod(0o555)
    made.add("env", {"etc": {"motd": b"welcome"}, "tini": tini + "/bin/tini"}, [tini])
    return made


def add_file(store: FakeStore, name: str, place: Path) -> str:
    """A file or folder of any size as a store object."""
    made = store.add(name, b"")
    real = store.root / store.path_of(name).base_name
    real.unlink()
    shutil.move(place, real)
    return made


def files_of(tar_bytes: bytes) -> Found:
    """What a tar holds, by name: kind, mode, owner, link, content, capability."""
    found: Found = {}
    with tarfile.open(fileobj=io.BytesIO(tar_bytes)) as made:
        for member in made:
            body = made.extractfile(member) if member.isfile() or member.islnk() else None
            kind = "file" if body else member.type
            capability = member.pax_headers.get("SCHILY.xattr.security.capability")
            target = member.linkname if member.issym() else ""
            data = body.read() if body else b""
            found[member.name] = (kind, stat.S_IMODE(member.mode), member.uid, member.gid, target, data, capability)
    found.pop(".", None)
    return {name: facts for name, facts in found.items() if name.partition("/")[0] not in ADDED}


def exported(reference: str) -> Found:
    container = run("docker", "create", reference, "/x").strip()
    try:
        return files_of(subprocess.run(["docker", "export", container], capture_output=True, check=True).stdout)
    finally:
        run("docker", "rm", container)


def export(store: FakeStore, base: str, out: Path) -> Found:
    DockerExport().build(
        FakeContext(store, out, {"builderVersion": "1", "architecture": "amd64", "fromImage": base}, "docker-export")
    )
    return files_of(out.read_bytes())


@pytest.mark.docker
def test_layers_flatten_as_docker_flattens_them(store: FakeStore, tmp_path: Path, engine: str) -> None:
    layers = [*LAYERS[:2], [*LAYERS[2], *STRANGE]]
    (tmp_path / "base").write_bytes(archive(image([tar(*layer) for layer in layers], [f"{engine}:1"])))
    run("docker", "load", "-q", "-i", str(tmp_path / "base"))
    base = add_file(store, "base", tmp_path / "base")
    ours = export(store, base, tmp_path / "flat.tar")
    assert ours == exported(f"{engine}:1")
    run("docker", "import", str(tmp_path / "flat.tar"), f"{engine}:imported")
    assert exported(f"{engine}:imported") == ours


def test_layers_flatten_as_umoci_unpacks_them(store: FakeStore, tmp_path: Path) -> None:
    need("skopeo", "umoci")
    layers = [
        [item for item in layer if not isinstance(item, tarfile.TarInfo) or item.type != tarfile.CHRTYPE] for layer in LAYERS
    ]
    (tmp_path / "base").write_bytes(archive(image([tar(*layer) for layer in layers])))
    run("skopeo", "copy", f"docker-archive:{tmp_path}/base", f"oci:{tmp_path}/layout:1")
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    run("umoci", "unpack", *rootless, "--image", f"{tmp_path}/layout:1", str(tmp_path / "bundle"))
    root = tmp_path / "bundle" / "rootfs"
    base = add_file(store, "base", tmp_path / "layout")
    ours = export(store, base, tmp_path / "flat.tar")
    theirs = {str(path.relative_to(root)): path for path in root.rglob("*")}
    assert sorted(ours) == sorted(theirs)
    for name, path in theirs.items():
        kind, mode, uid, gid, target, data, _ = ours[name]
        there = path.lstat()
        if os.geteuid() == 0:
            assert (name, there.st_uid, there.st_gid) == (name, uid, gid)
        if path.is_symlink():
            assert (kind, os.readlink(path)) == (tarfile.SYMTYPE, target)
            continue
        assert (name, stat.S_IMODE(there.st_mode)) == (name, mode)
        assert path.is_dir() == (kind == tarfile.DIRTYPE)
        if path.is_file():
            assert path.read_bytes() == data


@pytest.mark.docker
@pytest.mark.parametrize("layout", ["single", "layered"])
def test_docker_saves_we_build_docker_runs(store: FakeStore, tmp_path: Path, engine: str, layout: str) -> None:
    """What docker save writes is built upon, in all the forms that skopeo makes of it."""
    config = {"Env": ["FROM=base", "LAST=base"], "Cmd": ["/none"], "WorkingDir": "/base"}
    first = archive(image([tar(*layer) for layer in LAYERS], [f"{engine}:1"], {"config": config}))
    (tmp_path / "first").write_bytes(first)
    run("docker", "load", "-q", "-i", str(tmp_path / "first"))
    run("docker", "save", "-o", str(tmp_path / "saved"), f"{engine}:1")
    forms = {"saved": tmp_path / "saved"}
    if layout == "layered":
        need("skopeo")
        run("skopeo", "copy", f"docker-archive:{tmp_path}/saved", f"oci:{tmp_path}/oci:1")
        run("skopeo", "copy", f"docker-archive:{tmp_path}/saved", f"oci-archive:{tmp_path}/oci.tar:1")
        forms |= {"oci": tmp_path / "oci", "oci-archive": tmp_path / "oci.tar"}
    ids = set()
    for name, place in forms.items():
        built = build(
            store,
            tmp_path / f"image-{name}",
            layout,
            imageName=engine,
            imageTag="2",
            contents=[store.logical("env")],
            fromImage=add_file(store, name, place),
            config={"Cmd": ["/tini", "--version"], "Env": ["LAST=child", "OWN=1"]},
        )
        ids.add(built.manifest["Config"])
        assert len(built.tars) == (4 if layout == "single" else 7)
    assert len(ids) == 1
    run("docker", "load", "-q", "-i", str(tmp_path / "image-saved"))
    assert run("docker", "run", "--rm", f"{engine}:2").startswith("tini version")
    (seen,) = json.loads(run("docker", "image", "inspect", f"{engine}:2"))
    assert {*seen["Config"]["Env"]} >= {"FROM=base", "LAST=child", "OWN=1"} and len(seen["Config"]["Env"]) <= 4
    assert seen["Config"]["WorkingDir"] == ""
    (below,) = json.loads(run("docker", "image", "inspect", f"{engine}:1"))
    assert seen["RootFS"]["Layers"][:3] == below["RootFS"]["Layers"]
    files = exported(f"{engine}:2")
    assert files["a/x"][5] == b"upper" and "q" not in files
    assert files[f"nix/store/{store.path_of('libc')}/lib/libc.so"][5] == b"code"


@pytest.mark.docker
def test_merged_images_are_all_there(store: FakeStore, tmp_path: Path, engine: str) -> None:
    need("skopeo")
    config = {"Cmd": ["/tini", "--version"]}
    paths = []
    for name in (engine, f"{engine}-two"):
        build(store, tmp_path / name, "layered", imageName=name, imageTag="m", contents=[store.logical("env")], config=config)
        config = {"Cmd": ["/tini", "-l"]}
        paths.append(add_file(store, name, tmp_path / name))
    env = {"builderVersion": "1", "architecture": "amd64", "images": json.dumps(paths)}
    DockerMerge().build(FakeContext(store, tmp_path / "merged", env, "docker-merge"))
    said = run("docker", "load", "-i", str(tmp_path / "merged"))
    assert said.splitlines()[-2:] == [f"Loaded image: {engine}:m", f"Loaded image: {engine}-two:m"]
    assert run("docker", "run", "--rm", f"{engine}:m").startswith("tini version")
    assert "Permission is hereby granted" in run("docker", "run", "--rm", f"{engine}-two:m")
    run("gunzip", "--keep", "--suffix", "", str(tmp_path / "merged"), check=False)
    with tarfile.open(tmp_path / "merged") as made:
        assert len(made.getnames()) == 4 + 2 + 1


DEFINITION = """
with import <nixpkgs> { };
rec {
  base = ./base.tar;
  one = dockerTools.buildImage { name = "one"; tag = "1"; fromImage = base; fromImageTag = "1"; copyToRoot = ./root; };
  two = dockerTools.buildLayeredImage { name = "two"; fromImage = one; config.Env = [ "A=two" ]; compressor = "zstd"; };
  stream = dockerTools.streamLayeredImage { name = "two"; tag = two.imageTag; fromImage = one; config.Env = [ "A=two" ]; };
  upon = dockerTools.buildImage { name = "upon"; tag = "1"; fromImage = stream; };
  layout = ociTools.buildLayout { name = "two"; fromImage = two; };
  flat = dockerTools.exportImage { fromImage = two; };
  merged = dockerTools.mergeImages [ one two upon ];
  deep = dockerTools.buildLayeredImage { name = "deep"; fromImage = two; maxLayers = 3; };
  other = dockerTools.buildImage { name = "other"; fromImage = base; fromImageName = "other"; };
}
"""


def test_from_the_definition_on(tmp_path: Path) -> None:
    need_namespaces()
    need("skopeo")
    home = tmp_path / "home"
    (home / "root").mkdir(parents=True)
    (home / "root" / "hello").write_text("hello\n")
    (home / "base.tar").write_bytes(archive(image([tar(*LAYERS[0])], ["base:1"], {"config": {"Env": ["A=base", "B=base"]}})))
    (home / "set.nix").write_text(DEFINITION)
    names = ("one", "two", "stream", "upon", "layout", "flat", "merged")
    words = [word for name in names for word in ("-A", name)]
    paths = imagetools("build", "set.nix", *words, "--no-out-link", home=home).stdout.split()
    built = dict(zip(names, paths, strict=True))
    seen = json.loads(imagetools("image", "inspect", "--json", built["two"], home=home).stdout)
    (two,) = seen.get("images", [seen])
    assert two["config"]["Env"] == ["A=two", "B=base"] and len(two["layers"]) == 3
    (home / "two.tar").write_bytes(subprocess.run([built["stream"]], capture_output=True, check=True).stdout)
    copied = json.loads(run("skopeo", "inspect", f"docker-archive:{home}/two.tar"))
    assert copied["Layers"] == [layer["diffId"] for layer in two["layers"]]
    assert built["flat"].endswith("-two.tar.zst")
    assert "hello" in files_of(Path(built["flat"]).read_bytes())
    assert len(json.loads(run("skopeo", "inspect", f"oci:{built['layout']}"))["Layers"]) == 4
    with tarfile.open(built["merged"]) as made:
        body = made.extractfile("manifest.json")
        assert body is not None and len(json.load(body)) == 3
    for name, sentence in (
        ("deep", "maxLayers is 3, but the base image has 3 layers"),
        ("other", "there is no image 'other'"),
    ):
        done = imagetools("build", "set.nix", "-A", name, "--no-out-link", home=home, check=False)
        assert done.returncode == 100 and sentence in done.stderr


NIXPKGS_TESTS = """
with import <nixpkgs> { };
let
  order = number: fromImage: dockerTools.buildImage {
    name = "imagetools-base-order-${toString number}";
    tag = "latest";
    inherit fromImage;
    copyToRoot = if number == 3 then busybox else null;
    extraCommands = "mkdir -p tmp\\n"
      + lib.concatMapStrings (n: "echo layer${toString number} > tmp/layer${toString n}\\n") (lib.range number 3);
  };
  parent = dockerTools.buildImage {
    name = "parent";
    config.Env = [ "FROM_PARENT=true" "LAST_LAYER=parent" ];
  };
  child = {
    name = "imagetools-base-child";
    fromImage = parent;
    config.Env = [ "FROM_CHILD=true" "LAST_LAYER=child" ];
  };
  layered = dockerTools.buildLayeredImage {
    name = "layered";
    extraCommands = ''echo "(extraCommand)" > extraCommands'';
    config.Cmd = [ "${bash}/bin/bash" ];
    contents = [ bash busybox ];
  };
  onTop = {
    name = "imagetools-base-on-top";
    tag = "latest";
    fromImage = layered;
    extraCommands = "mkdir ./example-output; chmod 777 ./example-output";
    config = {
      Env = [ "PATH=${busybox}/bin/" ];
      WorkingDir = "/example-output";
      Cmd = [ "${bash}/bin/bash" "-c" "echo hello > foo; cat foo" ];
    };
  };
  two = dockerTools.buildLayeredImage { name = "two"; contents = [ bash ]; maxLayers = 2; };
in
{
  order = order 3 (order 2 (order 1 null));
  single = dockerTools.buildImage (child // { tag = "single"; copyToRoot = busybox; });
  layered = dockerTools.buildLayeredImage (child // { tag = "layered"; contents = [ busybox ]; });
  onTop = dockerTools.buildImage onTop;
  onTopLayered = dockerTools.buildLayeredImage onTop;
  bulk = dockerTools.buildLayeredImage {
    name = "imagetools-base-bulk";
    tag = "latest";
    fromImage = two;
    contents = [ bash busybox cacert ];
    maxLayers = 4;
    config.Cmd = [ "/bin/busybox" "cat" "${cacert}/etc/ssl/certs/ca-bundle.crt" ];
  };
}
"""


@pytest.mark.docker
def test_what_nixpkgs_tests_of_its_own(tmp_path: Path, furnish: Furnish) -> None:
    """layersOrder, environmentVariables, layered-on-top, layered-on-top-layered, layered-bulk-layer of its examples."""
    need_engine()
    need_namespaces()
    home = furnish(tmp_path, packages=MORE)
    (home / "set.nix").write_text(NIXPKGS_TESTS)
    names = ("order", "single", "layered", "onTop", "onTopLayered", "bulk")
    words = [word for name in names for word in ("-A", name)]
    paths = imagetools("build", "set.nix", *words, "--no-out-link", home=home).stdout.split()
    for name, path in zip(names, paths, strict=True):
        reference = run("docker", "load", "-q", "-i", path).strip().removeprefix("Loaded image: ")
        try:
            check_nixpkgs_test(name, reference)
        finally:
            run("docker", "image", "rm", "-f", reference, check=False)


def check_nixpkgs_test(name: str, reference: str) -> None:
    if name == "order":
        words = ["/bin/busybox", "cat", "/tmp/layer1", "/tmp/layer2", "/tmp/layer3"]
        assert run("docker", "run", "--rm", reference, *words).split() == ["layer1", "layer2", "layer3"]
    elif name in {"single", "layered"}:
        seen = run("docker", "run", "--rm", reference, "/bin/busybox", "env").splitlines()
        assert {"FROM_PARENT=true", "FROM_CHILD=true", "LAST_LAYER=child"} <= set(seen)
    elif name == "bulk":
        assert "BEGIN CERTIFICATE" in run("docker", "run", "--rm", reference)
        (described,) = json.loads(run("docker", "image", "inspect", reference))
        assert len(described["RootFS"]["Layers"]) == 4
    else:
        assert run("docker", "run", "--rm", reference) == "hello\n"
        assert run("docker", "run", "--rm", reference, "cat", "/extraCommands") == "(extraCommand)\n"
