"""What the new root looks like, as data: folders, files, links and binds of one build. Pure: nothing is looked at or made.

Nix's shape: ``/build``, ``/tmp``, ``/proc``, a minimal ``/dev``, an ``/etc`` of three files, the inputs in the store folder, and
for fixed outputs name resolution of the host (row 1.010). Unlike Nix everything but ``/build``, ``/tmp``, ``/dev/shm`` and the
store folder is read-only, inputs too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from imagetools.sandbox.ports import BUILD_FOLDER, Bind, BuildRequest

INSIDE_UID: Final = 1000
INSIDE_GID: Final = 100

DEVICES: Final = ("full", "null", "random", "tty", "urandom", "zero")
DEVICE_LINKS: Final = (
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "/dev/pts/ptmx"),
)
NETWORK_FILES: Final = ("/etc/resolv.conf", "/etc/services", "/etc/hosts")
NSSWITCH: Final = b"hosts: files dns\nservices: files\n"
HOSTS: Final = b"127.0.0.1 localhost\n::1 localhost\n"


@dataclass(frozen=True, slots=True)
class Root:
    """The new root: ``folders`` (path, mode), ``files`` (path, contents), ``links`` (path, target), binds."""

    folders: tuple[tuple[str, int], ...]
    files: tuple[tuple[str, bytes], ...]
    links: tuple[tuple[str, str], ...]
    binds: tuple[Bind, ...]


def passwd(uid: int = INSIDE_UID, gid: int = INSIDE_GID) -> bytes:
    """``/etc/passwd`` as Nix writes it."""
    return (
        f"root:x:0:0:Nix build user:{BUILD_FOLDER}:/noshell\n"
        f"nixbld:x:{uid}:{gid}:Nix build user:{BUILD_FOLDER}:/noshell\n"
        "nobody:x:65534:65534:Nobody:/:/noshell\n"
    ).encode()


def group(gid: int = INSIDE_GID) -> bytes:
    """``/etc/group`` as Nix writes it."""
    return f"root:x:0:\nnixbld:!:{gid}:\nnogroup:x:65534:\n".encode()


def lower(request: BuildRequest) -> Root:
    """The root for ``request``, without the folders that the build may fill: ``/build``, ``/tmp``, the store folder."""
    binds = [Bind("/dev/" + name, "/dev/" + name) for name in DEVICES]
    files = [("/etc/passwd", passwd()), ("/etc/group", group())]
    if request.network:
        files.append(("/etc/nsswitch.conf", NSSWITCH))
        binds += [Bind(path, path, optional=True) for path in NETWORK_FILES]
    else:
        files.append(("/etc/hosts", HOSTS))
    binds += request.binds
    kept = uncovered(binds)
    taken = {bind.target for bind in kept}
    return Root(
        folders=(
            ("/etc", 0o755),
            ("/proc", 0o555),
            ("/dev/shm", 0o755),
            ("/dev/pts", 0o755),
        ),
        files=tuple((path, data) for path, data in files if path not in taken and not _below_any(path, taken)),
        links=DEVICE_LINKS,
        binds=kept,
    )


def uncovered(binds: Iterable[Bind]) -> tuple[Bind, ...]:
    """Binds in an order in which parents come first; the last of several for a target wins, and what another shows anyway goes.

    A bind is shown anyway where one of its parents is bound from the same parent of the host.
    """
    last = {bind.target: bind for bind in binds}
    kept: dict[str, Bind] = {}
    for target in sorted(last, key=lambda path: path.split("/")):
        bind = last[target]
        parent = next((kept[above] for above in _parents(target) if above in kept), None)
        if parent is not None and bind.read_only and bind.source == parent.source.rstrip("/") + target[len(parent.target) :]:
            continue
        kept[target] = bind
    return tuple(kept.values())


def _parents(path: str) -> Iterable[str]:
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path


def _below_any(path: str, folders: set[str]) -> bool:
    return any(above in folders for above in _parents(path))


def personality(system: str, machine: str) -> tuple[bool, bool]:
    """(32-bit, no address randomisation) for a ``system`` built on ``machine``, as Nix decides."""
    thirty_two = (system == "i686-linux" and machine == "x86_64") or system in ("armv7l-linux", "armv6l-linux", "armv5tel-linux")
    return thirty_two, True


def environment(env: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Environment for ``execve``: bytes, in a fixed order."""
    return sorted((name.encode("latin-1"), value.encode("latin-1")) for name, value in env)
