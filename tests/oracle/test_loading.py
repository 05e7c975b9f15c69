"""`imagetools load` into the real Docker engine and podman: only what is new goes, and what runs is what was built."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need

IMAGE = """
{ kind ? "streamLayeredImage", text ? "one", name ? "load-test" }:
with import <nixpkgs> { };
dockerTools.${kind} {
  inherit name;
  tag = "latest";
  contents = [ busybox (writeTextDir "etc/text" text) ];
  config.Cmd = [ "/bin/cat" "/etc/text" ];
}
"""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def built(home: Path, *words: str) -> Path:
    (home / "image.nix").write_text(IMAGE)
    imagetools("build", "image.nix", "-o", "result", *words, home=home)
    return home / "result"


@pytest.fixture
def home(tmp_path: Path, furnish: Furnish) -> Path:
    return furnish(tmp_path)


@pytest.mark.docker
@pytest.mark.oracle
def test_only_what_is_new(home: Path) -> None:
    need_engine()
    name = f"imagetools-load-test-{os.getpid()}"
    subprocess.run(["docker", "rmi", f"{name}:latest"], capture_output=True, check=False)
    for text in ("one", "two", "two"):
        script = built(home, "--argstr", "text", text, "--argstr", "name", name)
        done = imagetools("load", home=home)
        assert done.stdout == f"{name}:latest\n"
        counted = done.stderr.rpartition(" sent, ")[2].split()
        described = json.loads(docker("image", "inspect", name))[0]
        assert described["Id"] in script.read_text()
        assert docker("run", "--rm", "--network", "none", name).strip() == text
        if text == "two":
            assert int(counted[0]) < int(counted[2])
    assert counted[0] == "0"
    archive = built(home, "--argstr", "text", "two", "--argstr", "name", name, "--argstr", "kind", "buildLayeredImage")
    assert " 0 of " in imagetools("load", str(archive), home=home).stderr
    docker("rmi", name)


@pytest.mark.oracle
def test_podman_takes_all(home: Path) -> None:
    need("podman")
    built(home, "--argstr", "name", "imagetools-podman-test")
    done = imagetools("load", "--podman", home=home)
    assert done.stdout == "localhost/imagetools-podman-test:latest\n"
    listed = subprocess.run(["podman", "images", "-q", "imagetools-podman-test"], capture_output=True, text=True, check=True)
    assert listed.stdout.strip()
    subprocess.run(["podman", "rmi", "imagetools-podman-test"], capture_output=True, check=True)


@pytest.mark.oracle
def test_podmans_service_gets_all(home: Path) -> None:
    need("podman")
    socket = home / "podman.sock"
    built(home, "--argstr", "name", "imagetools-service-test")
    words = ["podman", "system", "service", "--time", "60", f"unix://{socket}"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as service:
        try:
            deadline = time.monotonic() + 30
            while not socket.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            for _ in range(2):
                done = imagetools("load", home=home, variables={"DOCKER_HOST": f"unix://{socket}"})
                assert done.stdout == "localhost/imagetools-service-test:latest\n"
                counted = done.stderr.rpartition(" sent, ")[2].split()
                assert counted[0] == counted[2]
        finally:
            service.terminate()
    subprocess.run(["podman", "rmi", "imagetools-service-test"], capture_output=True, check=True)
