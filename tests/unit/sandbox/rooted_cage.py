"""A build that is root of its namespace, as three persons: root, a user without further ids, and one with; and what runs in it.

``python -m tests.unit.sandbox.rooted_cage outside BASE WORK`` starts the sandbox, in which ``… inside WORK`` does the work that
the JSON text WORK describes and prints what came of it. What only one of these three needs it imports late: they start often.
"""

import contextlib
import functools
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.sandbox.rooted import Rooted

GRANT = "nobody:1879900160:65536\n"
_GRANTED = 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"'
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = ("dev", "proc", "nix", "nix/store", "tmp", "etc", "usr", "work")
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin"}


@dataclass(frozen=True)
class Person:
    """Who builds: ``user`` None is ourselves; ``granted``: with 65536 further ids; ``several``: what must come of it."""

    user: int | None
    granted: bool
    several: bool

    def command(self, grants: str) -> list[str]:
        """What to put before a command line."""
        if self.user is None:
            return []
        drop = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return ["unshare", "-m", "sh", "-c", _GRANTED, "sh", grants, *drop] if self.granted else drop


def persons() -> list[Any]:
    """As whom to try: root can be all three."""
    import pytest

    from .cage import OTHER_USER, UNREADABLE, other_user_can_run

    if os.geteuid() != 0:
        return [pytest.param(Person(None, granted=False, several=False), id="user")]
    readable = pytest.mark.skipif(not other_user_can_run(), reason=UNREADABLE)
    helpers = pytest.mark.skipif(shutil.which("newuidmap", path=PATH) is None, reason="needs newuidmap (package uidmap)")
    return [
        pytest.param(Person(None, granted=False, several=True), id="root"),
        pytest.param(Person(OTHER_USER, granted=False, several=False), id="user", marks=readable),
        pytest.param(Person(OTHER_USER, granted=True, several=True), id="user-with-ids", marks=[readable, helpers]),
    ]


def work(person: Person, script: str, *, inside: bool = True, **more: Any) -> dict[str, Any]:
    """Run ``script`` by the host's /bin/sh as root of a tree that has the host's programs, or beside it; what came of it."""
    from .cage import ROOT, base_for

    with base_for(person.user) as base:
        grants = os.path.join(base, "grants")
        with open(grants, "w", encoding="ascii") as file:
            file.write(GRANT)
        described = json.dumps({"script": script, "inside": inside, **more})
        done = subprocess.run(
            [*person.command(grants), sys.executable, "-m", __name__, "outside", base, described],
            cwd=ROOT,
            env={"PATH": PATH},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["several"] is person.several, found
        return found


def outside(base: str, described: str) -> None:
    """Start the sandbox, run ``inside`` in it, and say what it said; nothing in the scratch folder may be anybody else's then."""
    from imagetools.realise import python_process
    from imagetools.sandbox.namespaces import NamespaceSandbox
    from imagetools.sandbox.ports import Bind

    from .cage import ROOT, request_for

    pieces: list[bytes] = []
    bind = Bind(str(ROOT), str(ROOT))
    words = (sys.executable, "-m", __name__ if __name__ != "__main__" else "tests.unit.sandbox.rooted_cage", "inside", described)
    env = {"PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    more = {"program": sys.executable, "argv": words, "env": env, "binds": (*python_process.binds(), bind)}
    request = request_for("", base, as_root=True, builtin=True, **more)
    with contextlib.closing(NamespaceSandbox()) as sandbox:
        outcome = sandbox.run(request, pieces.append)
    text = b"".join(pieces).decode(errors="replace")
    said, _, facts = text.rpartition("\0")
    found = json.loads(facts) if facts.startswith("{") else {"said": text}
    owners = {os.lstat(os.path.join(folder, name)).st_uid for folder, _, names in os.walk(request.scratch) for name in names}
    print(json.dumps({**found, "said": said or text, "ended": outcome.exit_code, "left": sorted(owners - {outcome.owner})}))


def inside(described: str) -> None:
    """The work itself, as root of the build's namespace."""
    from imagetools.sandbox.rooted import Rooted

    wanted = json.loads(described)
    tree = os.fsencode(tempfile.mkdtemp(dir="/build"))
    os.chmod(tree, 0o755)
    for name in FOLDERS:
        os.mkdir(tree + b"/" + name.encode())
    for name, target in LINKS.items():
        os.symlink(target, tree + b"/" + name.encode())
    rooted = Rooted("/nix/store")
    for name, (uid, gid) in wanted.get("give", {}).items():
        os.close(os.open(tree + b"/work/" + name.encode(), os.O_CREAT | os.O_WRONLY))
        rooted.give(tree + b"/work/" + name.encode(), uid, gid)
    for name, device in wanted.get("devices", {}).items():
        rooted.make_device(tree + b"/work/" + name.encode(), stat.S_IFCHR, 0o640, tuple(device))
    _show_host(tree)
    env = {"PATH": PATH, "LC_ALL": "C", **wanted.get("env", {})}
    script = "cd /work; " + wanted["script"] if wanted["inside"] else wanted["script"]
    facts: dict[str, Any] = {"several": rooted.several}
    try:
        if wanted["inside"]:
            status, refused = rooted.run(["/bin/sh", "-ec", script], env=env, cwd="/", root=tree)
        else:
            status, refused = rooted.run(["/bin/sh", "-ec", script], env=env, cwd=os.fsdecode(tree + b"/work"))
        facts |= {"status": status, "refused": refused, "files": _files(rooted, tree + b"/work")}
    except ImagetoolsError as error:
        facts |= {"error": error.message}
    print("\0" + json.dumps(facts), flush=True)


def _show_host(tree: bytes) -> None:
    from imagetools.sandbox import syscalls

    syscalls.mount(b"/usr", tree + b"/usr", None, syscalls.MS_BIND | syscalls.MS_REC)


def _files(rooted: "Rooted", folder: bytes) -> dict[str, list[Any]]:
    """Kind and mode, user, group, device and capability of everything in a folder."""
    found: dict[str, list[Any]] = {}
    for name in sorted(os.listdir(folder)):
        place = folder + b"/" + name
        info = os.lstat(place)
        device = rooted.device(info)
        kind = stat.filemode((device[0] | stat.S_IMODE(info.st_mode)) if device else info.st_mode)
        more: list[Any] = [list(device[1])] if device else []
        if b"security.capability" in (os.fsencode(key) for key in os.listxattr(place, follow_symlinks=False)):
            more.append(os.getxattr(place, "security.capability", follow_symlinks=False).hex())
        found[os.fsdecode(name)] = [kind, *rooted.owner(info), *more]
    return found


@functools.cache
def has_program(name: str) -> bool:
    return shutil.which(name, path=PATH) is not None


if __name__ == "__main__":
    if sys.argv[1] == "outside":
        outside(*sys.argv[2:4])
    else:
        inside(sys.argv[2])
