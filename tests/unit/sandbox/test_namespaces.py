"""The real sandbox: what a builder sees, what it cannot do, and what is left when it ends in any way."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagetools.sandbox.namespaces import NamespaceSandbox
from imagetools.sandbox.ports import Bind, CancelledError, NoNamespacesError, SetupError
from tests.unit.sandbox.cage import (
    OTHER_USER,
    OUT,
    ROOT,
    as_other_user,
    base_for,
    need_namespaces,
    request_for,
    run,
    run_as,
    users,
)

AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    need_namespaces()


@pytest.fixture
def base() -> Iterator[str]:
    with base_for(None) as folder:
        yield folder


def processes_with(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def until_gone(marker: str) -> None:
    end = time.monotonic() + 10
    while processes_with(marker):
        assert time.monotonic() < end, "processes of the build are still there"
        time.sleep(0.01)


@pytest.mark.parametrize("user", users())
def test_what_a_builder_sees(user: int | None) -> None:
    script = "id -u; id -g; uname -n; pwd; ls -A / | tr '\\n' ' '; echo; cat /proc/1/comm; umask; ulimit -c"
    with base_for(user) as base:
        ran = run_as(user, script, base)
    host = {"usr", "bin", "lib", "lib64"}
    uid, gid, name, folder, root, first, mask, core = ran.lines
    assert (uid, gid, name, folder, first, mask, core) == ("1000", "100", "localhost", "/build", "sh", "0022", "0")
    assert set(root.split()) - host == {"build", "dev", "etc", "nix", "proc", "tmp"}


@pytest.mark.parametrize("user", users())
def test_etc_is_nix_s(user: int | None) -> None:
    with base_for(user) as base:
        ran = run_as(user, "cat /etc/passwd /etc/group /etc/hosts; ls -A /etc | tr '\\n' ' '", base)
    assert ran.lines[:-1] == [
        "root:x:0:0:Nix build user:/build:/noshell",
        "nixbld:x:1000:100:Nix build user:/build:/noshell",
        "nobody:x:65534:65534:Nobody:/:/noshell",
        "root:x:0:",
        "nixbld:!:100:",
        "nogroup:x:65534:",
        "127.0.0.1 localhost",
        "::1 localhost",
    ]
    assert set(ran.lines[-1].split()) - {"alternatives", "ld.so.cache"} == {"passwd", "group", "hosts"}


@pytest.mark.parametrize("user", users())
def test_the_environment_is_exact(user: int | None) -> None:
    with base_for(user) as base:
        ran = run_as(user, "exec env", base)
    assert sorted(ran.lines) == sorted(["PATH=/usr/bin:/bin", f"out={OUT}", "PWD=/build"])


@pytest.mark.parametrize("user", users())
def test_rights_are_gone(user: int | None) -> None:
    with base_for(user) as base:
        ran = run_as(user, "cat /proc/self/status; cat /proc/self/personality; ls /proc/self/fd | tr '\\n' ' '", base)
    fields = dict(line.split(":", 1) for line in ran.lines if ":" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "SigIgn", "SigBlk"):
        assert int(fields[name], 16) == 0, name
    assert fields["NoNewPrivs"].strip() == "1"
    assert int(ran.lines[-2], 16) & 0x40000
    assert ran.lines[-1].split() == ["0", "1", "2", "3"]  # 3 is ls reading the folder


@pytest.mark.parametrize("user", users())
def test_host_settings_cannot_be_written(user: int | None) -> None:
    before = Path("/proc/sys/vm/swappiness").read_text()
    script = """
        for f in /proc/sys/vm/swappiness /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/1/oom_score_adj; do
          (echo 7 > $f) 2>/dev/null && echo "wrote $f"
        done
        unshare -r sh -c 'echo 7 > /proc/sys/vm/swappiness' 2>/dev/null && echo "wrote from a namespace"
        unshare -rm sh -c 'mount -o remount,rw,bind /proc/sys && echo 7 > /proc/sys/vm/swappiness' 2>/dev/null && echo remounted
        unshare -rm sh -c 'umount /proc/sys && echo 7 > /proc/sys/vm/swappiness' 2>/dev/null && echo unmounted
        exit 0
    """
    with base_for(user) as base:
        ran = run_as(user, script, base)
    assert set(ran.lines) <= {"wrote /proc/1/oom_score_adj"}
    assert Path("/proc/sys/vm/swappiness").read_text() == before


def test_no_setuid_files(base: str) -> None:
    script = "touch f; chmod 4755 f; chmod 2755 f; chmod 755 f && stat -c %a f"
    ran = run(script, base)
    assert [line.rpartition(": ")[2] for line in ran.lines] == ["Operation not permitted"] * 2 + ["755"]
    assert run(script, base, builtin=True).lines == ["755"]


@pytest.mark.parametrize("user", users())
def test_only_the_build_s_own_folders_are_writable(user: int | None) -> None:
    script = """
        for f in /x /etc/x /nix/x /dev/x /usr/x /proc/x /bin/x; do (: > $f) 2>/dev/null && echo "wrote $f"; done
        for f in /tmp/x /build/x /dev/shm/x /nix/store/x; do : > $f || echo "cannot write $f"; done
        echo to-null > /dev/null
        echo to-stderr > /dev/stderr
        head -c 3 /dev/zero | wc -c
    """
    with base_for(user) as base:
        ran = run_as(user, script, base)
    assert ran.lines == ["to-stderr", "3"]


def test_inputs_are_read_only(base: str) -> None:
    source = Path(base) / "input"
    source.mkdir()
    (source / "file").write_text("text")
    os.chmod(source, 0o777)
    os.chmod(source / "file", 0o666)
    link = Path(base) / "link"
    link.symlink_to("input")
    binds = tuple(Bind(str(path), f"/nix/store/{name}") for path, name in ((source, "i"), (source / "file", "f"), (link, "l")))
    script = """
        cat /nix/store/i/file /nix/store/f; readlink /nix/store/l
        echo x >> /nix/store/i/file; echo x >> /nix/store/f; : > /nix/store/i/new; rm -rf /nix/store/i
        ln /nix/store/f /nix/store/hard
        unshare -rm sh -c 'mount -o remount,rw,bind /nix/store/i' || true
        : > /nix/store/i/new
        exit 0
    """
    ran = run(script + " 2>/dev/null", base, binds=binds)
    assert "texttextinput" in ran.text.replace("\n", "")
    assert (source / "file").read_text() == "text"
    assert sorted(os.listdir(source)) == ["file"]


@pytest.mark.parametrize("user", users())
def test_network_only_where_wished(user: int | None) -> None:
    script = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; ls -1 /etc"
    with base_for(user) as base:
        alone = run_as(user, script, base)
        shared = run_as(user, script, base, network=True)
    host = sorted(line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:])
    assert alone.lines[0] == "lo"
    assert "nsswitch.conf" not in alone.lines
    assert set(host) <= set(shared.lines)
    assert "nsswitch.conf" in shared.lines
    assert ("resolv.conf" in shared.lines) == os.path.exists("/etc/resolv.conf")


def test_loopback_works_alone(base: str) -> None:
    python = "import socket; s=socket.create_server(('127.0.0.1',0)); socket.create_connection(s.getsockname()); print('ok')"
    ran = run(f'{os.path.realpath(sys.executable)} -I -S -c "{python}"', base)
    if ran.exit_code:
        pytest.skip("the interpreter does not lie in /usr")
    assert ran.lines == ["ok"]


@pytest.mark.parametrize("user", users())
def test_outputs_come_out(user: int | None) -> None:
    with base_for(user) as base:
        ran = run_as(user, "mkdir $out && echo text > $out/file && ln -s file $out/link && chmod 500 $out", base)
        assert ran.exit_code == 0
        place = Path(ran.outputs["out"])
        assert place.is_relative_to(ran.scratch)
        assert (place / "file").read_text() == "text\n"
        assert place.lstat().st_uid == ran.owner
        if user is None and AS_ROOT:
            assert ran.owner >= 30001
        else:
            assert ran.owner == (os.geteuid() if user is None else user)


def test_no_output_is_no_error_here(base: str) -> None:
    assert run("true", base).outputs == {}


def test_output_is_a_terminal_in_raw_mode(base: str) -> None:
    ran = run("test -t 1 && test -t 2 && ! test -t 0 && printf 'a\\nb\\n' && cat", base)
    assert ran.text == "a\nb\n"


def test_files_are_in_the_build_folder(base: str) -> None:
    ran = run("cat .attr-1; ls -A; rm .attr-1 && echo x > y", base, files={".attr-1": b"contents\n"})
    assert ran.lines == ["contents", ".attr-1"]
    assert ran.exit_code == 0


def test_exit_code_and_missing_program(base: str) -> None:
    assert run("exit 3", base).exit_code == 3
    missing = run("", base, program="/nix/store/none/bin/sh", argv=("sh",))
    assert missing.exit_code == 1
    assert missing.text == "error: executing '/nix/store/none/bin/sh': No such file or directory\n"


def test_limits(base: str) -> None:
    late = run("echo started; sleep 1000", base, timeout=0.3)
    assert (late.limit, late.signal, late.text) == ("total", 9, "started\n")
    assert run("echo started; sleep 1000", base, max_silent=0.3).limit == "silent"
    loud = run("while :; do echo 0123456789; done", base, max_log=100)
    assert (loud.limit, len(loud.text)) == ("log", 100)


def test_background_processes_end_with_the_builder(base: str) -> None:
    ran = run("setsid sleep 98765.25 & sleep 98765.25 & echo done", base)
    assert ran.lines == ["done"]
    until_gone("98765.25")


def test_a_builder_that_closes_its_output_is_killed(base: str) -> None:
    ran = run("exec >/dev/null 2>&1; sleep 1000", base)
    assert ran.signal == 9


def test_cancel_kills(base: str) -> None:
    sandbox = NamespaceSandbox()
    started = threading.Event()
    request = request_for("echo started; sleep 98766.5", base)
    errors: list[BaseException] = []

    def build() -> None:
        try:
            sandbox.run(request, lambda data: started.set())
        except CancelledError as error:
            errors.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    assert started.wait(10)
    sandbox.cancel()
    thread.join(10)
    assert not thread.is_alive()
    assert len(errors) == 1
    until_gone("98766.5")
    outcome = sandbox.run(request_for("true", base), lambda data: None)
    sandbox.close()
    assert outcome.succeeded


def test_an_error_while_output_is_taken_ends_the_build(base: str) -> None:
    def full(data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run("echo x; sleep 98767.5", base, on_output=full)
    until_gone("98767.5")


@pytest.mark.parametrize("user", users())
def test_a_killed_caller_leaves_no_process(user: int | None) -> None:
    with base_for(user) as base:
        call = "run(sys.argv[2], sys.argv[1], lambda data: os.write(1, data))"
        script = f"import os, sys; from tests.unit.sandbox.cage import run; {call}"
        extra: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        process = subprocess.Popen(
            [sys.executable, "-c", script, base, "echo started; sleep 98768.5"], cwd=ROOT, stdout=subprocess.PIPE, **extra
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert line
        until_gone("98768.5")
        assert base not in Path("/proc/self/mountinfo").read_text()


@as_other_user()
def test_a_host_without_user_namespaces_gets_a_clear_error() -> None:
    with base_for(OTHER_USER) as base:
        script = "import sys; from tests.unit.sandbox.cage import run; run('true', sys.argv[1])"
        forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", sys.executable, "-c", script, base],
            cwd=ROOT,
            user=OTHER_USER,
            group=OTHER_USER,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "NoNamespacesError: cannot make a sandbox on this host: making namespaces: their number is limited" in done.stderr


def test_the_error_names_the_switch() -> None:
    assert "--no-sandbox" in (NoNamespacesError("making namespaces", "No space left on device").hint or "")


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_root_builds_below_somebody_else_s_private_folder() -> None:
    with base_for(OTHER_USER) as base:
        os.chmod(base, 0o700)
        inner = Path(base) / "root"
        inner.mkdir()
        source = inner / "input"
        source.write_text("text\n")
        ran = run("cat /nix/store/i; echo x > $out", str(inner), binds=(Bind(str(source), "/nix/store/i"),))
        assert ran.text == "text\n"
        assert Path(ran.outputs["out"]).read_text() == "x\n"


def test_a_missing_source_is_named(base: str) -> None:
    with pytest.raises(SetupError, match="/no/such/source"):
        run("true", base, binds=(Bind("/no/such/source", "/nix/store/x"),))
    assert run("true", base, binds=(Bind("/no/such/source", "/nix/store/x", optional=True),)).exit_code == 0
