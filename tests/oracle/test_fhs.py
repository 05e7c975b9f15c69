"""Programs of buildFHSEnv, started from where they lie in a store that is nowhere near /nix, by root and by an ordinary user."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish, need_lists
from tests.oracle.peers import need
from tests.unit.sandbox.cage import OTHER_USER, base_for, need_namespaces, users

pytestmark = pytest.mark.oracle
DEFINITION = Path(__file__).with_name("fhs.nix")
NAMES = ("alone", "arguments", "plain", "relative", "script", "strange")

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <zlib.h>
int main(void) {
  char line[4096];
  FILE *maps = fopen("/proc/self/maps", "r");
  printf("zlib %s\n", zlibVersion());
  while (fgets(line, sizeof line, maps))
    if (strstr(line, "/libc.so") || strstr(line, "/libz.so")) fputs(strchr(line, '/'), stdout);
  return 3;
}
"""


class Built:
    """The programs, and how to start them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        words = [word for name in NAMES for word in ("-A", name)]
        lines = imagetools("build", str(DEFINITION), *words, "--no-out-link", home=folder).stdout.split("\n")
        self.outputs = dict(zip(NAMES, map(Path, lines), strict=False))

    def argv(self, name: str) -> list[str]:
        return [str(next(path for path in sorted((self.outputs[name] / "bin").iterdir()) if path.name != "second"))]

    def start(self, argv: Sequence[str], user: int | None, **more: Any) -> "subprocess.Popen[bytes]":
        options: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **more.pop("variables", {})}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(argv, env=environment, **{"cwd": "/", **pipes, **options, **more})

    def run(
        self, name: str, *words: str | bytes, user: int | None = None, stdin: bytes = b"", **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        process = self.start([*self.argv(name), *map(os.fsdecode, words)], user, **more)
        out, err = process.communicate(stdin)
        return subprocess.CompletedProcess(name, process.returncode, out.decode(errors="surrogateescape"), err.decode())


@pytest.fixture(scope="module")
def built(furnish: Furnish) -> Any:
    need_lists()
    need_namespaces()
    with base_for(None) as folder:
        Path(folder).chmod(0o755)
        words = [word for name in NAMES for word in ("-A", name)]
        yield Built(furnish.archives(furnish(Path(folder)), str(DEFINITION), *words))


user = pytest.mark.parametrize("user", users())


@user
def test_words_environment_folder_and_exit_code(built: Built, user: int | None, tmp_path: Path) -> None:
    script = 'printf "%s|" "$@" "$X" "$PWD" "$FROM_PROFILE" "$(id -u)"; read line; echo "$line"; echo "no" >&2; exit 7'
    with base_for(user) as folder:
        place = Path(folder, "a b")
        place.mkdir()
        words = ("-c", script, "zero", "a b", "", "*", "ü", b"\xff")
        done = built.run("plain", *words, user=user, stdin=b"typed\n", cwd=place, variables={"X": "x y\n"})
    assert done.stderr == "no\n"
    assert done.stdout == f"a b||*|ü|\udcff|x y\n|{place}|a b|{os.geteuid() if user is None else user}|typed\n"
    assert done.returncode == 7


@user
def test_the_tree(built: Built, user: int | None) -> None:
    script = """
      for i in /bin /lib /lib64 /sbin; do readlink $i; done
      cat /usr/share/x/data /usr/share/x/finished /usr/share/x/again /etc/note; own; ls /var/lost 2>&1
      for i in /usr/x /etc/x /x /nix/store/x; do touch $i 2>/dev/null && echo "$i is writable"; done
      cmp /etc/passwd /.host-etc/passwd && test -s /etc/mtab && test -e /dev/null && test -d /proc/$$ && test -d /sys/class
      type bash; type grep; ls -d /.old-root; echo "$PATH"
    """
    done = built.run("plain", "-c", script, user=user)
    assert done.stdout.split("\n") == [
        *("usr/bin", "usr/lib", "usr/lib64", "usr/sbin"),
        *("data", "finished", "data", "multi is not asked for", "own program", "ls: /var/lost: No such file or directory"),
        *("bash is /usr/bin/bash", "grep is /usr/bin/grep"),
        "/run/wrappers/bin:/usr/bin:/usr/sbin:/usr/bin:/bin",
        "",
    ]
    assert done.stderr == "ls: /.old-root: No such file or directory\n"
    assert done.returncode == 0


@user
def test_a_compiled_program_finds_the_libraries_of_the_set(built: Built, user: int | None) -> None:
    need("gcc")
    with base_for(user) as folder:
        source = Path(folder, "program.c")
        source.write_text(PROGRAM)
        program = Path(folder, "program")
        libz = next(built.outputs["plain"].parent.glob("*-zlib1g-*/**/libz.so.1"))
        header = Path(folder, "zlib.h")
        header.write_text("const char *zlibVersion(void);\n")
        subprocess.run(["gcc", "-I", folder, str(source), str(libz), "-o", str(program)], check=True)
        program.chmod(0o755)
        done = built.run("plain", "-c", str(program), user=user)
    assert done.returncode == 3, done.stderr
    first, *maps = done.stdout.splitlines()
    assert first.startswith("zlib 1.")
    assert len(maps) > 2
    assert {line.split("/")[3].split("-")[1] for line in maps} == {"libc6", "zlib1g"}
    assert all(line.startswith("/nix/store/") for line in maps)


@user
@pytest.mark.parametrize("name", ["plain", "alone"])
def test_signals(built: Built, user: int | None, name: str) -> None:
    """A signal to the program that was started is one to the program inside, and how that ends is how this ends."""
    process = built.start([*built.argv(name), "-c", "echo ready; read x"], user)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    process.wait()
    process.communicate()
    assert process.returncode == -signal.SIGTERM

    process = built.start(
        [*built.argv(name), "-c", "trap 'echo caught; kill $!; exit 5' TERM; sleep 30 & echo ready; wait"], user
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert process.communicate()[0] == b"caught\n"
    assert process.returncode == 5


def test_no_process_is_left_between(built: Built) -> None:
    process = built.start([*built.argv("plain"), "-c", "echo $$; read x"], None)
    assert process.stdout is not None
    assert int(process.stdout.readline()) == process.pid
    process.communicate(b"\n")
    assert process.returncode == 0


@user
def test_namespaces_of_its_own(built: Built, user: int | None, tmp_path: Path) -> None:
    kinds = ("ipc", "pid", "net", "uts", "cgroup", "user")
    here = [os.readlink(f"/proc/self/ns/{kind}") for kind in kinds]
    script = (
        "for i in ipc pid net uts cgroup user; do readlink /proc/self/ns/$i; done; ls -A /tmp; ip addr | head -1; cat /etc/multi"
    )
    done = built.run("alone", "-c", script, user=user)
    lines = done.stdout.splitlines()
    assert not set(lines[:6]) & set(here)
    assert "LOOPBACK,UP" in lines[-2]
    assert lines[-1] == "multi"
    assert len(lines) == 8, lines  # nothing in /tmp


def test_in_a_process_namespace_all_end_with_the_program(built: Built, tmp_path: Path) -> None:
    started = time.monotonic()
    done = built.run("alone", "-c", "sleep 60 & echo x")
    assert done.stdout == "x\n"
    assert time.monotonic() - started < 30


def test_ends_with_its_parent(built: Built, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, os\n"
        "p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "p.stdout.readline(); print(p.pid, flush=True); os._exit(0)\n"
    )
    words = [*built.argv("alone"), "-c", "echo ready; sleep 60"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=True, timeout=30)
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_what_runs_is_not_collected(built: Built) -> None:
    process = built.start([*built.argv("plain"), "-c", "echo $IMAGETOOLS_FHS_ENV; read x"], None)
    assert process.stdout is not None
    assert process.stdout.readline().decode() == f"/nix/store/{built.outputs['plain'].name}\n"
    while_it_runs = imagetools("store", "gc", "--dry-run", home=built.folder).stdout
    process.communicate(b"\n")
    later = imagetools("store", "gc", "--dry-run", home=built.folder).stdout
    names = [built.outputs["plain"].name, "-plain-fhsenv-rootfs"]
    assert [name in while_it_runs for name in names] == [False, False], while_it_runs
    assert [name in later for name in names] == [True, True], later


def test_kinds_of_run_scripts(built: Built, tmp_path: Path) -> None:
    done = built.run("arguments", "a b", "$(touch x)", cwd=tmp_path)
    assert done.stdout == "[fixed][a b][$(touch x)]"
    assert Path(built.argv("arguments")[0]).name == "with-arguments"
    assert built.run("script", "a b").stdout == "script 1 a b\n"
    here = tmp_path / "here.sh"
    here.write_text('#!/bin/bash\necho here "$1"\n')
    here.chmod(0o755)
    assert built.run("relative", "x", cwd=tmp_path).stdout == "here x\n"
    missing = built.run("relative", cwd="/")
    assert missing.returncode == 127
    assert list(tmp_path.iterdir()) == [here]


def test_extra_install_commands(built: Built) -> None:
    out = built.outputs["plain"]
    assert (out / "share/installed").read_text() == "installed\n"
    assert os.readlink(out / "bin/second") == f"/nix/store/{out.name}/bin/plain"


def test_names_with_metacharacters(built: Built, tmp_path: Path) -> None:
    (name,) = [path.name for path in (built.outputs["strange"] / "bin").iterdir()]
    assert name == "a $(touch hacked) ; b' \" \\ é"
    done = built.run("strange", "x", cwd=tmp_path)
    assert done.stdout == "ran x\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_inside(built: Built) -> None:
    """Where the folder is hidden by the tree, the program starts in the root."""
    hidden = next(path for path in ("/usr/lib/python3", "/usr/lib/apt", "/usr/src") if Path(path).is_dir())
    assert built.run("plain", "-c", "pwd", cwd=hidden).stdout == "/\n"


def test_from_inside_imagetools_run(built: Built) -> None:
    out = str(built.outputs["plain"])
    done = imagetools("run", out, "-c", 'echo "$1" $FROM_PROFILE; exit 4', "x", "a  b", home=built.folder, check=False)
    assert done.stdout == "a  b a b\n"
    assert done.returncode == 4


@user
def test_where_the_store_is_at_its_own_place(built: Built, user: int | None) -> None:
    """On a host that has /nix/store."""
    need("unshare")
    store = built.outputs["plain"].parent
    inner = f"/nix/store/{built.outputs['plain'].name}/bin/plain"
    script = f"mount -t tmpfs x /mnt && mkdir -p /mnt/nix/store && mount --bind {store} /mnt/nix/store && mkdir -p /mnt/nix/var"
    script += " && for i in bin lib lib64 usr etc dev proc sys tmp; do mkdir -p /mnt/$i && mount --rbind /$i /mnt/$i; done"
    script += f" && cd /mnt && mkdir old && pivot_root . old && umount -l /old && exec {inner} -c 'ls -d /nix/var; own'"
    options = ["--map-root-user"] if user is not None else []
    process = built.start(
        ["unshare", "--mount", *options, "/bin/sh", "-c", script], user, variables={"PATH": "/usr/sbin:/usr/bin"}
    )
    out, err = process.communicate()
    assert (out, err, process.returncode) == (b"/nix/var\nown program\n", b"", 0)


def test_a_host_that_forbids_namespaces(built: Built) -> None:
    """One line that names the sysctl, and the exit code."""
    need("unshare")
    if os.geteuid() != 0:
        pytest.skip("needs root to make such a host")
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -all --inh-caps -all -- "$@"'
    become = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    argv = ["unshare", "--map-root-user", "--user", "/bin/sh", "-c", script, "sh", *built.argv("plain")]
    process = built.start([*become, *argv], None)
    out, err = process.communicate()
    assert out == b""
    assert process.returncode == 126
    assert err.decode() == (
        "plain: error: this machine does not let you make user namespaces (making namespaces: No space left on device): "
        "the sysctl user.max_user_namespaces is 0; as root: sysctl -w user.max_user_namespaces=15000\n"
    )


def test_away_from_its_store(built: Built, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copy(built.argv("plain")[0], copy)
    done = subprocess.run([copy], capture_output=True, text=True, check=False)
    assert done.returncode == 126
    assert done.stderr.startswith(f"plain: error: '{copy}' lies in no store that has ")


def test_a_link_to_it(built: Built, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(built.argv("script")[0])
    assert subprocess.run([link, "x"], capture_output=True, check=True).stdout == b"script 1 x\n"


def test_attributes(built: Built) -> None:
    words = ["eval", "--json", "-E", f"let x = import {DEFINITION} {{}}; in with x; [ ENV ]"]

    def answers(text: str) -> Any:
        return json.loads(imagetools(*words[:-1], words[-1].replace("ENV", text), home=built.folder).stdout)

    assert answers("plain.meta plain.more arguments.pname arguments.version arguments.name") == [
        {"description": "x", "mainProgram": "plain"},
        *(1, "with-arguments", "1.0", "with-arguments-1.0"),
    ]
    (hook,) = answers("plain.env.shellHook")
    assert hook == f"exec /nix/store/{built.outputs['plain'].name}/bin/plain"
    done = imagetools("build", str(DEFINITION), "-A", "plain.env", "--no-out-link", home=built.folder, check=False)
    assert "is for nix-shell" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{ }", "buildFHSEnv: name, or pname and version, must be given"),
        ('{ pname = "x"; }', "buildFHSEnv: version must be given beside pname"),
        ('{ name = "x"; extraBwrapArgs = [ "--x" ]; }', "the argument 'extraBwrapArgs' is for bubblewrap"),
        ('{ name = "x"; multiArch = true; multiPkgs = pkgs: [ pkgs.zlib ]; }', "32-bit packages, which the embedded package set"),
        ('{ name = "a/b"; }', "'a/b' cannot be the name of a program"),
        ('{ name = "x"; unknown = 1; }', "unexpected argument 'unknown'"),
    ],
)
def test_what_is_refused(tmp_path: Path, arguments: str, said: str) -> None:
    done = imagetools("eval", "-E", f"((import <nixpkgs> {{ }}).buildFHSEnv {arguments}).drvPath", home=tmp_path, check=False)
    assert done.returncode == 1
    assert said in done.stderr


def test_other_names_of_the_function(tmp_path: Path) -> None:
    names = "buildFHSUserEnv buildFHSEnvBubblewrap buildFHSUserEnvBubblewrap buildFHSEnvChroot"
    text = f'let p = import <nixpkgs> {{ }}; in with p; map (f: (f {{ name = "x"; }}).drvPath) [ buildFHSEnv {names} ]'
    paths = json.loads(imagetools("eval", "--json", "-E", text, home=tmp_path).stdout)
    assert len(paths) == 5
    assert len(set(paths)) == 1
