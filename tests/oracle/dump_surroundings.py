"""A builder: prints all that it sees, a fact a line (``name<TAB>value``), and makes its outputs. Needs nothing but Python.

Run by ``test_build_surroundings.py`` in Nix's sandbox and in ours. Facts that can only differ by chance (numbers of terminals,
of processes outside) are made equal here.
"""

import ctypes
import fcntl
import json
import os
import re
import resource
import socket
import stat
import struct
import sys
import termios
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
PLACES = [
    "/",
    "/bin",
    "/build",
    "/dev",
    "/dev/fd",
    "/dev/full",
    "/dev/kvm",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/pts/ptmx",
    "/dev/random",
    "/dev/shm",
    "/dev/stderr",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
    "/etc",
    "/etc/group",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/services",
    "/lib",
    "/nix",
    "/nix/store",
    "/nix/var",
    "/proc",
    "/proc/sys",
    "/root",
    "/home",
    "/run",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
]
FLAGS = {1: "ro", 2: "nosuid", 4: "nodev", 8: "noexec"}


def say(name: str, value: object) -> None:
    print(f"{name}\t{value}")


def attempt(function: Callable[..., object], *words: object) -> object:
    try:
        return function(*words)
    except OSError as error:
        return os.strerror(error.errno or 0)


def read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def describe(path: str) -> str:
    state = os.lstat(path)
    text = f"{stat.filemode(state.st_mode)} {state.st_uid} {state.st_gid}"
    if stat.S_ISLNK(state.st_mode):
        return f"{text} -> {os.readlink(path)}"
    if stat.S_ISCHR(state.st_mode):
        return f"{text} {os.major(state.st_rdev)},{os.minor(state.st_rdev)}"
    return text + (f" mtime {int(state.st_mtime)}" if path.startswith("/nix/store/") else "")


def mount_flags(path: str) -> str:
    return " ".join(name for bit, name in FLAGS.items() if os.statvfs(path).f_flag & bit) or "none"


def can_write(folder: str) -> str:
    path = folder + "/imagetools-probe"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    os.unlink(path)
    return "yes"


def can_open(path: str) -> str:
    os.close(os.open(path, os.O_WRONLY))
    return "yes"


def process() -> None:
    for number, item in enumerate(read("/proc/self/environ").split("\0")[:-1]):
        say(f"environment {number:02}", item)
    for number, item in enumerate(read("/proc/self/cmdline").split("\0")[:-1]):
        say(f"argument {number}", item)
    say("working folder", os.getcwd())
    say("ids", (os.getresuid(), os.getresgid(), os.getgroups()))
    say(
        "processes",
        (os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0), sorted(n for n in os.listdir("/proc") if n.isdigit())),
    )
    mask = os.umask(0)
    say("umask", oct(mask))
    os.umask(mask)
    for name in sorted(dir(resource)):
        if name.startswith("RLIMIT_"):
            say(f"limit {name}", resource.getrlimit(getattr(resource, name)))
    status = dict(line.split(":\t", 1) for line in read("/proc/self/status").splitlines() if ":\t" in line)
    for name in (
        "SigBlk",
        "SigPnd",
        "ShdPnd",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
        "Umask",
    ):
        say(f"status {name}", status[name])
    say("filters", status.get("Seccomp_filters"))
    say("dies with parent", prctl_get(2))
    say("dumpable", LIBC.prctl(3, 0, 0, 0, 0))
    say("secure bits", LIBC.prctl(27, 0, 0, 0, 0))
    say("keeps capabilities", LIBC.prctl(7, 0, 0, 0, 0))
    say("subreaper", prctl_get(37))
    say("personality", read("/proc/self/personality").strip())
    say("processors", sorted(os.sched_getaffinity(0)))
    say("schedule", (os.sched_getscheduler(0), os.nice(0)))
    for name in ("oom_score_adj", "coredump_filter", "loginuid", "setgroups", "timerslack_ns", "cgroup", "timens_offsets"):
        say(f"process {name}", attempt(lambda name=name: read(f"/proc/self/{name}").strip()))
    for name in ("uid_map", "gid_map"):
        say(f"process {name}", [line.split()[::2] for line in read(f"/proc/self/{name}").splitlines()])


def prctl_get(number: int) -> int:
    value = ctypes.c_int()
    LIBC.prctl(number, ctypes.byref(value), 0, 0, 0)
    return value.value


def streams() -> None:
    fds = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    for fd in fds:
        target = str(attempt(os.readlink, f"/proc/self/fd/{fd}"))
        if not target.endswith(("/fd", sys.argv[0])) and target != os.strerror(2):
            say(f"descriptor {fd}", re.sub(r"\d+$", "N", target))
    for fd in (0, 1, 2):
        flags = next(line for line in read(f"/proc/self/fdinfo/{fd}").splitlines() if line.startswith("flags"))
        say(f"descriptor {fd} flags", flags.split()[1])
        say(f"descriptor {fd} terminal", os.isatty(fd))
        say(f"descriptor {fd} owner", describe_fd(fd))
    say("input", os.read(0, 10))
    say("terminal modes", termios.tcgetattr(1)[:6])
    say("terminal size", attempt(lambda: struct.unpack("4H", fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8)))))
    say("terminal group", attempt(os.tcgetpgrp, 1))
    say("terminal name", attempt(lambda: re.sub(r"\d+$", "N", os.ttyname(1))))
    say("/dev/tty", attempt(lambda: os.open("/dev/tty", os.O_RDWR)))
    say("/dev/stderr again", attempt(lambda: os.close(os.open("/dev/stderr", os.O_WRONLY))))


def describe_fd(fd: int) -> str:
    state = os.fstat(fd)
    return f"{stat.filemode(state.st_mode)} {state.st_uid} {state.st_gid}"


def files() -> None:
    for path in PLACES:
        say(f"place {path}", attempt(describe, path))
        if os.path.isdir(path) and path not in ("/dev/fd",):
            say(f"mount flags {path}", mount_flags(path))
            say(f"can write {path}", attempt(can_write, path))
    for folder in ("/", "/build", "/dev", "/dev/pts", "/dev/shm", "/etc", "/nix", "/nix/store", "/tmp"):
        say(f"listing {folder}", sorted(os.listdir(folder)))
    for folder, below in (("/build", True), ("/nix/store", False)):
        for name in sorted(os.listdir(folder)):
            path = f"{folder}/{name}"
            say(f"file {path}", describe(path))
            if below and os.path.isfile(path):
                say(f"content {path}", repr(read(path)))
    for name in ("group", "hosts", "nsswitch.conf", "passwd", "resolv.conf", "services"):
        say(f"content /etc/{name}", repr(attempt(read, f"/etc/{name}")))
    say("room in /dev/shm", os.statvfs("/dev/shm").f_blocks)
    for name in ("kernel/hostname", "kernel/domainname", "kernel/shmmax", "net/ipv4/ip_forward"):
        say(f"/proc/sys/{name}", attempt(lambda name=name: read(f"/proc/sys/{name}").strip()))
        say(f"can write /proc/sys/{name}", attempt(can_open, f"/proc/sys/{name}"))


def network() -> None:
    say("host name", socket.gethostname())
    # those of containers come and go while others on this machine run some
    names = [name for _, name in socket.if_nameindex() if not name.startswith(("veth", "docker", "br-", "podman", "cni"))]
    say("interfaces", names)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for name in names:
            flags = struct.unpack("16xH22x", fcntl.ioctl(probe, 0x8913, struct.pack("16s24x", name.encode())))[0]
            say(f"interface {name}", hex(flags))
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        client.connect(server.getsockname())
        say("loopback", "works")
    for name in ("shm", "sem", "msg"):
        say(f"System V {name}", len(read(f"/proc/sysvipc/{name}").splitlines()) - 1)
    say("keys", attempt(lambda: len(read("/proc/keys").splitlines())))


def main() -> None:
    process()
    streams()
    files()
    network()
    sys.stdout.flush()
    outputs = {"out": os.environ.get("out", "")}  # noqa: SIM112
    if os.path.exists("/build/.attrs.json"):
        outputs = json.loads(read("/build/.attrs.json"))["outputs"]
    for path in outputs.values():
        with open(path, "w", encoding="utf-8") as file:
            file.write("hello")


main()
