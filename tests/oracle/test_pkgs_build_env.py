"""buildEnv beside nixpkgs' own builder (a Perl script; IMAGETOOLS_NIXPKGS names a checkout), on random packages."""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.builders.trivial.build_env import BuildEnv
from tests.oracle.peers import need
from tests.unit.builders.linking import context, package, shown

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nixpkgs = os.environ.get("IMAGETOOLS_NIXPKGS", "")
    if not nixpkgs:
        pytest.skip("IMAGETOOLS_NIXPKGS names no checkout of nixpkgs")
    need("perl")
    made = tmp_path_factory.mktemp("perl") / "builder.pl"
    made.write_text(Path(nixpkgs, "pkgs/build-support/buildenv/builder.pl").read_text().replace("@storeDir@", "/nix/store"))
    return made


def tree(dice: random.Random) -> dict[str, str]:
    """Few names, so that packages meet; ends of paths are files, some executable."""
    files: dict[str, str] = {}
    for _ in range(dice.randint(1, 5)):
        path = "/".join(dice.choice(["bin", "share", "a", "log", "nix-support", "info"]) for _ in range(dice.randint(1, 3)))
        clash = any(path == other or path.startswith(other + "/") or other.startswith(path + "/") for other in files)
        if not clash:
            files[path] = dice.choice(["", "!", ""]) + dice.choice(["one", "two"])
    return files


@pytest.mark.parametrize("seed", range(30))
def test_random_packages(seed: int, script: Path, tmp_path: Path) -> None:
    dice = random.Random(seed)
    pkgs = [
        {"paths": [package(tmp_path / "p", f"p{number}", tree(dice))], "priority": dice.choice([5, 5, 5, 4, 10])}
        for number in range(dice.randint(1, 4))
    ]
    links = dice.choice([["/"], ["/"], ["/bin"], ["/share", "/bin/a"]])
    ignore, check = dice.random() < 0.4, dice.random() < 0.7
    prefix = dice.choice(["", "", "/usr"])

    perl = tmp_path / "perl"
    perl.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "out": str(perl / "out"),
        "pkgs": json.dumps(pkgs),
        "pathsToLink": " ".join(links),
        "extraPrefix": prefix,
        "ignoreCollisions": "1" if ignore else "",
        "checkCollisionContents": "1" if check else "",
    }
    theirs = subprocess.run([shutil.which("perl") or "perl", "-w", str(script)], env=env, capture_output=True, check=False)

    values = {
        "pkgs": pkgs,
        "pathsToLink": links,
        "extraPrefix": prefix,
        "ignoreCollisions": ignore,
        "checkCollisionContents": check,
    }
    ctx = context(tmp_path, "buildenv", values)
    try:
        BuildEnv().build(ctx)
    except BuiltinError as error:
        assert theirs.returncode != 0, error.message
        return
    assert theirs.returncode == 0, theirs.stderr
    assert shown(tmp_path / "out", tmp_path / "p") == shown(perl / "out", tmp_path / "p")
