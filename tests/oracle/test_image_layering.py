"""The order of layers against nixpkgs' own script (IMAGETOOLS_NIXPKGS names a nixpkgs of 2020), and the functions in real Nix."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.image.layering.popularity import by_popularity
from imagetools.image.reference import ImageNameError, check_name, check_tag
from tests.oracle.peers import need
from tests.unit.image.test_reference import BAD_NAMES, GOOD_NAMES

pytestmark = pytest.mark.oracle

DOCKER_TOOLS = Path(__file__).parents[2] / "builders" / "docker_tools"
ARGUMENTS = '{ lib = { }; system = "x86_64-linux"; bash = "/bash"; busybox = "/busybox"; }'


def script() -> Path:
    root = os.environ.get("IMAGETOOLS_NIXPKGS")
    path = Path(root or "/nonexistent") / "pkgs/build-support/references-by-popularity/closure-graph.py"
    if not path.exists():
        pytest.skip("IMAGETOOLS_NIXPKGS names no nixpkgs with closure-graph.py")
    return path


@pytest.mark.parametrize("seed", range(8))
def test_the_order_is_that_of_nixpkgs(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store = StoreDir()
    size = chance.randrange(1, 60)
    paths = [StorePath(hashlib.sha256(b"%d %d" % (seed, n)).digest()[:20], f"p{chance.randrange(20)}-{n}") for n in range(size)]
    below = {
        path: sorted({path, *chance.sample(paths[place + 1 :], min(chance.randrange(4), size - place - 1))})
        for place, path in enumerate(paths)
    }
    groups = [sorted(chance.sample(paths, chance.randrange(1, size + 1))) for _ in range(2)]
    graph = [{"path": store.join(path), "references": [store.join(item) for item in refs]} for path, refs in below.items()]
    for number, group in enumerate(groups):
        graph.append({"path": f"/nix/store/root{number}", "references": [store.join(item) for item in group]})
    graph.append({"path": "/nix/store/top", "references": [f"/nix/store/root{number}" for number in range(2)]})
    reached = {store.join(path) for path in by_popularity(groups, below)}
    graph = [item for item in graph if item["path"] in reached or "root" in str(item["path"]) or "top" in str(item["path"])]
    (tmp_path / "graph.json").write_text(json.dumps({"graph": graph}))
    done = subprocess.run(
        [sys.executable, str(script()), str(tmp_path / "graph.json"), "graph"], capture_output=True, text=True, check=True
    )
    theirs = [line for line in done.stdout.splitlines() if "/root" not in line and "/top" not in line]
    assert [store.join(path) for path in by_popularity(groups, below)] == theirs


def nix_values(expression: str) -> object:
    need("nix-instantiate")
    tools = f"docker = import {DOCKER_TOOLS} {ARGUMENTS}; names = import {DOCKER_TOOLS}/names.nix;"
    done = subprocess.run(
        ["nix-instantiate", "--eval", "--strict", "--json", "--readonly-mode", "-E", f"let {tools} in {expression}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fine(check: object, text: str) -> bool:
    try:
        check(text)  # type: ignore[operator]
    except ImageNameError:
        return False
    return True


def test_names_are_judged_alike_in_nix_and_python() -> None:
    lowered = [name for name in [*GOOD_NAMES, *BAD_NAMES] if name == name.lower() and name.isascii()]
    asked = json.dumps(json.dumps(lowered)).replace("$", "\\$")
    judged = nix_values(f'map (name: (builtins.tryEval (names.checkName "x" name)).success) (builtins.fromJSON {asked})')
    assert judged == [fine(check_name, name) for name in lowered]
    tags = ["latest", "1.0", "_", "A-b.C", "0" * 128, "", ".a", "-a", "a b", "a/b", "a:b", "0" * 129]
    asked = json.dumps(json.dumps(tags))
    judged = nix_values(f'map (tag: (builtins.tryEval (names.checkTag "x" tag)).success) (builtins.fromJSON {asked})')
    assert judged == [fine(check_tag, tag) for tag in tags]


def test_what_an_image_says_of_itself() -> None:
    """passthru (row 2.020), names of the files, the tag from the output (rows 2.005, 2.024)."""
    seen = nix_values(
        """
        let
          one = docker.buildImage { name = "Team/App"; config.Cmd = [ "/x" ]; };
          two = docker.buildLayeredImage { name = "app"; tag = "V1"; maxLayers = 7; compressor = "none"; passthru.extra = 1; };
          hash = drv: builtins.substring 11 32 (builtins.unsafeDiscardStringContext drv.outPath);
        in {
          one = { inherit (one) name imageName buildArgs builder; tag = one.imageTag == hash one; };
          two = { inherit (two) name imageName imageTag extra; again = two.passthru.imageName;
                  args = two.buildArgs.maxLayers; stream = two.stream.name; };
        }
        """
    )
    assert seen == {
        "one": {
            "name": "docker-image-App.tar.gz",
            "imageName": "team/app",
            "buildArgs": {"name": "Team/App", "config": {"Cmd": ["/x"]}},
            "builder": "builtin:docker-image",
            "tag": True,
        },
        "two": {
            "name": "app.tar",
            "imageName": "app",
            "imageTag": "V1",
            "extra": 1,
            "args": 7,
            "again": "app",
            "stream": "stream-app",
        },
    }


def test_a_stream_says_what_its_image_says() -> None:
    """Rows 2.031, 2.041: the tag is that of the built image, whether given or not; a shell only where commands are."""
    seen = nix_values(
        """
        let
          args = { name = "Team/App"; config.Cmd = [ "/x" ]; };
          stream = docker.streamLayeredImage args;
          built = docker.buildLayeredImage args;
          more = { tag = "V1"; extraCommands = "true"; passthru.extra = 1; compressor = "gz"; };
          tagged = docker.streamLayeredImage (args // more);
        in {
          untagged = stream.imageTag == built.imageTag && stream.passthru.imageTag == built.imageTag;
          stream = { inherit (stream) name imageName buildArgs builder outputs compressor; shell = stream ? shell; };
          tagged = { inherit (tagged) imageTag extra shell PATH extraCommands; };
        }
        """
    )
    assert seen == {
        "untagged": True,
        "stream": {
            "name": "stream-App",
            "imageName": "team/app",
            "buildArgs": {"name": "Team/App", "config": {"Cmd": ["/x"]}},
            "builder": "builtin:docker-stream",
            "outputs": ["out", "plan"],
            "compressor": "none",
            "shell": False,
        },
        "tagged": {
            "imageTag": "V1",
            "extra": 1,
            "shell": "/bash/bin/bash",
            "PATH": "/bash/bin:/busybox/bin",
            "extraCommands": "true",
        },
    }


def refusal(expression: str) -> str:
    need("nix-instantiate")
    text = f"(import {DOCKER_TOOLS} {ARGUMENTS}).{expression}"
    done = subprocess.run(["nix-instantiate", "--readonly-mode", "-E", text], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ('buildLayeredImage { name = "x"; maxLayers = 1; }', "maxLayers must be a whole number greater than 1 (it is 1)"),
        ('buildLayeredImage { name = "x"; compressor = "xz"; }', "the argument 'compressor' must be one of none, gz, zstd"),
        ('buildImage { name = "x"; fromImage = 1; }', "'fromImage' must be an image (a derivation or a path), but it is a int"),
        ('streamLayeredImage { name = "x"; fromImage = ./.; fromImageTag = 1; }', "'fromImageTag' must be a string or null"),
        ("mergeImages [ ]", "dockerTools.mergeImages takes a list of images, but this one is empty"),
        ("mergeImages ./.", "dockerTools.mergeImages takes a list of images, but this is a path"),
        ("mergeImages [ ./. 1 ]", "(derivations or paths), but one of them is a int"),
        (
            "exportImage { fromImage = null; }",
            "dockerTools.exportImage: the argument 'fromImage' must be an image, but it is null",
        ),
        ('buildImage { name = "x:1"; }', "'x:1' cannot be the name of an image: a tag does not belong into it"),
        ('buildImage { name = "x"; tag = 1; }', "the argument 'tag' must be a string or null, but it is a int"),
        ('buildImage { name = "x"; contents = ./.; copyToRoot = ./.; }', "both contents and copyToRoot are given"),
        ("binSh", "dockerTools: the helpers need 'pkgs'"),
        (
            'buildLayeredImage { name = "x"; layeringPipeline = 1; }',
            "must be a list of steps or the path of a JSON file, but it is a int",
        ),
        ('buildImage { name = "x"; layeringPipeline = [ ]; }', "called with unexpected argument 'layeringPipeline'"),
        ('buildImage { name = "x"; copytoRoot = null; }', "called with unexpected argument 'copytoRoot'"),
    ],
)
def test_arguments_that_cannot_be(expression: str, sentence: str) -> None:
    assert sentence in refusal(expression)
