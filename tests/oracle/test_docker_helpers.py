"""The helpers of dockerTools in images, and what real Nix says of a database in one (rows 2.056-2.060)."""

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix, run
from tests.oracle.definitions import built, home_with
from tests.oracle.engine import need_engine
from tests.oracle.packages import MORE, Furnish
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

SET = """
with import <nixpkgs> { };
let
  image = {
    tag = "1";
    compressor = "none";
    config.Cmd = [ "${bash}/bin/bash" ];
  };
in
rec {
  single = dockerTools.buildImageWithNixDb (image // {
    name = "imagetools-oracle-db";
    copyToRoot = buildEnv { name = "root"; paths = [ busybox ]; pathsToLink = [ "/bin" ]; };
  });
  layered = dockerTools.buildLayeredImageWithNixDb (image // {
    name = "imagetools-oracle-layered-db";
    contents = [ busybox fakeNss ];
    extraCommands = "ln -s ${writeText "late" "late"} late";
  });
  based = dockerTools.buildLayeredImageWithNixDb (image // {
    name = "imagetools-oracle-based-db";
    fromImage = single;
    contents = [ fakeNss ];
  });
  helpers = dockerTools.buildImage {
    name = "imagetools-oracle-helpers";
    tag = "1";
    copyToRoot = buildEnv {
      name = "root";
      paths = [
        busybox
        dockerTools.usrBinEnv
        dockerTools.caCertificates
        (dockerTools.fakeNss.override { extraPasswdLines = [ "app:x:7:8::/:/bin/sh" ]; extraGroupLines = [ "app:x:8:" ]; })
        dockerTools.binSh
      ];
      pathsToLink = [ "/bin" "/etc" "/usr" "/var" ];
    };
  };
  same = map (drv: drv.drvPath) [ fakeNss dockerTools.fakeNss ];
}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    return furnish(home_with(tmp_path_factory.mktemp("helpers"), SET), packages=MORE)


def unpacked(archive: Path, root: Path) -> Path:
    """The layers of an uncompressed docker archive, one over the other."""
    with tarfile.open(archive) as outer:
        file = outer.extractfile("manifest.json")
        assert file is not None
        for name in json.load(file)[0]["Layers"]:
            layer = outer.extractfile(name)
            assert layer is not None
            subprocess.run(["tar", "-xp", "-C", str(root)], input=layer.read(), check=True)
    return root


@pytest.mark.parametrize("name", ["single", "layered", "based"])
def test_real_nix_reads_the_database(world: Path, tmp_path: Path, name: str) -> None:
    need("nix-store")
    root = unpacked(built(world, name), tmp_path)
    done = nix("nix-store", "--verify", "--check-contents", root=root)
    assert "error" not in done.stderr and "disappeared" not in done.stderr
    roots = sorted(str(path.readlink()) for path in (root / "nix/var/nix/gcroots/docker").iterdir())
    closure = nix("nix-store", "-qR", *roots, root=root).stdout.split()
    late = nix("nix-store", "--gc", "--print-dead", root=root).stdout.split()
    assert sorted([*closure, *late]) == sorted(
        f"/nix/store/{path.name}" for path in (root / "nix/store").iterdir() if path.name[0] != "."
    )
    assert [path[44:] for path in late] == (["late"] if name == "layered" else [])
    assert {line.partition("-")[2] for line in roots} >= {"bash-5.2.15"}


def test_a_set_has_one_fake_nss(world: Path) -> None:
    one, two = json.loads(imagetools("eval", "--json", "--strict", "set.nix", "-A", "same", home=world).stdout)
    assert one == two


@pytest.fixture(scope="module")
def image(world: Path) -> Iterator[str]:
    need_engine()
    run(["docker", "load", "-q", "-i", str(built(world, "helpers"))], cwd=world)
    yield "imagetools-oracle-helpers:1"
    subprocess.run(["docker", "rmi", "-f", "imagetools-oracle-helpers:1"], capture_output=True, check=False)


FIRST = "head -n 2 /etc/$i | tail -n 1"
COMMANDS = {
    "exec /usr/bin/env echo env": "env\n",
    "id nobody; id app": "uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)\nuid=7(app) gid=8(app) groups=8(app)\n",
    "echo $BASH; cat /etc/nsswitch.conf; test -d /var/empty": "/bin/sh\nhosts: files dns\n",
    f"for i in ssl/certs/ca-certificates.crt ssl/certs/ca-bundle.crt pki/tls/certs/ca-bundle.crt; do {FIRST}; done": (
        "-----BEGIN CERTIFICATE-----\n" * 3
    ),
}


@pytest.mark.parametrize("command", COMMANDS, ids=["env", "names", "shell", "certificates"])
def test_helpers_in_a_container(image: str, command: str, tmp_path: Path) -> None:
    done = run(["docker", "run", "--rm", image, "/bin/sh", "-c", command], cwd=tmp_path, environment=dict(os.environ))
    assert done.stdout == COMMANDS[command]
