"""``dockerTools.pullImage`` beside skopeo, from a real registry: the same archives, byte for byte (rows 2.043-2.050)."""

import bz2
import gzip
import json
import lzma
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.image import media_types
from imagetools.image.platform_choice import go_platform
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.pulling import KeptBlobs, find_image, write_pulled
from imagetools.kernel.hashes import digest
from imagetools.net.registry.repository import RemoteRepository
from tests.oracle.commands import imagetools
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.servers.fault_proxy import faulty, reset_after, status
from tests.servers.images import (
    OCI,
    MadeImage,
    digest_of,
    layer_tar,
    make_image,
    make_index,
    put_blobs,
    put_manifest,
)
from tests.servers.real_registry import NAME, PASSWORD, RunningRegistry, running_registry
from tests.servers.token_server import TokenServer, giving_tokens
from tests.unit.fetchers.forges.authority import make as make_authority
from tests.unit.net.registry.reaching import registry_at
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

A = layer_tar({"a": b"#!/bin/sh\n", "b": b"root:x:0:0::/:/bin/sh\n"})
B = layer_tar({"data": bytes(range(256)) * 3000})
EMPTY = bytes(1024)


def strange_config(tars: list[bytes]) -> bytes:
    """White space, escapes, signs that Go's encoder escapes, numbers, a key twice, members of no concern."""
    diff_ids = json.dumps([digest_of(tar) for tar in tars])
    return (
        '\n{ "os" : "linux",\t"architecture":"amd64", "created" : "2020-01-01T00:00:00.123456789Z" ,\r\n'
        ' "config" : { "Cmd" : [ "a<b>&c", "\\u003c \\/ \\" \\\\", "ä\u2028\u2029\U0001f600" ],'
        ' "N": [1e5, -0.0, 12345678901234567890], "E": { }, "L" : [ ] } ,'
        ' "container":"first", "container" : "second <&>", "container_config":null, "docker_version" : "20.10 \\u0041",'
        ' "history": [ { "empty_layer" : true } ], "x<y": 1,'
        f' "rootfs":{{"type":"layers","diff_ids":{diff_ids}}} }}  \n'
    ).encode()


def with_blobs(image: MadeImage, replaced: dict[bytes, bytes]) -> MadeImage:
    """The same with other bytes for some layers, whatever the media types say."""
    manifest = json.loads(image.manifest)
    for old, new in replaced.items():
        blob = gzip.compress(old, mtime=0)
        del image.blobs[digest_of(blob)]
        image.blobs[digest_of(new)] = new
        for layer in manifest["layers"]:
            if layer["digest"] == digest_of(blob):
                layer.update(digest=digest_of(new), size=len(new))
    return MadeImage(json.dumps(manifest).encode(), image.media_type, image.blobs)


IMAGES = {
    "docker-gzip": make_image([A, B]),
    "docker-none": make_image([A, B], codecs=["none", "none"]),
    "docker-mixed": make_image([A, B, EMPTY], codecs=["none", "gzip", "gzip"]),
    "oci-gzip": make_image([A, B], kind=OCI),
    "oci-none": make_image([A, B], kind=OCI, codecs=["none", "none"]),
    "one-layer-twice": make_image([A, B, A, EMPTY, EMPTY]),
    "twice-differently-packed": make_image([A, A], codecs=["none", "gzip"]),
    "no-layers": make_image([]),
    "strange-config": make_image([A, B], raw_config=strange_config([A, B])),
    "strange-config-oci": make_image([B], kind=OCI, raw_config=strange_config([B])),
    "bare-config": make_image([A], raw_config=json.dumps({"rootfs": {"diff_ids": [digest_of(A)]}}).encode()),
    "null-config": make_image([A], config={"config": None, "created": None, "docker_version": ""}),
    "plain-called-gzip": with_blobs(make_image([A, B]), {A: A}),
    "xz-and-bzip2": with_blobs(make_image([A, B]), {A: lzma.compress(A), B: bz2.compress(B)}),
    "gzip-members": with_blobs(make_image([B]), {B: gzip.compress(B[:1000]) + gzip.compress(B[1000:])}),
}
ZSTD = make_image([A, B], kind=OCI, codecs=["zstd", "zstd"])

AMD, ARM = make_image([A]), make_image([B], config={"architecture": "arm64", "variant": "v8"})
AMD_OCI, AMD_ZSTD = make_image([A, B], kind=OCI), make_image([A], kind=OCI, codecs=["zstd"])
OLD_ARM, NEW_ARM = make_image([A], config={"variant": "v6"}), make_image([B], config={"variant": "v7"})
ATTESTATION = make_image([EMPTY], kind=OCI, config={"os": "unknown", "architecture": "unknown"})
INDEXES = {
    "docker-list": (
        make_index(
            [
                ARM.descriptor(os="linux", architecture="arm64", variant="v8"),
                AMD.descriptor(os="linux", architecture="amd64"),
                NEW_ARM.descriptor(os="linux", architecture="arm", variant="v7"),
                OLD_ARM.descriptor(os="linux", architecture="arm"),
            ],
            media_types.DOCKER_INDEX,
        ),
        media_types.DOCKER_INDEX,
    ),
    "oci-index": (
        make_index(
            [
                ATTESTATION.descriptor(os="unknown", architecture="unknown"),
                ARM.descriptor(os="linux", architecture="arm64", variant="v8"),
                AMD_OCI.descriptor(os="linux", architecture="amd64"),
                AMD.descriptor(os="linux", architecture="amd64"),
            ]
        ),
        media_types.OCI_INDEX,
    ),
}
PARTS = (AMD, ARM, AMD_OCI, AMD_ZSTD, OLD_ARM, NEW_ARM, ATTESTATION)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    need("skopeo")
    with running_registry(tmp_path_factory.mktemp("registry")) as made:
        for name, image in {**IMAGES, "zstd": ZSTD}.items():
            put_blobs(made.address, f"team/{name}", image)
            put_manifest(made.address, f"team/{name}", "1", image.manifest, image.media_type)
        for name, (index, media_type) in INDEXES.items():
            for part in PARTS:
                put_blobs(made.address, f"team/{name}", part)
                put_manifest(made.address, f"team/{name}", part.digest, part.manifest, part.media_type)
            put_manifest(made.address, f"team/{name}", "1", index, media_type)
        yield made


def ours(source: str, name: str, folder: Path, *, arch: str = "amd64") -> bytes:
    folder.mkdir(exist_ok=True)
    reference = RemoteReference.parse(source)
    repository = RemoteRepository(registry_at(reference.registry), reference)
    image = find_image(repository, go_platform("linux", arch))
    with KeptBlobs(repository, str(folder), lambda line: None) as blobs, open(folder / "ours.tar", "w+b") as file:
        write_pulled(image, blobs, RemoteReference.parse(name), file)
    return (folder / "ours.tar").read_bytes()


def theirs(source: str, name: str, folder: Path, *, arch: str = "amd64", login: str = "") -> bytes:
    out = folder / "theirs.tar"
    command = ["skopeo", "--insecure-policy", "--override-os", "linux", "--override-arch", arch, "copy", "-q"]
    command += ["--src-tls-verify=false", *(["--src-creds", login] if login else [])]
    subprocess.run([*command, f"docker://{source}", f"docker-archive:{out}:{name}"], check=True, capture_output=True)
    return out.read_bytes()


@pytest.mark.parametrize("case", IMAGES)
def test_the_archive_is_skopeos(registry: RunningRegistry, tmp_path: Path, case: str) -> None:
    source = f"{registry.address}/team/{case}@{IMAGES[case].digest}"
    assert ours(source, "some/image:1", tmp_path / "blobs") == theirs(source, "some/image:1", tmp_path)


def test_zstd_which_this_skopeo_does_not_take(registry: RunningRegistry, tmp_path: Path) -> None:
    """Compression leaves no trace: the archive is that of the same image with gzip."""
    other = f"{registry.address}/team/oci-gzip@{IMAGES['oci-gzip'].digest}"
    assert ours(f"{registry.address}/team/zstd@{ZSTD.digest}", "x:1", tmp_path / "blobs") == theirs(other, "x:1", tmp_path)


@pytest.mark.parametrize(
    "name", ["hello:1", "index.docker.io/hello:x_1.2-3", "docker.io/a/b:1", "localhost:5000/a/b/c:1", "q.io/a:1"]
)
def test_what_it_is_called(registry: RunningRegistry, tmp_path: Path, name: str) -> None:
    source = f"{registry.address}/team/docker-gzip:1"
    assert ours(source, name, tmp_path / "blobs") == theirs(source, name, tmp_path)


@pytest.mark.parametrize("arch", ["amd64", "arm64", "arm"])
def test_out_of_a_manifest_list(registry: RunningRegistry, tmp_path: Path, arch: str) -> None:
    source = f"{registry.address}/team/docker-list@{digest_of(INDEXES['docker-list'][0])}"
    assert ours(source, "x:1", tmp_path / "blobs", arch=arch) == theirs(source, "x:1", tmp_path, arch=arch)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_out_of_an_index(registry: RunningRegistry, tmp_path: Path, arch: str) -> None:
    source = f"{registry.address}/team/oci-index@{digest_of(INDEXES['oci-index'][0])}"
    assert ours(source, "x:1", tmp_path / "blobs", arch=arch) == theirs(source, "x:1", tmp_path, arch=arch)


def definition(address: str, image: MadeImage, **more: str) -> str:
    arguments = {"imageName": f"{address}/team/app", "imageDigest": image.digest, "finalImageName": "app", **more}
    text = " ".join(f'{name} = "{value}";' for name, value in arguments.items())
    return f"with import <nixpkgs> {{ }}; dockerTools.pullImage {{ {text} tlsVerify = false; }}"


@pytest.mark.parametrize("kind", ["open", "basic", "token"])
def test_a_build_pulls_it(tmp_path: Path, kind: str) -> None:
    """As a whole: Nix function, derivation, sandbox, login from config.json, hash."""
    need("skopeo")
    need_namespaces()
    image = IMAGES["docker-gzip"]
    with giving_tokens() as tokens, running_registry(tmp_path / "registry") as first:
        put_blobs(first.address, "team/app", image)
        put_manifest(first.address, "team/app", "1", image.manifest, image.media_type)
        first.kill()
        with running_registry(tmp_path / "registry", basic=kind == "basic", tokens=tokens if kind == "token" else None) as made:
            _pull_as_a_whole(made, kind, tokens, tmp_path)


def _pull_as_a_whole(made: RunningRegistry, kind: str, tokens: TokenServer, tmp_path: Path) -> None:
    image = IMAGES["docker-gzip"]
    login = "" if kind == "open" else f"{NAME}:{PASSWORD}"
    expected = theirs(f"{made.address}/team/app@{image.digest}", "app:latest", tmp_path, login=login)
    text = definition(made.address, image, hash=digest("sha256", expected).sri())
    home = _new(tmp_path / "home")
    if kind != "open":
        failed = imagetools("build", "--no-link", "-E", text, home=home, check=False)
        assert failed.returncode == 1
        assert "HTTP 401 Unauthorized" in failed.stderr
        assert f"`docker login {made.address}` keeps a name and a password for it" in failed.stderr
        (home / ".docker").mkdir()
        auths = {made.address: {"username": NAME, "password": PASSWORD}}
        (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))
    done = imagetools("build", "--no-link", "-E", text, home=home)
    assert Path(done.stdout.strip()).read_bytes() == expected
    assert PASSWORD not in done.stderr
    assert Path(done.stdout.strip()).name.endswith("-docker-image-app-latest.tar")
    assert kind != "token" or tokens.seen[-1] == ("GET", NAME, "repository:team/app:pull")


def test_certificates(tmp_path: Path) -> None:
    """A registry with TLS whose authority nobody knows: refused, unless it is named or nothing is checked."""
    need("skopeo")
    need_namespaces()
    image = IMAGES["docker-gzip"]
    authority, _ = make_authority(tmp_path, ["localhost"])
    with running_registry(tmp_path / "registry") as first:
        put_blobs(first.address, "team/app", image)
        put_manifest(first.address, "team/app", "1", image.manifest, image.media_type)
    with running_registry(tmp_path / "registry", certificate=tmp_path / "server.pem") as made:
        address = made.address.replace("127.0.0.1", "localhost")
        expected = theirs(f"{address}/team/app@{image.digest}", "app:latest", tmp_path)
        text = definition(address, image, hash=digest("sha256", expected).sri())
        secure = text.replace("tlsVerify = false;", "")
        refused = imagetools("build", "--no-link", "-E", secure, home=tmp_path, check=False)
        assert refused.returncode == 1
        assert "the server's certificate was refused: [SSL: CERTIFICATE_VERIFY_FAILED]" in refused.stderr
        assert "hint: a private authority's certificate can be named by SSL_CERT_FILE; --insecure (tlsVerify" in refused.stderr
        for number, (chosen, variables) in enumerate(((secure, {"NIX_SSL_CERT_FILE": str(authority)}), (text, {}))):
            done = imagetools("build", "--no-link", "-E", chosen, home=_new(tmp_path / str(number)), variables=variables)
            assert Path(done.stdout.strip()).read_bytes() == expected


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_pull_that_breaks_goes_on_in_the_next_build(registry: RunningRegistry, tmp_path: Path) -> None:
    need_namespaces()
    image = make_image([A, B], codecs=["gzip", "none"])
    put_blobs(registry.address, "team/app", image)
    put_manifest(registry.address, "team/app", "broken", image.manifest, image.media_type)
    whole = str(image.layers[1]["digest"])
    with faulty(registry.address) as proxy:
        proxy.add(reset_after(300_000), path=whole)
        proxy.add(status(404), path=whole)
        failed = imagetools("build", "--no-link", "-E", definition(proxy.address, image), home=tmp_path, check=False)
        assert failed.returncode == 1
        assert "HTTP 404 Not Found" in failed.stderr
        again = imagetools("build", "--no-link", "-E", definition(proxy.address, image), home=tmp_path, check=False)
        assert again.returncode == 102
        assert f"fetching {whole} (760.0 KiB) from byte " in again.stderr
        asked = proxy.requests(path=whole)
        assert len(asked) == 3
        assert asked[2].headers["range"] != "bytes=0-"
        got = again.stderr.partition("got:")[2].split()[0]
    expected = theirs(f"{registry.address}/team/app@{image.digest}", "app:latest", tmp_path)
    assert got == digest("sha256", expected).sri()


def test_prefetch_docker_prints_what_pulls_the_same(registry: RunningRegistry, tmp_path: Path) -> None:
    """Row 1.084. The digest is the index's, as `skopeo inspect` tells it; what was fetched is there for the build."""
    need_namespaces()
    home = _new(tmp_path / "home")
    source = f"{registry.address}/team/docker-list"
    words = ["--final-image-name", "app", "--arch", "arm64", "--insecure"]
    done = imagetools("prefetch", "docker", source, "1", *words, home=home)
    expected = digest("sha256", theirs(f"{source}:1", "app:1", tmp_path, arch="arm64")).sri()
    inspect = ["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{source}:1"]
    seen = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()
    assert done.stdout.splitlines() == [
        "{",
        f'  imageName = "{source}";',
        f'  imageDigest = "{seen}";',
        '  finalImageName = "app";',
        '  finalImageTag = "1";',
        '  arch = "arm64";',
        "  tlsVerify = false;",
        f'  hash = "{expected}";',
        "}",
    ]
    registry_is_not_asked = done.stdout.replace(registry.address, "127.0.0.1:1")
    text = f"with import <nixpkgs> {{ }}; dockerTools.pullImage {registry_is_not_asked}"
    built = imagetools("build", "--no-link", "-E", text, home=home)
    assert digest("sha256", Path(built.stdout.strip()).read_bytes()).sri() == expected
    by_digest = [f"docker://{source}@{seen}", "--final-image-tag", "1", "--hash", expected, "--json"]
    again = imagetools("prefetch", "docker", *by_digest, *words, home=home)
    assert "building" not in again.stderr
    assert json.loads(again.stdout)["arguments"]["imageDigest"] == seen


def test_an_image_on_a_pulled_one(registry: RunningRegistry, tmp_path: Path, furnish: Furnish) -> None:
    """fromImage takes what pullImage gives; both layers of the base are there, and one more."""
    need_namespaces()
    image = IMAGES["oci-gzip"]
    expected = theirs(f"{registry.address}/team/oci-gzip@{image.digest}", "app:latest", tmp_path)
    base = definition(f"{registry.address}", image, hash=digest("sha256", expected).sri()).replace("team/app", "team/oci-gzip")
    pulled = base.partition("; ")[2]
    arguments = 'name = "on"; tag = "1"; compressor = "none"; contents = [ (writeTextDir "x" "y") ];'
    text = f"with import <nixpkgs> {{ }}; dockerTools.buildLayeredImage {{ {arguments} fromImage = {pulled}; }}"
    built = imagetools("build", "--no-link", "-E", text, home=furnish(tmp_path))
    inspect = ["skopeo", "inspect", "--config", f"docker-archive:{built.stdout.strip()}"]
    config = json.loads(subprocess.run(inspect, check=True, capture_output=True, text=True).stdout)
    assert config["rootfs"]["diff_ids"][:2] == [digest_of(A), digest_of(B)]
    assert len(config["rootfs"]["diff_ids"]) > 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "prefetch docker needs the name of an image, such as busybox"),
        (["a:1", "2"], "the tag or digest is given twice: '1' and '2'"),
        (["a", "1", "--image-tag", "2"], "the tag or digest is given twice: '1' and '2'"),
        (["a", "--image-name", "b"], "the name of the image is given twice: 'a' and 'b'"),
        (
            ["a", "sha256:1"],
            "'sha256:1' cannot be the digest of an image: it must be sha256: and 64 hexadecimal digits in lower case",
        ),
        (["A"], "'A' cannot be the name of an image: it must be lower case"),
    ],
)
def test_what_prefetch_docker_does_not_take(tmp_path: Path, words: list[str], said: str) -> None:
    done = imagetools("prefetch", "docker", *words, home=tmp_path, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"error: {said}"
    assert done.stdout == ""


def test_docker_loads_it(registry: RunningRegistry, tmp_path: Path) -> None:
    need_engine()
    ours(f"{registry.address}/team/zstd@{ZSTD.digest}", "imagetools-test-pulled:1", tmp_path)
    try:
        done = subprocess.run(["docker", "load", "-i", str(tmp_path / "ours.tar")], check=True, capture_output=True, text=True)
        assert done.stdout == "Loaded image: imagetools-test-pulled:1\n"
    finally:
        subprocess.run(["docker", "rmi", "-f", "imagetools-test-pulled:1"], check=False, capture_output=True)
