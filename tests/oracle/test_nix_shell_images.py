"""Images of a derivation's build environment, run by Docker (rows 2.062-2.071); users made by shadowSetup (row 2.060)."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, run
from tests.oracle.definitions import built, home_with
from tests.oracle.engine import need_engine
from tests.oracle.packages import MORE, Furnish

pytestmark = pytest.mark.oracle

SET = r"""
with import <nixpkgs> { };
let
  greet = runCommand "greet" {
    greeting = "hi  there";
    nativeBuildInputs = [ (writeShellScriptBin "tool" "echo tooled") ];
    long = "long text";
    passAsFile = [ "long" "buildCommand" ];
    shellHook = "echo hooked; VALUE=7";
    self = "${placeholder "out"}/x";
  } ''
    mkdir -p $out/bin
    tool > $out/tooled
    echo "echo $greeting" > $out/bin/greet
    cat $longPath > $out/long
  '';
  shell = args: dockerTools.buildNixShellImage ({ drv = greet; tag = "1"; compressor = "none"; } // args);
  kind = ''case "$-" in *i*) echo interactive;; *) echo not interactive;; esac'';
in
{
  run = shell {
    name = "imagetools-oracle-shell-run";
    run = ''
      echo "$greeting|$VALUE|$HOME|$PWD|$(id -un):$(id -gn)|$TMPDIR|$NIX_BUILD_TOP|$self"
      cat $longPath; echo
      buildDerivation && bash $out/bin/greet && cat $out/tooled $out/long && echo
      touch ~/file && echo home
      ${kind}
    '';
  };
  command = shell { name = "imagetools-oracle-shell-command"; command = kind; };
  made = shell {
    name = "imagetools-oracle-shell-made";
    drv = mkShell { packages = [ (writeShellScriptBin "tool" "echo tooled") ]; inputsFrom = [ greet ]; shellHook = "tool"; };
    run = "type -p tool >&2; buildDerivation && grep -c shellHook $out";
  };
  prompt = shell { name = "imagetools-oracle-shell"; uid = 7; gid = 8; homeDirectory = "/nowhere"; };
  users = dockerTools.buildImage {
    name = "imagetools-oracle-users";
    compressor = "none";
    runAsRoot = ''
      ${dockerTools.shadowSetup}
      ${dockerTools.shadowSetup}
      groupadd -r redis
      useradd -r -g redis redis
      useradd -u 1234 -m -d /person -G redis -c "A person" -s /bin/sh person
      mkdir /data
      chown redis:redis /data
    '';
  };
  out = greet.outPath;
}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    return furnish(home_with(tmp_path_factory.mktemp("shells"), SET), packages=MORE)


class Containers:
    """Images in the engine until the tests are over."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.loaded: dict[str, str] = {}

    def run(self, name: str, *options: str, words: tuple[str, ...] = ()) -> str:
        if name not in self.loaded:
            said = run(["docker", "load", "-q", "-i", str(built(self.home, name))], cwd=self.home).stdout
            self.loaded[name] = said.strip().removeprefix("Loaded image: ")
        return run(["docker", "run", "--rm", *options, self.loaded[name], *words], cwd=self.home).stdout.replace("\r", "")


@pytest.fixture(scope="module")
def containers(home: Path) -> Iterator[Containers]:
    need_engine()
    made = Containers(home)
    yield made
    for image in made.loaded.values():
        subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=False)


def test_commands_in_the_environment_of_the_build(containers: Containers) -> None:
    out = json.loads(imagetools("eval", "--json", "set.nix", "-A", "out", home=containers.home).stdout)
    assert containers.run("run").splitlines() == [
        "hooked",
        f"hi  there|7|/build|/build|nixbld:nixbld|/build|/build|{out}/x",
        "long text",
        "hi there",
        "tooled",
        "long text",
        "home",
        "not interactive",
    ]


def test_a_shell_of_its_own(containers: Containers) -> None:
    assert containers.run("made").splitlines() == ["hooked", "tooled", "1"]


def test_a_command_runs_in_an_interactive_shell(containers: Containers) -> None:
    assert containers.run("command", "-t").splitlines() == ["hooked", "interactive"]


def test_the_prompt_and_who_one_is(containers: Containers) -> None:
    words = (
        "bash",
        "-c",
        "id -u; id -g; echo $HOME; env | grep -c ^SSL_CERT_FILE; ls -ldn /build /nix/store | awk '{ print $3, $4 }'",
    )
    assert containers.run("prompt", words=words).splitlines() == ["7", "8", "/nowhere", "1", "7 8", "7 8"]
    typed = subprocess.run(
        ["script", "-qec", f"docker run --rm -it {containers.loaded['prompt']}", "/dev/null"],
        input=b"exit\n", capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert b"\x1b[1;32m[nix-shell:/build]$\x1b[0m " in typed


def test_users_of_an_image(home: Path) -> None:
    with tarfile.open(built(home, "users")) as outer:
        manifest = outer.extractfile("manifest.json")
        assert manifest is not None
        layer = outer.extractfile(json.load(manifest)[0]["Layers"][0])
        assert layer is not None
        with tarfile.open(fileobj=BytesIO(layer.read())) as tar:

            def text(name: str) -> str:
                file = tar.extractfile(name)
                assert file is not None
                return file.read().decode()

            assert (tar.getmember("data").uid, tar.getmember("data").gid) == (999, 999)
            assert (tar.getmember("person").uid, tar.getmember("person").gid) == (1234, 100)
            people = [line.split(":") for line in text("etc/passwd").splitlines()]
            assert [(line[0], line[2], line[3]) for line in people] == [
                ("root", "0", "0"),
                ("redis", "999", "999"),
                ("person", "1234", "100"),
            ]
            assert text("etc/group").splitlines() == ["root:x:0:", "redis:x:999:person"]
            assert text("etc/shadow").splitlines()[0] == "root:!x:::::::"
            assert {"etc/gshadow", "etc/login.defs", "etc/pam.d/other"} <= set(tar.getnames())
