"""The examples as a person would run them: built by the command, loaded by the command, started by Docker."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.image_io import daemon
from imagetools.image_io.archive_reader import validate_archive
from tests.oracle.commands import imagetools
from tests.oracle.peers import need

pytestmark = [pytest.mark.oracle, pytest.mark.docker]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One store for all examples; their images leave the engine at the end."""
    need("docker", "apt-get")
    try:
        daemon.connect(os.environ).close()
    except daemon.EngineUnreachableError as error:
        if os.environ.get("IMAGETOOLS_REQUIRE_PEERS") == "1":
            raise
        pytest.skip(error.message)
    yield tmp_path_factory.mktemp("home")
    for path in EXAMPLES.glob("*.nix"):
        subprocess.run(["docker", "image", "rm", "-f", path.stem], capture_output=True, check=False)


def start(home: Path, example: str, *words: str) -> str:
    """Build, validate and load an example, run its image, and give what it printed."""
    link = home / f"result-{example}"
    imagetools("build", str(EXAMPLES / f"{example}.nix"), "-o", str(link), home=home)
    assert validate_archive(str(link)) == ()
    assert imagetools("load", str(link), home=home).stdout.split() == [f"{example}:latest"]
    return docker("run", "--rm", example, *words)


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_hello(home: Path) -> None:
    assert start(home, "hello") == "Hello from an image that was defined in Nix.\n"
    (seen,) = json.loads(docker("image", "inspect", "hello"))
    assert len(seen["RootFS"]["Layers"]) == 3


def test_files_only(home: Path) -> None:
    assert start(home, "files-only") == "<h1>It works.</h1>\n"
    assert docker("run", "--rm", "files-only", "id", "-u") == "1000\n"
    assert docker("run", "--rm", "files-only", "pwd") == "/srv/www\n"
    assert "GREETING=hello" in docker("run", "--rm", "files-only", "env")
    (seen,) = json.loads(docker("image", "inspect", "files-only"))
    assert len(seen["RootFS"]["Layers"]) == 1
    assert (seen["Config"]["ExposedPorts"], seen["Config"]["Volumes"]) == ({"8080/tcp": {}}, {"/data": {}})


def test_every_example_is_short() -> None:
    assert all(len(path.read_text().splitlines()) < 30 for path in EXAMPLES.glob("*.nix"))
