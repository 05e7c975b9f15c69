"""Further user and group ids for a build that is root of its namespace: 1 to 65535 inside, spare ids of the host outside.

Root takes a range that belongs to its slot, above what systemd gives containers and below what it keeps to itself, so that no
account and no container has it. An ordinary user has what ``/etc/subuid`` and ``/etc/subgid`` grant, and the setuid programs
``newuidmap`` and ``newgidmap`` write the maps. Where neither works there is one id, 0, and owners are kept in a table
(``owners``). Nix has the same for its ``uid-range``, for its daemon alone.
"""

import errno
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from imagetools.sandbox.slots import FIRST_UID, Identity, is_mapped, uid_ranges

WANTED: Final = 65535
ROOTS_RANGE: Final = 0x70000000
SYSTEM_PATH: Final = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/run/wrappers/bin"

Lines = tuple[tuple[int, int, int], ...]
"""(first inside, first outside, count), as in ``/proc/PID/uid_map``."""


@dataclass(frozen=True, slots=True)
class Maps:
    """What to write for one build. ``programs`` (newuidmap, newgidmap) do it where the caller may not; empty: the caller does."""

    users: Lines
    groups: Lines
    programs: tuple[str, ...] = ()


def own_maps(identity: Identity, uid: int, gid: int) -> Maps:
    """One user and one group, called ``uid`` and ``gid`` inside."""
    return Maps(((uid, identity.uid, 1),), ((gid, identity.gid, 1),))


def root_maps(identity: Identity, subuid: str = "/etc/subuid", subgid: str = "/etc/subgid") -> Maps:
    """0 inside is the build's own id; the others as far as the host grants them."""
    own = own_maps(identity, 0, 0)
    if identity.spare:
        first = ROOTS_RANGE + (identity.uid - FIRST_UID) * (WANTED + 1)
        ranges = uid_ranges()
        if not all(is_mapped(number, ranges) for number in (first, first + WANTED)):
            return own
        rest = ((1, first + 1, WANTED),)
        return Maps(own.users + rest, own.groups + rest)
    programs = tuple(shutil.which(name, path=SYSTEM_PATH) or "" for name in ("newuidmap", "newgidmap"))
    users, groups = granted(subuid, identity.uid), granted(subgid, identity.uid)
    if not all(programs) or not users or not groups:
        return own
    return Maps(own.users + users, own.groups + groups, programs)


def granted(path: str, uid: int) -> Lines:
    """What a file like ``/etc/subuid`` grants a user, as ids from 1 up to 65535; empty where that is less."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return ()
    return lines_for(text, _names(uid))


def lines_for(text: str, names: Iterable[str]) -> Lines:
    """``text`` has lines ``NAME-OR-ID:FIRST:COUNT``."""
    wanted = set(names)
    found: list[tuple[int, int, int]] = []
    inside = 1
    for line in text.splitlines():
        fields = line.strip().split(":")
        if len(fields) != 3 or fields[0] not in wanted or not fields[1].isdigit() or not fields[2].isdigit():
            continue
        count = min(int(fields[2]), WANTED + 1 - inside)
        if count > 0:
            found.append((inside, int(fields[1]), count))
            inside += count
    return tuple(found) if inside > WANTED else ()


def _names(uid: int) -> tuple[str, ...]:
    try:
        return (pwd.getpwuid(uid).pw_name, str(uid))
    except KeyError:
        return (str(uid),)


def write_maps(process: int, choices: Iterable[Maps]) -> None:
    """Give a process that has just made its user namespace its users and groups: the first of ``choices`` that the host lets us.

    Users may come from one and groups from the next: maps are written once, and whatever has become of the users then counts.
    Raises OSError.
    """
    last: OSError | None = None
    users = False
    for maps in choices:
        try:
            if not users:
                _write(process, maps, 0)
                users = True
            _write(process, maps, 1)
        except OSError as error:
            last = error
        else:
            return
    if last is not None:
        raise last


def _write(process: int, maps: Maps, which: int) -> None:
    lines = (maps.users, maps.groups)[which]
    if maps.programs:
        words = [maps.programs[which], str(process), *(str(number) for line in lines for number in line)]
        if subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return
    if which and len(lines) == 1:
        _write_file(f"/proc/{process}/setgroups", b"deny")
    _write_file(f"/proc/{process}/{('uid_map', 'gid_map')[which]}", map_text(lines))


def _write_file(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def map_text(lines: Lines) -> bytes:
    """As ``/proc/PID/uid_map`` wants it."""
    return "".join(f"{inside} {outside} {count}\n" for inside, outside, count in lines).encode()


def has_several(folder: str = "/proc/self") -> bool:
    """Whether this process has users and groups 0 to 65535."""
    return all(_count(os.path.join(folder, name)) > WANTED for name in ("uid_map", "gid_map"))


def _count(path: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            return sum(int(line.split()[2]) for line in file)
    except OSError:
        return 0
