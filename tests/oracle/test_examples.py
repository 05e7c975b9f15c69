"""Every example, built by a user who has nothing yet and run in a real Docker engine; then built again under other conditions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.peers import need
from tests.unit.house.imports import ROOT

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("builds")]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("apt-get")
    return tmp_path_factory.mktemp("home")


def docker(*words: str) -> str:
    return run(["docker", *words], cwd=ROOT).stdout


def built(home: Path, name: str) -> Path:
    """The archive of an example."""
    imagetools("build", str(EXAMPLES / f"{name}.nix"), "-o", str(home / name), home=home)
    return home / name


def test_there_is_a_test_for_every_example() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.nix")) == ["files-only", "hello"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.nix")), ids=lambda path: path.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 30


@pytest.mark.docker
def test_hello(home: Path) -> None:
    need_engine()
    image = built(home, "hello")
    assert docker("load", "-i", str(image)) == "Loaded image: hello:latest\n"
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


def test_no_engine_says_what_to_do(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built(home, "hello")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = imagetools("load", str(image), home=home, check=False)
    assert done.returncode == 1
    assert "no Docker engine answers" in done.stderr
    assert "DOCKER_HOST" in done.stderr


@pytest.mark.parametrize("name", ["hello", "files-only"])
def test_the_same_bytes_under_other_circumstances(name: str, home: Path, tmp_path: Path) -> None:
    """Another home, working directory, clock zone, locale, umask, hash seed and number of jobs (row 2.021)."""
    first = built(home, name).read_bytes()
    other = tmp_path / "a longer folder name"
    other.mkdir()
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
    readable = subprocess.run(
        [*argv[:4], sys.executable, "-c", "import imagetools"], cwd=theirs, env=environment, check=False, capture_output=True
    )
    if readable.returncode:
        pytest.skip("this Python lies in a folder that other users cannot read")
    done = run(argv, cwd=theirs, environment=environment)
    assert Path(done.stdout.strip()).read_bytes() == built(home, "hello").read_bytes()
