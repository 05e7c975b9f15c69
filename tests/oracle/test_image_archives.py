"""Image archives in the hands of those who read them: Docker's engine, skopeo, podman, umoci, GNU tar (rows 2.001-2.042).

The images come from the builder itself over a store in a folder; the program in them is tini, which Debian's docker.io brings
along as a static binary.
"""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.image.container_config import ContainerConfig
from imagetools.image.image import Image
from imagetools.image.reference import Reference
from imagetools.image_io import daemon
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.docker_archive import DockerArchiveWriter
from imagetools.image_io.entries import Entry, directory
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource
from tests.oracle.peers import need
from tests.unit.builders.build import build
from tests.unit.builders.fakes import FakeStore, Tree

pytestmark = pytest.mark.oracle

STATIC = Path("/usr/bin/tini-static")
STRANGE: Tree = {
    "caf\xe9 \xff": b"no UTF-8",
    "a b\nc": b"space and newline",
    "x" * 200: b"long",
    "deep": {"d" * 120: {"e" * 120: b"deep"}},
}


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    if not STATIC.exists():
        need(str(STATIC))
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code", "strange": STRANGE, "target": "y" * 180}})
    tini = made.add("tini", {"bin": {"tini": b""}}, [libc])
    place = made.root / made.path_of("tini").base_name / "bin" / "tini"
    place.chmod(0o755)
    shutil.copyfile(STATIC, place)
    place.chmod(0o555)
    made.add("env", {"bin": tini + "/bin", "etc": {"motd": b"welcome"}}, [tini])
    return made


def run(*argv: str, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def engine() -> Iterator[str]:
    """A name for an image that is removed again at the end; skips where no engine answers."""
    need("docker")
    try:
        daemon.connect(os.environ).close()
    except daemon.EngineUnreachableError as error:
        if os.environ.get("IMAGETOOLS_REQUIRE_PEERS") == "1":
            raise
        pytest.skip(error.message)
    name = f"imagetools-oracle-{os.getpid()}"
    yield name
    listed = run("docker", "image", "ls", "-q", name).split()
    for image in dict.fromkeys(listed):
        subprocess.run(["docker", "image", "rm", "-f", image], capture_output=True, check=False)


def exported(image: str) -> dict[str, tarfile.TarInfo]:
    """The files of a container of ``image``, as the engine sees them."""
    container = run("docker", "create", image, "/x").strip()
    try:
        done = subprocess.run(["docker", "export", container], capture_output=True, check=True)
    finally:
        run("docker", "rm", container)
    with tarfile.open(fileobj=io.BytesIO(done.stdout), encoding="latin-1") as tar:
        return {member.name: member for member in tar.getmembers()}


@pytest.mark.docker
def test_docker_runs_a_layered_image(store: FakeStore, tmp_path: Path, engine: str) -> None:
    config = {"Entrypoint": [store.logical("tini") + "/bin/tini"], "Cmd": ["--version"], "User": "1000:100"}
    build(store, tmp_path / "image.tar.gz", "layered", imageName=engine, contents=[store.logical("env")], config=config)
    events: list[daemon.LoadEvent] = []
    assert daemon.load(str(tmp_path / "image.tar.gz"), os.environ, events.append) == (f"{engine}:1",)
    assert events and run("docker", "run", "--rm", f"{engine}:1").startswith("tini version")
    assert run("docker", "run", "--rm", "--entrypoint", "/bin/tini", f"{engine}:1", "--version").startswith("tini version")
    files = exported(f"{engine}:1")
    base = f"nix/store/{store.path_of('libc')}/lib"
    assert {f"{base}/strange/{name}" for name in ("caf\xe9 \xff", "a b\nc", "x" * 200)} <= set(files)
    assert f"{base}/strange/deep/{'d' * 120}/{'e' * 120}" in files
    assert files[f"{base}/target"].linkname == "y" * 180
    assert files[f"{base}/libc.so"].mode & 0o7777 == 0o444 and files[base].mode & 0o7777 == 0o555
    assert files["etc/motd"].linkname == store.logical("env") + "/etc/motd"


@pytest.mark.docker
def test_docker_runs_a_single_layer_image(store: FakeStore, tmp_path: Path, engine: str) -> None:
    config = {
        "Cmd": ["/bin/tini", "--version"],
        "Env": ["A=1", "B=ü"],
        "ExposedPorts": {"8080/tcp": {}},
        "Volumes": {"/data": {}},
        "User": "1000",
        "WorkingDir": "/work",
        "Labels": {"org.example": "yes"},
        "StopSignal": "SIGINT",
    }
    build(
        store,
        tmp_path / "image.tar.gz",
        "single",
        imageName=engine,
        imageTag="v2",
        contents=[store.logical("env")],
        config=config,
    )
    run("docker", "load", "-q", "-i", str(tmp_path / "image.tar.gz"))
    assert run("docker", "run", "--rm", f"{engine}:v2").startswith("tini version")
    (seen,) = json.loads(run("docker", "image", "inspect", f"{engine}:v2"))
    assert seen["Created"] == "1970-01-01T00:00:01Z"
    assert seen["Architecture"] == "amd64"
    assert len(seen["RootFS"]["Layers"]) == 1
    assert {key: seen["Config"][key] for key in config} == config
    files = exported(f"{engine}:v2")
    assert files["bin/tini"].isfile() and files["bin/tini"].mode & 0o7777 == 0o555 and files["bin/tini"].uid == 0
    assert files["etc/motd"].mode & 0o7777 == 0o444


@pytest.mark.docker
def test_docker_takes_many_layers_and_equal_ones(tmp_path: Path, engine: str) -> None:
    def entries(number: int) -> LayerPart:
        return LayerPart(lambda: [directory(b"", 0o755), directory(b"d%d" % number, 0o700)], Stamp(uid=number))

    path = tmp_path / "image.tar"
    with open(path, "wb") as file, BlockStream(open_sink(file, "none")) as stream:
        archive = DockerArchiveWriter(stream)
        for number in [*range(30), 5]:
            archive.add_layer(LayerSource(str(number), (entries(number),)))
        archive.finish(Image("amd64", "1970-01-01T00:00:01Z", ContainerConfig({})), [Reference(engine, "deep")])
    assert daemon.load(str(path), os.environ) == (f"{engine}:deep",)
    files = exported(f"{engine}:deep")
    assert files["d29"].uid == 29


@pytest.mark.docker
def test_docker_refuses_what_validation_refuses(tmp_path: Path, engine: str) -> None:
    del engine
    (tmp_path / "image.tar").write_bytes(b"\0" * 10240)
    with pytest.raises(daemon.EngineRefusedError):
        daemon.load(str(tmp_path / "image.tar"), os.environ)


@pytest.fixture
def plain(store: FakeStore, tmp_path: Path) -> Path:
    """A layered image, uncompressed: Debian's skopeo and podman do not take gzipped archives."""
    config = {"Entrypoint": [store.logical("tini") + "/bin/tini"], "Env": ["A=1"]}
    build(store, tmp_path / "image.tar", "layered", contents=[store.logical("env")], config=config, compressor="none", uid="123")
    return tmp_path / "image.tar"


def test_skopeo_reads_it(plain: Path) -> None:
    need("skopeo")
    seen = json.loads(run("skopeo", "inspect", f"docker-archive:{plain}"))
    assert (seen["Architecture"], seen["Os"], seen["Env"], seen["Created"]) == ("amd64", "linux", ["A=1"], "1970-01-01T00:00:01Z")
    assert len(seen["Layers"]) == 4


def test_umoci_unpacks_what_skopeo_makes_of_it(store: FakeStore, plain: Path, tmp_path: Path) -> None:
    need("skopeo", "umoci")
    layout = tmp_path / "layout"
    run("skopeo", "copy", f"docker-archive:{plain}", f"oci:{layout}:it")
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    run("umoci", "unpack", *rootless, "--image", f"{layout}:it", str(tmp_path / "bundle"))
    root = tmp_path / "bundle" / "rootfs"
    lib = os.fsencode(root / "nix/store" / store.path_of("libc").base_name / "lib")
    with open(lib + b"/strange/caf\xe9 \xff", "rb") as file:
        assert file.read() == b"no UTF-8"
    assert os.readlink(lib + b"/target") == b"y" * 180
    assert os.readlink(root / "bin") == store.logical("tini") + "/bin"
    if os.geteuid() == 0:
        assert os.lstat(lib).st_uid == 123
    assert os.lstat(lib).st_mtime == 1


def test_podman_loads_it(plain: Path) -> None:
    need("podman")
    with tempfile.TemporaryDirectory(prefix="oracle") as place:  # podman takes no run root of more than 50 characters
        words = ["podman", "--root", f"{place}/root", "--runroot", f"{place}/run", "--storage-driver", "vfs"]
        assert "localhost/test:1" in run(*words, "load", "-i", str(plain))
        (seen,) = json.loads(run(*words, "image", "inspect", "localhost/test:1"))
        assert len(seen["RootFS"]["Layers"]) == 4
        run(*words, "image", "rm", "localhost/test:1")


def test_gnu_tar_lists_every_layer(plain: Path, tmp_path: Path) -> None:
    need("tar")
    with tarfile.open(plain) as outer:
        layers = [member for member in outer.getmembers() if member.name.endswith("layer.tar")]
        for number, member in enumerate(layers):
            body = outer.extractfile(member)
            assert body is not None
            (tmp_path / f"{number}.tar").write_bytes(body.read())
            run("tar", "--list", "--verbose", "--file", str(tmp_path / f"{number}.tar"))


def test_a_file_of_9_gib(tmp_path: Path) -> None:
    """The header alone, as GNU tar understands it: nothing that large is written."""
    need("tar")
    from imagetools.image_io.tar_header import header

    block = header(Entry(b"big", b"0", 0o444, 9 << 30), Stamp())
    done = subprocess.run(["tar", "tvf", "-"], input=block, capture_output=True, text=False, check=False)
    assert str(9 << 30).encode() in done.stdout
