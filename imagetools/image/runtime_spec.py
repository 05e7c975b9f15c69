"""``config.json`` of a bundle: how a runner (runc, crun, youki) starts a container (OCI runtime-spec 1.0.0, config.md).

The fields and their values are those that nixpkgs' ``ociTools.buildContainer`` writes, in the bytes that ``builtins.toJSON``
makes of them. Two things that go wrong there work here: mounts that the caller wants are in it, and ``relatime`` is spelt so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = "1.0.0"
_NAMESPACES: Final = ("pid", "network", "mount", "ipc", "uts")


@dataclass(frozen=True, slots=True)
class Mount:
    """``source`` is mounted as a file system of ``type``; ``options`` as mount(8) takes them, None where none were given."""

    type: str
    source: str
    options: tuple[str, ...] | None = None


#: What every container has, by mount point.
SYSTEM_MOUNTS: Final[Mapping[str, Mount]] = {
    "/proc": Mount("proc", "proc"),
    "/dev": Mount("tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    "/dev/pts": Mount("devpts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=755", "gid=5")),
    "/dev/shm": Mount("tmpfs", "shm", ("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),
    "/dev/mqueue": Mount("mqueue", "mqueue", ("nosuid", "noexec", "nodev")),
    "/sys": Mount("sysfs", "sysfs", ("nosuid", "noexec", "nodev", "ro")),
    "/sys/fs/cgroup": Mount("cgroup", "cgroup", ("nosuid", "noexec", "nodev", "relatime", "ro")),
}


@dataclass(frozen=True, slots=True)
class RuntimeSpec:
    """``args``: the program and its arguments. ``mounts`` by mount point come on top of (or replace) the system's."""

    args: tuple[str, ...]
    mounts: Mapping[str, Mount] = field(default_factory=dict)
    readonly: bool = False
    os: str = "linux"
    arch: str = "x86_64"

    def config_json(self) -> bytes:
        """The bytes of ``config.json``; keys and mount points are sorted, a folder's mount stands before what is in it."""
        mounts = {**SYSTEM_MOUNTS, **self.mounts}
        document = {
            "linux": {"namespaces": [{"type": kind} for kind in _NAMESPACES]},
            "mounts": [_mount(place, mounts[place]) for place in sorted(mounts, key=lambda text: text.encode())],
            "ociVersion": VERSION,
            "platform": {"arch": self.arch, "os": self.os},
            "process": {"args": list(self.args), "cwd": "/", "user": {"gid": 0, "uid": 0}},
            "root": {"path": "rootfs", "readonly": self.readonly},
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _mount(destination: str, mount: Mount) -> dict[str, object]:
    options = None if mount.options is None else list(mount.options)
    return {"destination": destination, "options": options, "source": mount.source, "type": mount.type}
