"""Pushing and copying with a real registry, beside skopeo, Docker's engine and podman."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.commands import imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.servers.fault_proxy import Fault, FaultProxy, Forwarder, faulty, reset_in_request, slam, status
from tests.servers.images import OCI, digest_of, layer_tar, make_image
from tests.servers.real_registry import NAME, PASSWORD, RunningRegistry, running_registry
from tests.servers.token_server import giving_tokens
from tests.unit.image_io.layouts import INDEX, MANIFEST, REF, Layout
from tests.unit.image_io.test_archive_reader import archive

pytestmark = pytest.mark.oracle

LARGE = random.Random(6).randbytes(2_000_000)
TARS = [layer_tar({"etc/hello": b"hello\n"}), layer_tar({"data": LARGE}), layer_tar({"last": b"last\n"})]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two images: ``1`` with gzip, ``zstd`` with what else there is."""
    made = Layout()
    entries = []
    for name, image in (("1", make_image(TARS, kind=OCI)), ("zstd", make_image(TARS, kind=OCI, codecs=["zstd", "gzip", "zstd"]))):
        for data in image.blobs.values():
            made.add("", data)
        entries.append({**made.add(MANIFEST, image.manifest), "annotations": {REF: name}})
    made.index(*entries)
    return Path(made.write(tmp_path / "layout"))


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    path = tmp_path / "docker.tar"
    path.write_bytes(archive(TARS, RepoTags=["imagetools-push-oracle:1"]))
    return path


def push(
    home: Path, *words: str, check: bool = True, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return imagetools("push", "--insecure", *words, home=home, check=check, variables=variables)


def copy(home: Path, *words: str) -> str:
    return imagetools("image", "copy", "--insecure", *words, home=home).stdout.strip()


def skopeo(home: Path, *words: str) -> str:
    need("skopeo")
    plain = {"copy": ["--src-tls-verify=false", "--dest-tls-verify=false"], "inspect": ["--tls-verify=false"]}
    return run(["skopeo", words[0], *plain[words[0]], *words[1:]], cwd=home).stdout


def blobs(layout: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (layout / "blobs/sha256").iterdir()}


def results(done: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    found = [item["result"] for item in json.loads(done.stdout)["blobs"]]
    return {what: found.count(what) for what in found}


@pytest.mark.parametrize("tag", ["1", "zstd"])
def test_skopeo_reads_what_was_pushed(registry: RunningRegistry, layout: Path, tmp_path: Path, tag: str) -> None:
    name = f"{registry.address}/read/{tag}:x"
    done = push(tmp_path, name, f"oci:{layout}:{tag}")
    digest = skopeo(tmp_path, "inspect", "--format", "{{.Digest}}", f"docker://{name}").strip()
    assert done.stdout == f"{registry.address}/read/{tag}@{digest}\n"
    skopeo(tmp_path, "copy", f"docker://{name}", f"oci:{tmp_path}/theirs:x")
    copy(tmp_path, f"docker://{name}", f"oci:{tmp_path}/ours:x")
    assert blobs(tmp_path / "ours") == blobs(tmp_path / "theirs")
    assert set(blobs(tmp_path / "ours").items()) <= set(blobs(layout).items())
    again = push(tmp_path, "--json", name, f"oci:{layout}:{tag}")
    assert results(again) == {"there already": 4}


SET = """
with import <nixpkgs> { };
let
  image = {
    name = "imagetools-push-oracle"; tag = "1"; config.Cmd = [ "/hello" ];
    contents = [ (builtins.path { path = ./files; name = "files"; }) ];
  };
in {
  stream = dockerTools.streamLayeredImage image;
  packed = dockerTools.buildLayeredImage image;
  layout = ociTools.buildLayout image;
}
"""


def test_what_was_built_is_pushed(registry: RunningRegistry, tmp_path: Path, furnish: Furnish) -> None:
    """A script, which is read instead of run, a compressed archive and a layout of the same image."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files/hello").write_text("hello\n" * 1000)
    (furnish(tmp_path) / "set.nix").write_text(SET)
    layers = []
    for kind in ("stream", "packed", "layout"):
        imagetools("build", "set.nix", "-A", kind, "-o", kind, home=tmp_path)
        name = f"{registry.address}/built/{kind}:1"
        for _ in range(2):
            done = push(tmp_path, "--json", name, kind)
        assert set(results(done)) == {"there already"}
        skopeo(tmp_path, "copy", f"docker://{name}", f"docker-archive:{tmp_path}/{kind}.tar:{kind}:1")
        imagetools("image", "validate", f"{kind}.tar", home=tmp_path)
        document = json.loads(skopeo(tmp_path, "inspect", "--raw", f"docker://{name}"))
        layers.append([layer["digest"] for layer in document["layers"]])
    assert layers[0] == layers[1] == layers[2]


def test_what_skopeo_pushed_is_read(registry: RunningRegistry, docker: Path, tmp_path: Path) -> None:
    """Docker's media types, and a manifest that is not ours."""
    name = f"docker://{registry.address}/theirs:1"
    skopeo(tmp_path, "copy", f"docker-archive:{docker}", name)
    copy(tmp_path, name, f"oci:{tmp_path}/layout:1")
    imagetools("image", "validate", f"oci:{tmp_path}/layout", home=tmp_path)
    copy(tmp_path, name, f"docker-archive:{tmp_path}/back.tar")
    imagetools("image", "validate", f"{tmp_path}/back.tar", home=tmp_path)
    there = f"docker://{registry.address}/theirs/copied:1"
    digest = copy(tmp_path, name, there)
    assert digest == skopeo(tmp_path, "inspect", "--format", "{{.Digest}}", name).strip()
    assert skopeo(tmp_path, "inspect", "--raw", there) == skopeo(tmp_path, "inspect", "--raw", name)


def test_manifests_in_dockers_form(registry: RunningRegistry, docker: Path, layout: Path, tmp_path: Path) -> None:
    """The same layers and configs as skopeo's, which packs otherwise; its own copy into that form has our digest."""
    name = f"docker://{registry.address}/form"
    digest = copy(tmp_path, "--format", "docker", f"oci:{layout}:1", f"{name}:ours")
    skopeo(tmp_path, "copy", "--format", "v2s2", f"oci:{layout}:1", f"{name}:theirs")
    ours, theirs = (json.loads(skopeo(tmp_path, "inspect", "--raw", f"{name}:{tag}")) for tag in ("ours", "theirs"))
    assert ours == theirs
    assert skopeo(tmp_path, "inspect", "--format", "{{.Digest}}", f"{name}:ours").strip() == digest
    push(tmp_path, "--format", "docker", f"{registry.address}/form:archive", str(docker))
    skopeo(tmp_path, "copy", f"{name}:archive", f"docker-archive:{tmp_path}/back.tar:x:1")
    imagetools("image", "validate", "back.tar", home=tmp_path)


def test_an_index_of_several_machines(registry: RunningRegistry, tmp_path: Path) -> None:
    made = Layout()
    items = [
        made.image([tar], tag=None, config={"architecture": machine}, platform={"os": "linux", "architecture": machine})
        for tar, machine in zip(TARS, ("amd64", "arm64", "s390x"), strict=True)
    ]
    made.index(made.add_json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": items}, annotations={REF: "1"}))
    made.write(tmp_path / "layout")
    name = f"docker://{registry.address}/several:1"
    digest = copy(tmp_path, "--all", f"oci:{tmp_path}/layout", name)
    assert digest_of(skopeo(tmp_path, "inspect", "--raw", name).encode()) == digest
    skopeo(tmp_path, "copy", "--all", name, f"oci:{tmp_path}/theirs:1")
    copy(tmp_path, "--all", name, f"oci:{tmp_path}/ours:1")
    assert blobs(tmp_path / "ours") == blobs(tmp_path / "theirs") == blobs(tmp_path / "layout")
    copy(tmp_path, "--platform", "linux/arm64", name, f"oci:{tmp_path}/arm:1")
    assert "arm64" in imagetools("image", "inspect", f"oci:{tmp_path}/arm", home=tmp_path).stdout


def test_docker_and_podman_pull_what_was_pushed(registry: RunningRegistry, docker: Path, tmp_path: Path) -> None:
    name = f"{registry.address}/pulled:1"
    digest = push(tmp_path, name, str(docker)).stdout.strip().partition("@")[2]
    config = json.loads(skopeo(tmp_path, "inspect", "--raw", f"docker://{name}"))["config"]["digest"]
    need("podman")
    with tempfile.TemporaryDirectory(prefix="p") as short:  # podman takes no long names of folders
        storage = ["--root", f"{tmp_path}/storage", "--runroot", short, "--storage-driver", "vfs"]
        pulled = run(["podman", *storage, "pull", "-q", "--tls-verify=false", name], cwd=tmp_path).stdout
    assert pulled.strip() == config.removeprefix("sha256:")
    need_engine()
    try:
        run(["docker", "pull", "-q", name], cwd=tmp_path)
        found = json.loads(run(["docker", "image", "inspect", name], cwd=tmp_path).stdout)[0]
        assert found["Id"] == config
        assert found["RepoDigests"] == [f"{registry.address}/pulled@{digest}"]
    finally:
        run(["docker", "image", "rm", name], cwd=tmp_path, check=False)


def test_from_the_engine_to_a_registry_and_back(registry: RunningRegistry, docker: Path, tmp_path: Path) -> None:
    need_engine()
    name, back = "imagetools-push-oracle:1", f"imagetools-push-oracle:{os.getpid()}"
    try:
        copy(tmp_path, str(docker), "docker-daemon:")
        id_ = run(["docker", "image", "inspect", "-f", "{{.Id}}", name], cwd=tmp_path).stdout.strip()
        there = f"docker://{registry.address}/engine:1"
        copy(tmp_path, f"docker-daemon:{name}", there)
        assert json.loads(skopeo(tmp_path, "inspect", "--raw", there))["config"]["digest"] == id_
        assert copy(tmp_path, there, f"docker-daemon:{back}") == id_
        assert run(["docker", "image", "inspect", "-f", "{{.Id}}", back], cwd=tmp_path).stdout.strip() == id_
    finally:
        run(["docker", "image", "rm", name, back], cwd=tmp_path, check=False)


def test_mounted_from_another_repository(registry: RunningRegistry, layout: Path, tmp_path: Path) -> None:
    push(tmp_path, f"{registry.address}/mount/one", f"oci:{layout}:1")
    done = push(tmp_path, "--json", f"{registry.address}/mount/two", f"oci:{layout}:1")
    assert results(done) == {"mounted": 4}
    skopeo(tmp_path, "copy", f"docker://{registry.address}/mount/two", f"oci:{tmp_path}/back:1")


def reset_in_large(count: int) -> Fault:
    """Only where there is so much: small blobs pass."""

    def fault(forwarder: Forwarder) -> None:
        if int(forwarder.headers["Content-Length"]) > count:
            reset_in_request(count)(forwarder)
        else:
            forwarder.forward()

    return fault


def test_connections_that_break(registry: RunningRegistry, layout: Path, tmp_path: Path) -> None:
    """This registry forgets an upload whose connection broke (the state that it hands out has the offset in it), so all of the
    blob is sent again; one that keeps it gets the rest (tests/unit/net/registry/test_upload.py)."""
    with faulty(registry.address) as proxy:
        proxy.add(reset_in_large(300_000), method="PATCH", times=4)
        proxy.add(slam, method="PUT", path="/uploads/")
        proxy.add(status(503), method="HEAD")
        proxy.add(status(429, Retry_After="0"), method="POST")
        name = f"{proxy.address}/broken"
        digest = push(tmp_path, name, f"oci:{layout}:1").stdout.strip().partition("@")[2]
        assert len(proxy.requests("PATCH")) > 4
    found = skopeo(tmp_path, "inspect", "--format", "{{.Digest}}", f"docker://{registry.address}/broken").strip()
    assert found == digest
    skopeo(tmp_path, "copy", f"docker://{registry.address}/broken", f"oci:{tmp_path}/back:1")


def test_a_registry_that_is_killed_while_we_push(layout: Path, tmp_path: Path) -> None:
    with running_registry(tmp_path / "registry") as registry, faulty(registry.address) as proxy:

        def kill(forwarder: object) -> None:
            registry.kill()
            slam(forwarder)  # type: ignore[arg-type]

        proxy.add(kill, method="PUT", path="/uploads/")
        proxy.add(slam, times=-1, path="^/v2/dead/manifests")
        done = push(tmp_path, f"{proxy.address}/dead", f"oci:{layout}:1", check=False)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "error: cannot " in done.stderr and "gave up after 5 attempts without progress; try again" in done.stderr
    with running_registry(tmp_path / "registry") as registry:
        push(tmp_path, f"{registry.address}/dead", f"oci:{layout}:1")
        skopeo(tmp_path, "copy", f"docker://{registry.address}/dead", f"oci:{tmp_path}/back:1")


def login_file(folder: Path, address: str, name: str, password: str) -> Mapping[str, str]:
    folder.mkdir(exist_ok=True)
    auth = base64.b64encode(f"{name}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(folder)}


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_logins(layout: Path, tmp_path: Path, kind: str) -> None:
    with giving_tokens() as tokens:
        tokens.life = 61
        options: Any = {"basic": True} if kind == "basic" else {"tokens": tokens}
        with running_registry(tmp_path / "registry", **options) as registry:
            name = f"{registry.address}/private/x:1"
            good = login_file(tmp_path / "good", registry.address, NAME, PASSWORD)
            push(tmp_path, name, f"oci:{layout}:1", variables=good)
            again = push(tmp_path, "--json", f"{registry.address}/private/y:1", f"oci:{layout}:1", variables=good)
            assert results(again) == {"mounted": 4}
            bad = login_file(tmp_path / "bad", registry.address, NAME, "wr0ng")
            for variables, hint in (({}, "`docker login"), (bad, "do not open this")):
                done = push(tmp_path, name, f"oci:{layout}:1", check=False, variables=variables)
                assert done.returncode == 1 and "401" in done.stderr, done.stderr
                assert "wr0ng" not in done.stderr and hint in done.stderr


def interrupted(home: Path, proxy: FaultProxy, method: str, path: str, *words: str) -> None:
    """Ctrl-C as soon as a request has come, which gets no answer."""
    done = threading.Event()

    def wait(forwarder: Forwarder) -> None:
        done.wait(30)

    proxy.add(wait, method=method, path=path, times=-1)
    argv = [sys.executable, "-m", "imagetools", *words]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": str(home)}, cwd=home)
    deadline = time.monotonic() + 20
    while not proxy.requests(method, path) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    try:
        said = process.communicate(timeout=20)[1]
    finally:
        process.kill()
        done.set()
    assert process.returncode == 130 and "Traceback" not in said, said
    assert "interrupted" in said


def test_interrupted(registry: RunningRegistry, layout: Path, tmp_path: Path) -> None:
    """In the middle of a layer: a word, no traceback, no tag, no file."""
    with faulty(registry.address) as proxy:
        interrupted(tmp_path, proxy, "PATCH", "", "push", "--insecure", f"{proxy.address}/interrupted", f"oci:{layout}:1")
    name = f"docker://{registry.address}/interrupted"
    done = imagetools("image", "copy", "--insecure", name, "oci:x", home=tmp_path, check=False)
    assert done.returncode == 1 and "404" in done.stderr
    push(tmp_path, f"{registry.address}/interrupted", f"oci:{layout}:1")
    (tmp_path / "out").mkdir()
    with faulty(registry.address) as proxy:
        words = ["image", "copy", "--insecure", f"docker://{proxy.address}/interrupted", "oci:out/x"]
        layer = json.loads(skopeo(tmp_path, "inspect", "--raw", name))["layers"][1]["digest"]
        interrupted(tmp_path, proxy, "GET", layer, *words)
    assert list((tmp_path / "out").iterdir()) == []
