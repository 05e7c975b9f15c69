"""Every example, built by a user who has nothing yet and run in a real Docker engine; then built again under other conditions."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.packages import MORE, Furnish
from tests.oracle.peers import need
from tests.unit.house.imports import ROOT
from tests.unit.sandbox.cage import UNREADABLE, other_user_can_run

pytestmark = pytest.mark.oracle
EXAMPLES = ROOT / "examples"
AGAIN = ("hello", "files-only", "stream", "web")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    need("apt-get")
    return furnish(tmp_path_factory.mktemp("home"), packages=MORE)


def docker(*words: str) -> str:
    return run(["docker", *words], cwd=ROOT).stdout


def built(home: Path, name: str) -> Path:
    """The archive of an example."""
    imagetools("build", str(EXAMPLES / f"{name}.nix"), "-o", str(home / name), home=home)
    return home / name


def test_there_is_a_test_for_every_example() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.nix")) == [
        "files-only",
        "hello",
        "machines",
        "on-a-base",
        "pair",
        "stream",
        "users",
        "web",
    ]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.nix")), ids=lambda path: path.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 30


@pytest.mark.docker
def test_hello(home: Path) -> None:
    need_engine()
    image = built(home, "hello")
    assert docker("load", "-i", str(image)).endswith("Loaded image: hello:latest\n")  # there may have been another
    assert docker("run", "--rm", "hello:latest") == "Hello from a definition in the Nix language\n"
    (described,) = json.loads(docker("image", "inspect", "hello:latest"))
    assert described["Created"] == "1970-01-01T00:00:01Z"
    assert len(described["RootFS"]["Layers"]) == 3


@pytest.mark.docker
def test_hello_through_our_own_load(home: Path) -> None:
    need_engine()
    done = imagetools("load", str(built(home, "hello")), home=home)
    assert done.stdout == "hello:latest\n"


@pytest.mark.docker
def test_files_only(home: Path) -> None:
    need_engine()
    docker("load", "-i", str(built(home, "files-only")))
    assert docker("run", "--rm", "files-only:1.0").splitlines() == [
        "These files came out of a definition.",
        "1000",
        "good day",
        "/data",
    ]
    (described,) = json.loads(docker("image", "inspect", "files-only:1.0"))
    config = described["Config"]
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert config["User"] == "1000:1000"
    assert config["Labels"] == {"org.opencontainers.image.title": "files only"}
    assert len(described["RootFS"]["Layers"]) == 1


@pytest.mark.docker
def test_on_a_base(home: Path) -> None:
    """busybox is in the base, so no layer on top has it."""
    need_engine()
    docker("load", "-i", str(built(home, "on-a-base")))
    assert docker("run", "--rm", "on-a-base:latest").splitlines() == ["from the base", "from the image", "good day"]
    (described,) = json.loads(docker("image", "inspect", "on-a-base:latest"))
    assert described["Config"]["Env"] == ["PATH=/bin", "GREETING=good day"]
    inspected = json.loads(imagetools("image", "inspect", "--json", str(built(home, "on-a-base")), home=home).stdout)
    paths = [path for layer in inspected["images"][0]["layers"] for path in layer["storePaths"]]
    assert len(paths) == len(set(paths)) and sum("busybox" in path for path in paths) == 1


def test_machines(home: Path, tmp_path: Path) -> None:
    """One layout, an image for each machine, the layer that they share once."""
    need("skopeo")
    layout = built(home, "machines")
    index = json.loads(run(["skopeo", "inspect", "--raw", f"oci:{layout}:latest"], cwd=ROOT).stdout)
    assert [item["platform"]["architecture"] for item in index["manifests"]] == ["amd64", "arm64"]
    layers = []
    for name in ("amd64", "arm64"):
        words = ["skopeo", "--override-arch", name, "inspect", "--config", f"oci:{layout}:latest"]
        config = json.loads(run(words, cwd=ROOT).stdout)
        assert (config["architecture"], config["config"]["Labels"]) == (name, {"org.example.architecture": name})
        layers.append(config["rootfs"]["diff_ids"])
    assert len(set(layers[0]) & set(layers[1])) == 1
    run(["skopeo", "copy", "--all", f"oci:{layout}:latest", f"oci:{tmp_path}/copied:1"], cwd=ROOT)
    assert json.loads(run(["skopeo", "inspect", "--raw", f"oci:{tmp_path}/copied:1"], cwd=ROOT).stdout) == index


@pytest.mark.docker
def test_machines_in_the_engine(home: Path) -> None:
    """It gets the image for its own machine."""
    need_engine()
    assert imagetools("load", str(built(home, "machines")), home=home).stdout == "machines:latest\n"
    (described,) = json.loads(docker("image", "inspect", "machines:latest"))
    (own,) = [name for name in ("amd64", "arm64") if name == described["Architecture"]]
    assert described["Config"]["Labels"] == {"org.example.architecture": own}


@pytest.mark.docker
def test_users(home: Path) -> None:
    need_engine()
    docker("load", "-i", str(built(home, "users")))
    assert docker("run", "--rm", "users:latest").splitlines() == ["app", "app:app 2750", "app:app 600", "secret"]


@pytest.mark.docker
def test_pair(home: Path) -> None:
    """Row 2.039: the engine keeps what two images share once."""
    need_engine()
    built(home, "pair")
    layers: list[list[str]] = []
    for side, link in (("left", "pair"), ("right", "pair-2")):
        docker("load", "-i", str(home / link))
        assert docker("run", "--rm", f"pair-{side}:latest") == f"This is the {side} one\n"
        (described,) = json.loads(docker("image", "inspect", f"pair-{side}:latest"))
        layers.append(described["RootFS"]["Layers"])
    left, right = layers
    assert len(left) == len(right) == 3
    assert left[:-1] == right[:-1]
    assert len(set(left) & set(right)) == 2


@pytest.mark.docker
def test_stream(home: Path) -> None:
    """From the physical path, with an empty environment, straight into the engine (rows 2.041, 2.042)."""
    need_engine()
    script = built(home, "stream")
    with subprocess.Popen([script], stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]}) as writer:
        loaded = subprocess.run(["docker", "load"], stdin=writer.stdout, capture_output=True, text=True, check=True)
    assert writer.returncode == 0
    assert loaded.stdout == "Loaded image: stream:latest\n"
    assert docker("run", "--rm", "stream:latest") == "written\n"


def test_stream_writes_what_would_have_been_built(home: Path) -> None:
    script = built(home, "stream")
    definition = (EXAMPLES / "stream.nix").read_text().replace("streamLayeredImage", "buildLayeredImage")
    imagetools("build", "-E", definition, "-o", str(home / "built"), home=home)
    streamed = subprocess.run([script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    assert streamed == gzip.decompress((home / "built").read_bytes())


def test_stream_to_a_copying_program(home: Path, tmp_path: Path) -> None:
    """Row 2.042. By a file: Debian's skopeo reads archives neither gzipped nor from a pipe, also those of Docker itself."""
    need("skopeo")
    command = f"{built(home, 'stream')} > image.tar && skopeo copy --insecure-policy docker-archive:image.tar oci:copied:x"
    run(["bash", "-c", command], cwd=tmp_path)
    index = json.loads((tmp_path / "copied/index.json").read_text())
    assert len(index["manifests"]) == 1


@pytest.mark.docker
def test_web(home: Path) -> None:
    """The container's port is published on a free port of the loopback device, and the page is fetched there."""
    need_engine()
    docker("load", "-i", str(built(home, "web")))
    container = docker("run", "--detach", "--publish", "127.0.0.1::8080", "web:latest").strip()
    try:
        address = docker("port", container, "8080/tcp").split()[0]
        assert "<h1>This page was written by a definition</h1>" in fetched(f"http://{address}/")
        with pytest.raises(urllib.error.HTTPError):
            fetched(f"http://{address}/other")
    finally:
        docker("rm", "--force", container)


def fetched(url: str) -> str:
    """The page; asks again as long as the server is on its way up (at most 10 seconds)."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + 10
    while True:
        try:
            with opener.open(url, timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_no_engine_says_what_to_do(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built(home, "hello")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = imagetools("load", str(image), home=home, check=False)
    assert done.returncode == 1
    assert "no Docker engine answers" in done.stderr
    assert "DOCKER_HOST" in done.stderr


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    """A home in which the packages, too, are built under other circumstances."""
    place = tmp_path_factory.mktemp("other") / "a longer folder name"
    place.mkdir()
    return furnish.archives(place, *(str(EXAMPLES / f"{name}.nix") for name in AGAIN))


@pytest.mark.parametrize("name", AGAIN)
def test_the_same_bytes_under_other_circumstances(name: str, home: Path, other: Path) -> None:
    """Another home, working directory, clock zone, locale, umask, hash seed and number of jobs (row 2.021)."""
    first = built(home, name).read_bytes()
    environment = {
        "HOME": str(other),
        "PATH": os.environ["PATH"],
        "TZ": "Pacific/Chatham",
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "SOURCE_DATE_EPOCH": "1234567890",
    }
    argv = [sys.executable, "-m", "imagetools", "build", str(EXAMPLES / f"{name}.nix"), "-o", "again", "-j", "1", "--cores", "1"]
    subprocess.run(argv, cwd=other, env=environment, check=True, capture_output=True, umask=0o077)
    assert (other / "again").read_bytes() == first


def test_as_an_ordinary_user(home: Path, tmp_path: Path) -> None:
    """The same again without root, where the tests run as root."""
    if os.getuid() != 0:
        assert built(home, "hello").exists()  # then every test here has run without root
        return
    need("setpriv")
    theirs = tmp_path / "user"
    theirs.mkdir()
    shutil.copy(EXAMPLES / "hello.nix", theirs)
    for folder in (theirs, *theirs.parents):
        if folder == Path("/tmp"):
            break
        folder.chmod(0o755)
    os.chown(theirs, 1234, 1234)
    argv = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", sys.executable, "-m", "imagetools", "build", "hello.nix"]
    environment = {"HOME": str(theirs), "PATH": os.environ["PATH"]}
    if not other_user_can_run():
        pytest.skip(UNREADABLE)
    done = run(argv, cwd=theirs, environment=environment)
    assert Path(done.stdout.strip()).read_bytes() == built(home, "hello").read_bytes()
