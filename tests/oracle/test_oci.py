"""Bundles and layouts in the hands of those who read them: runc, skopeo, umoci, Docker's engine, podman (rows 2.073-2.076)."""

import fcntl
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.commands import imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.house.imports import ROOT
from tests.unit.sandbox.cage import base_for

pytestmark = pytest.mark.oracle

SET = """
with import <nixpkgs> { };
rec {
  busy = "${busybox}/bin/busybox";
  bundle = ociTools.buildContainer {
    args = [ busy "sh" "-c" "echo hello; id -u; ls /; echo written > /file; test -w /scratch && echo scratch" ];
    mounts."/scratch" = { type = "tmpfs"; source = "tmpfs"; options = [ "size=1m" ]; };
  };
  fixed = ociTools.buildContainer { args = [ busy "sh" "-c" "echo x > /file" ]; readonly = true; };
  image = {
    name = "imagetools-oci-oracle";
    tag = "1";
    contents = [ busybox ];
    config = { Cmd = [ "/bin/busybox" "echo" "hello from a layout" ]; Env = [ "A=1" ]; };
    maxLayers = 3;
    extraCommands = "mkdir -m 1777 tmp; mkdir -m 700 root";
  };
  dir = ociTools.buildLayout (image // { annotations = { "org.opencontainers.image.title" = "ü"; }; });
  tar = ociTools.buildLayout (image // { format = "tar"; });
  zstd = ociTools.buildLayout (image // { compressor = "zstd"; });
  none = ociTools.buildLayout (image // { compressor = "none"; format = "tar"; });
  docker = dockerTools.buildLayeredImage image;
  some = image // { contents = machine: [ busybox (writeTextDir "etc/machine" machine.platform) ]; };
  several = ociTools.buildLayout (some // { architectures = [ "arm64" "amd64" "arm/v7" ]; });
  severalTar = several.override { format = "tar"; };
  one = ociTools.buildLayout (some // { architecture = "arm/v7"; });
  machines = [ several.manifestDigest several.machines one.manifestDigest ];
  digests = map (made: [ made.manifestDigest made.configDigest made.layerDigests made.diffIds ]) [ dir tar zstd none ];
}
"""
HELLO = "hello from a layout\n"


class World:
    """A user's folder with everything built; ``path`` gives the physical path of a result."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "set.nix").write_text(SET)

    def path(self, name: str) -> str:
        link = self.home / name
        if not link.is_symlink():
            imagetools("build", "set.nix", "-A", name, "-o", str(link), home=self.home)
        return os.path.realpath(link)

    def image(self, *words: str) -> str:
        return imagetools("image", *words, home=self.home).stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> World:
    need("apt-get")
    return World(furnish(tmp_path_factory.mktemp("home")))


@pytest.fixture
def engine() -> Iterator[None]:
    """One test at a time, whichever worker runs it: they all use the same name in the same engine."""
    need_engine()
    with open(f"{tempfile.gettempdir()}/imagetools-oci-oracle.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        subprocess.run(["docker", "image", "rm", "-f", "imagetools-oci-oracle:1"], capture_output=True, check=False)


def out(*argv: str, check: bool = True) -> str:
    return run(argv, cwd=Path("/"), check=check).stdout


def copied_bundle(world: World, name: str, tmp_path: Path) -> Path:
    """A bundle that may be written to: the one in the store stays as it is."""
    shutil.copytree(world.path(name), tmp_path / name, symlinks=True)
    return tmp_path / name


def need_runc() -> None:
    need("runc")
    if os.geteuid() != 0:
        pytest.skip("runc needs root here")


def test_runc_runs_a_bundle(world: World, tmp_path: Path) -> None:
    need_runc()
    bundle = copied_bundle(world, "bundle", tmp_path)
    (bundle / "rootfs").chmod(0o755)  # a process without capabilities, root or not
    said = out("runc", "--root", str(tmp_path / "run"), "run", "-b", str(bundle), f"imagetools-{os.getpid()}")
    assert said.split() == ["hello", "0", "dev", "nix", "proc", "scratch", "sys", "scratch"]
    assert (bundle / "rootfs/file").read_text() == "written\n"


def test_runc_runs_a_bundle_from_the_store_read_only(world: World, tmp_path: Path) -> None:
    need_runc()
    argv = ["runc", "--root", str(tmp_path / "run"), "run", "-b", world.path("fixed"), f"imagetools-ro-{os.getpid()}"]
    done = run(argv, cwd=tmp_path, check=False)
    assert done.returncode == 1 and "Read-only file system" in done.stderr
    imagetools("store", "verify", "--check-contents", home=world.home)


def test_runc_takes_the_bundle_as_an_ordinary_user(world: World) -> None:
    """The page says what a rootless runner wants to have changed: a user namespace, and no cgroups."""
    need_runc()
    need("setpriv", "newuidmap")
    with base_for(None) as folder:
        os.chmod(folder, 0o755)
        run_rootless(world, Path(folder))


def run_rootless(world: World, folder: Path) -> None:
    bundle = copied_bundle(world, "bundle", folder)
    config = json.loads((bundle / "config.json").read_text())
    config["linux"]["namespaces"] = [*config["linux"]["namespaces"], {"type": "user"}]
    config["linux"]["namespaces"] = [item for item in config["linux"]["namespaces"] if item["type"] != "network"]
    for ids in ("uidMappings", "gidMappings"):
        config["linux"][ids] = [{"containerID": 0, "hostID": 65534, "size": 1}]
    config["mounts"] = [rootless(item) for item in config["mounts"] if item["destination"] != "/sys/fs/cgroup"]
    (bundle / "config.json").write_text(json.dumps(config))
    state = folder / "run"
    state.mkdir()
    for place in (bundle, state):
        run(["chown", "-R", "-h", "65534:65534", str(place)], cwd=folder)
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    argv = [*drop, "runc", "--root", str(state), "--rootless", "true", "run", "-b", str(bundle), f"imagetools-user-{os.getpid()}"]
    done = run(argv, cwd=bundle, check=False, environment={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(state)})
    if done.returncode and "operation not permitted" in done.stderr.lower():
        pytest.skip(f"no rootless containers here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:2] == ["hello", "0"]


def rootless(mount: dict[str, Any]) -> dict[str, Any]:
    if mount["destination"] == "/sys":
        return {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", "ro"]}
    options = [item for item in mount["options"] or () if not item.startswith("gid=")]
    return {**mount, "options": options or None}


def test_config_json_is_that_of_nixpkgs(world: World, tmp_path: Path) -> None:
    """Field by field against the function of nixpkgs, where a checkout is at hand (NIXPKGS_2009)."""
    need("nix-instantiate")
    checkout = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    function = Path(checkout) / "pkgs/build-support/oci-tools/default.nix"
    if not checkout or not function.exists():
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    expression = f"""
      let function = import {function}; in
      (function (builtins.intersectAttrs (builtins.functionArgs function) {{
        lib = import {checkout}/lib;
        writeText = name: text: text;
        runCommand = name: env: script: script;
        writeReferencesToFile = path: "";
        writeClosure = path: "";
      }})).buildContainer {{ args = [ "/bin/x" "a b" ]; readonly = true; }}
    """
    script = json.loads(run(["nix-instantiate", "--eval", "--json", "-E", expression], cwd=tmp_path).stdout)
    theirs = json.loads(script.partition("cp ")[2].partition(" $out/config.json")[0])
    text = 'with import <nixpkgs> { }; ociTools.buildContainer { args = [ "/bin/x" "a b" ]; readonly = true; }'
    (path,) = imagetools("build", "-E", text, "--no-out-link", home=world.home).stdout.split()
    ours = json.loads((Path(path) / "config.json").read_text())
    for mount in theirs["mounts"]:  # 20.09 spells it so; a newer nixpkgs does not
        mount["options"] = mount["options"] and ["relatime" if item == "realatime" else item for item in mount["options"]]
    assert ours == theirs


@pytest.mark.parametrize(("name", "kind"), [("dir", "oci"), ("tar", "oci-archive"), ("zstd", "oci"), ("none", "oci-archive")])
def test_skopeo_takes_every_layout(world: World, tmp_path: Path, name: str, kind: str) -> None:
    need("skopeo")
    place = f"{kind}:{world.path(name)}:1"
    (described,) = json.loads(world.image("inspect", world.path(name), "--json"))["images"]
    seen = json.loads(out("skopeo", "inspect", place))
    assert (seen["Digest"], seen["Architecture"], seen["Env"]) == (described["digest"], described["architecture"], ["A=1"])
    assert seen["Layers"] == [layer["digest"] for layer in described["layers"]]
    assert json.loads(out("skopeo", "inspect", "--raw", place)).get("annotations", {}) == described["annotations"]
    target = f"oci-archive:{tmp_path}/x.tar:1" if name == "zstd" else f"docker-archive:{tmp_path}/x.tar:test:1"  # as skopeo can
    out("skopeo", "copy", place, target)
    assert world.image("validate", f"{tmp_path}/x.tar") == ""
    (again,) = json.loads(world.image("inspect", f"{tmp_path}/x.tar", "--json"))["images"]
    assert [layer["diffId"] for layer in again["layers"]] == [layer["diffId"] for layer in described["layers"]]


def test_digests_are_known_to_the_definition(world: World) -> None:
    for name in ("dir", "tar", "zstd", "none"):
        world.path(name)
    digests = json.loads(imagetools("eval", "set.nix", "-A", "digests", "--json", home=world.home).stdout)
    for name, (manifest, config, layers, diff_ids) in zip(("dir", "tar", "zstd", "none"), digests, strict=True):
        (described,) = json.loads(world.image("inspect", world.path(name), "--json"))["images"]
        assert (described["digest"], described["id"]) == (manifest, config)
        assert [layer["digest"] for layer in described["layers"]] == layers
        assert [layer["diffId"] for layer in described["layers"]] == diff_ids
    assert digests[0][1:] == digests[1][1:] and digests[0][3] == digests[2][3] == digests[3][3]
    (described,) = json.loads(world.image("inspect", world.path("docker"), "--json"))["images"]
    assert described["id"] == digests[0][1]


def test_umoci_unpacks_it(world: World, tmp_path: Path) -> None:
    need("umoci")
    shutil.copytree(world.path("dir"), tmp_path / "layout")
    assert out("umoci", "ls", "--layout", str(tmp_path / "layout")).split() == ["1"]
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    out("umoci", "unpack", *rootless, "--image", f"{tmp_path}/layout:1", str(tmp_path / "bundle"))
    root = tmp_path / "bundle/rootfs"
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert os.readlink(root / "bin/busybox").startswith("/nix/store/")
    bundle = json.loads((tmp_path / "bundle/config.json").read_text())
    assert bundle["process"]["args"] == ["/bin/busybox", "echo", "hello from a layout"]


@pytest.mark.docker
def test_docker_loads_the_tar_and_runs_it(world: World, engine: None) -> None:
    for name in ("tar", "none"):
        assert out("docker", "load", "-i", world.path(name)) == "Loaded image: imagetools-oci-oracle:1\n"
        assert out("docker", "run", "--rm", "imagetools-oci-oracle:1") == HELLO
        out("docker", "image", "rm", "-f", "imagetools-oci-oracle:1")


@pytest.mark.docker
def test_a_folder_can_be_loaded(world: World, engine: None) -> None:
    assert imagetools("load", world.path("zstd"), home=world.home).stdout == "imagetools-oci-oracle:1\n"
    assert out("docker", "run", "--rm", "imagetools-oci-oracle:1") == HELLO


@pytest.mark.docker
def test_copies_through_every_medium(world: World, tmp_path: Path, engine: None) -> None:
    """zstd layout, engine, layout, docker archive, layout: the same image all along."""
    need("skopeo")
    places = [
        world.path("zstd"),
        "docker-daemon:imagetools-oci-oracle:1",
        f"oci:{tmp_path}/layout",
        f"docker-archive:{tmp_path}/archive.tar",
        f"oci-archive:{tmp_path}/layout.tar",
        f"oci:{tmp_path}/last:1",
    ]
    for source, target in itertools.pairwise(places):
        world.image("copy", source, target)
        assert world.image("validate", target) == ""
    assert out("docker", "run", "--rm", "imagetools-oci-oracle:1") == HELLO
    images = [json.loads(world.image("inspect", place, "--json"))["images"][0] for place in places]
    assert len({image["id"] for image in images}) == 1
    assert {name for image in images for name in image["names"]} == {"imagetools-oci-oracle:1"}
    for place in places[2:]:
        assert json.loads(out("skopeo", "inspect", place))["Env"] == ["A=1"]
    # the same layers as the ones that the builder packs
    (built,) = json.loads(world.image("inspect", world.path("dir"), "--json"))["images"]
    assert [layer["digest"] for layer in images[-1]["layers"]] == [layer["digest"] for layer in built["layers"]]


@pytest.mark.docker
def test_what_docker_saves_is_valid(world: World, tmp_path: Path, engine: None) -> None:
    out("docker", "load", "-i", world.path("tar"))
    out("docker", "save", "-o", str(tmp_path / "saved.tar"), "imagetools-oci-oracle:1")
    assert world.image("validate", str(tmp_path / "saved.tar")) == ""


def test_layouts_of_skopeo_and_umoci(world: World, tmp_path: Path) -> None:
    need("skopeo", "umoci")
    out("skopeo", "copy", f"oci:{world.path('dir')}:1", f"oci:{tmp_path}/skopeo:2")
    out("umoci", "init", "--layout", str(tmp_path / "umoci"))
    out("umoci", "new", "--image", f"{tmp_path}/umoci:new")
    out("skopeo", "copy", f"oci:{tmp_path}/skopeo:2", f"oci:{tmp_path}/umoci:2")
    for place, name in ((f"{tmp_path}/skopeo", "2"), (f"oci:{tmp_path}/umoci:2", "2")):
        (found,) = json.loads(world.image("inspect", place, "--json"))["images"]
        assert found["names"] == [name]
        assert world.image("validate", place) == ""
    world.image("copy", world.path("tar"), f"oci:{tmp_path}/umoci:ours")
    assert sorted(out("umoci", "ls", "--layout", str(tmp_path / "umoci")).split()) == ["2", "new", "ours"]
    world.image("copy", f"oci:{tmp_path}/umoci:new", f"docker-archive:{tmp_path}/new.tar:empty:1")
    assert json.loads(out("skopeo", "inspect", f"docker-archive:{tmp_path}/new.tar"))["Layers"] == []


def test_podman_loads_it(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    need("podman")
    with tempfile.TemporaryDirectory(prefix="oracle", suffix="x") as place:  # podman makes names of it
        words = ["podman", "--root", f"{place}/root", "--runroot", f"{place}/run", "--storage-driver", "vfs"]
        for name, kind in (("tar", "oci-archive"), ("zstd", "oci")):
            os.symlink(world.path(name), f"{place}/{name}")  # podman makes a name of the path
            image = out(*words, "pull", "-q", f"{kind}:{place}/{name}:1").strip()
            (seen,) = json.loads(out(*words, "image", "inspect", image))
            (described,) = json.loads(world.image("inspect", world.path(name), "--json"))["images"]
            assert seen["RootFS"]["Layers"] == [layer["diffId"] for layer in described["layers"]]
            out(*words, "image", "rm", "-f", image)


def test_the_same_bytes_in_another_store(world: World, tmp_path: Path, furnish: Furnish) -> None:
    first = world.path("tar")
    other = World(tmp_path)
    furnish.archives(tmp_path, "set.nix", "-A", "tar")
    second = other.path("tar")
    assert Path(first).name == Path(second).name
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_the_page_shows_what_works(world: World, tmp_path: Path) -> None:
    """Every definition of oci_tools.md builds."""
    page = (ROOT / "builders/oci_tools/oci_tools.md").read_text()
    definitions = [part.partition("```")[0] for part in page.split("```nix\n")[1:]]
    assert len(definitions) >= 2
    for text in definitions:
        imagetools("build", "-E", text, "--no-out-link", home=world.home)


def test_skopeo_finds_each_machine(world: World, tmp_path: Path) -> None:
    """Also after skopeo has copied all of them, folder and tar."""
    need("skopeo")
    (described,) = json.loads(world.image("inspect", world.path("several"), "--json"))["indexes"]
    out("skopeo", "copy", "--all", f"oci-archive:{world.path('severalTar')}:1", f"oci:{tmp_path}/copied:1")
    for place in (f"oci:{world.path('several')}:1", f"oci-archive:{world.path('severalTar')}:1", f"oci:{tmp_path}/copied:1"):
        raw = out("skopeo", "inspect", "--raw", place)
        assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == described["digest"]
        for platform, digest in described["platforms"].items():
            _, name, *variant = platform.split("/")
            choice = ["--override-arch", name, *(["--override-variant", *variant] if variant else [])]
            config = json.loads(out("skopeo", *choice, "inspect", "--config", place))
            assert (config["architecture"], config.get("variant", "")) == (name, "".join(variant))
            assert digest in raw
    assert world.image("validate", f"{tmp_path}/copied") == ""


def test_umoci_takes_the_one_that_was_chosen(world: World, tmp_path: Path) -> None:
    need("umoci")
    world.image("copy", world.path("several"), f"oci:{tmp_path}/one:1", "--platform", "linux/arm64")
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    out("umoci", "unpack", *rootless, "--image", f"{tmp_path}/one:1", str(tmp_path / "bundle"))
    target = os.readlink(tmp_path / "bundle/rootfs/etc/machine")
    assert (tmp_path / f"bundle/rootfs{target}").read_text() == "linux/arm64"


def test_digests_of_machines_are_known_to_the_definition(world: World) -> None:
    """And each image is the one that its machine would get alone."""
    world.path("several")
    world.path("one")
    index, machines, alone = json.loads(imagetools("eval", "set.nix", "-A", "machines", "--json", home=world.home).stdout)
    document = json.loads(world.image("inspect", world.path("several"), "--json"))
    assert [item["digest"] for item in document["indexes"]] == [index]
    assert {name: item["manifestDigest"] for name, item in machines.items()} == {
        platform.removeprefix("linux/"): digest for platform, digest in document["indexes"][0]["platforms"].items()
    }
    assert machines["arm/v7"]["manifestDigest"] == alone
    images = {item["digest"]: item for item in document["images"]}
    for item in machines.values():
        assert images[item["manifestDigest"]]["id"] == item["configDigest"]
        assert [layer["diffId"] for layer in images[item["manifestDigest"]]["layers"]] == item["diffIds"]


def test_why_busybox_is_in_it(world: World) -> None:
    found = json.loads(world.image("inspect", world.path("dir"), "--why", "busybox", "--json"))
    assert found["path"].partition("-")[2].startswith("busybox")
    assert found["way"][0]["from"] == "/" and found["way"][0]["place"].startswith("/")


@pytest.mark.docker
def test_the_engine_gets_its_own_machine(world: World, engine: None) -> None:
    """Of the tar by ``docker load``, of the folder by ours."""
    for load in (["docker", "load", "-i", world.path("severalTar")], None):
        if load:
            out(*load)
        else:
            imagetools("load", world.path("several"), home=world.home)
        said = out("docker", "run", "--rm", "imagetools-oci-oracle:1", "/bin/busybox", "cat", "/etc/machine")
        assert said == f"linux/{'amd64' if os.uname().machine == 'x86_64' else 'arm64'}"
        out("docker", "image", "rm", "-f", "imagetools-oci-oracle:1")
