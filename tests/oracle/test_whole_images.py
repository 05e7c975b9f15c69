"""Every function that makes images: each image is whole in the eyes of ours, skopeo and umoci, one of each kind in Docker's.

What other tests here build is looked at by conftest.py; this one makes sure that no kind of image is missing.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from imagetools.image.inspection import inspect
from tests.oracle.commands import BUILT, imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.oracle.whole_images import image_at, look_at

pytestmark = pytest.mark.oracle

SET = """
with import <nixpkgs> { };
rec {
  common = {
    name = "imagetools-whole";
    tag = "1";
    config.Cmd = [ "/bin/busybox" "true" ];
    extraCommands = "mkdir -m 1777 tmp; mkdir -p etc; ln -s nowhere etc/dangling; echo x > etc/motd";
  };
  single = common // { copyToRoot = [ busybox (writeTextDir "share/doc" "text") ]; };
  layers = common // { contents = [ busybox bash ]; };
  busy = common // { contents = [ busybox ]; };

  image = dockerTools.buildImage single;
  image-none = dockerTools.buildImage (single // { compressor = "none"; });
  image-zstd = dockerTools.buildImage (single // { compressor = "zstd"; uid = 1000; gid = 100; });
  image-on-base = dockerTools.buildImage (single // { fromImage = layered; });
  image-empty = dockerTools.buildImage { name = "empty"; tag = "1"; };
  layered = dockerTools.buildLayeredImage layers;
  layered-few = dockerTools.buildLayeredImage (layers // { maxLayers = 2; uid = 1000; uname = "user"; });
  layered-links = dockerTools.buildLayeredImage (layers // { includeStorePaths = false; });
  layered-on-base = dockerTools.buildLayeredImage (layers // { fromImage = image; mtime = "2020-01-01T00:00:00Z"; });
  layered-on-layout = dockerTools.buildLayeredImage (layers // { fromImage = layout-zstd; });
  layered-with-db = dockerTools.buildLayeredImage (layers // { includeNixDB = true; });
  stream = dockerTools.streamLayeredImage layers;
  stream-on-base = dockerTools.streamLayeredImage (layers // { fromImage = image; });
  merged = dockerTools.mergeImages [ image layered ];
  layout = ociTools.buildLayout busy;
  layout-tar = ociTools.buildLayout (busy // { format = "tar"; annotations.a = "b"; });
  layout-zstd = ociTools.buildLayout (busy // { compressor = "zstd"; });
  layout-none = ociTools.buildLayout (busy // { compressor = "none"; format = "tar"; });
  layout-on-base = ociTools.buildLayout (busy // { fromImage = image; });
  machines = ociTools.buildLayout (busy // { architectures = [ "arm64" "amd64" "arm/v7" ]; });
  machines-on-base = ociTools.buildLayout (busy // {
    fromImage = machines;
    architectures = [ "amd64" "arm64" ];
    includeNixDB = true;
    fakeRootCommands = machine: "mkdir own; chown 1000:100 own; echo ${machine.platform} > own/machine";
  });
  machines-tar = ociTools.buildLayout (busy // { architectures = [ "amd64" "s390x" ]; format = "tar"; });
}
"""
NAMES = [line.split()[0] for line in SET.splitlines() if "Tools." in line and " = " in line]


#: One of each kind: the engine takes its time.
FOR_DOCKER = ["image-on-base", "layered-few", "stream-on-base", "layout-zstd", "machines", "merged"]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Mapping[str, str]:
    """All images, built at once; those of scripts have been written."""
    need("apt-get")
    home = furnish(tmp_path_factory.mktemp("home"))
    (home / "set.nix").write_text(SET)
    words = [word for name in NAMES for word in ("-A", name)]
    paths = dict(zip(NAMES, imagetools("build", "set.nix", *words, home=home).stdout.split(), strict=True))
    BUILT.clear()  # they are looked at here
    for name in [name for name in NAMES if name.startswith("stream")]:
        with (home / f"{name}.tar").open("wb") as file:
            subprocess.run([paths[name]], stdout=file, stderr=subprocess.DEVNULL, check=True)
        paths[name] = str(home / f"{name}.tar")
    return paths


@pytest.mark.parametrize("name", NAMES)
def test_it_is_whole(paths: Mapping[str, str], name: str) -> None:
    facts = image_at(paths[name])
    assert facts is not None
    look_at(paths[name], facts)
    assert len(inspect(facts)) == {"machines": 3, "machines-on-base": 2, "machines-tar": 2, "merged": 2}.get(name, 1)


@pytest.mark.docker
@pytest.mark.parametrize("name", FOR_DOCKER)
def test_the_engine_unpacks_it(paths: Mapping[str, str], tmp_path: Path, name: str) -> None:
    need_engine()
    image = f"imagetools-whole-{os.getpid()}:1"
    try:
        if name == "merged":  # two images: not one that could be copied
            run(["docker", "load", "-q", "-i", paths[name]], cwd=tmp_path)
            run(["docker", "tag", "imagetools-whole:1", image], cwd=tmp_path)
        else:
            imagetools("image", "copy", paths[name], f"docker-daemon:{image}", home=tmp_path)
        assert "etc/motd" in unpacked(image, tmp_path)
    finally:
        subprocess.run(["docker", "image", "rm", "-f", image, "imagetools-whole:1"], capture_output=True, check=False)


def unpacked(image: str, folder: Path) -> list[str]:
    """The files of a container, as the engine sees them."""
    container = run(["docker", "create", image, "/bin/busybox"], cwd=folder).stdout.strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as process:
            return subprocess.run(["tar", "-t"], stdin=process.stdout, capture_output=True, text=True, check=True).stdout.split()
    finally:
        run(["docker", "rm", "-f", container], cwd=folder)
