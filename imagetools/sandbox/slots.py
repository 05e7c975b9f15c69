"""Which user a build runs as: an ordinary user's own ids, or for root a spare uid of its own, held by a lock.

Host uid 0 is never mapped into a build's namespace: such a build could write host files under /proc/sys (tried: it can).
A slot is one uid from ``FIRST_UID`` up which no account of the host has, held by ``flock`` so that two processes never share
one; the kernel lets go of it when the process dies. Nix uses the members of the group nixbld for the same purpose.
"""

import fcntl
import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final

from imagetools.sandbox.owners import change_owner
from imagetools.sandbox.ports import SandboxError

FIRST_UID: Final = 30001
COUNT: Final = 1000
SLOT_FOLDER: Final = "/run/imagetools/build-users"


class NoSlotError(SandboxError):
    """Root found no spare uid for a build."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot take a spare user id for a build: {reason}",
            f"user ids from {FIRST_UID} up must be usable here; or run as an ordinary user, or without isolation: --no-sandbox",
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Host ids that own a build's files; ``spare`` says that they are not our own and need chown there and back."""

    uid: int
    gid: int
    spare: bool


class Slots:
    """Hands out identities; one instance a process, usable from any thread."""

    def __init__(self, folder: str = SLOT_FOLDER, first: int = FIRST_UID, count: int = COUNT) -> None:
        self._folder = folder
        self._first = first
        self._count = count
        self._mutex = Lock()
        self._held: set[int] = set()

    @contextmanager
    def take(self) -> Iterator[Identity]:
        """An identity for one build. Raises NoSlotError."""
        if not is_host_root():
            yield Identity(os.geteuid(), os.getegid(), False)
            return
        with self._mutex:
            uid, fd = self._lock_one()
            self._held.add(uid)
        try:
            yield Identity(uid, uid, True)
        finally:
            with self._mutex:
                self._held.discard(uid)
                os.close(fd)

    def _lock_one(self) -> tuple[int, int]:
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise NoSlotError(f"{self._folder}: {error.strerror}") from error
        if not is_mapped(self._first, uid_ranges()):
            raise NoSlotError(f"user id {self._first} does not exist in this user namespace")
        for uid in range(self._first, self._first + self._count):
            if uid in self._held or _is_somebody(uid):
                continue
            try:
                fd = os.open(f"{self._folder}/{uid}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise NoSlotError(f"{self._folder}/{uid}: {error.strerror}") from error
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(fd)
                continue
            return uid, fd
        raise NoSlotError(f"all of {self._first} to {self._first + self._count - 1} are taken")


def is_host_root() -> bool:
    """Whether this process is a root that has spare uids (not one that is alone in a user namespace)."""
    if os.geteuid() != 0:
        return False
    ranges = uid_ranges()
    return is_mapped(FIRST_UID, ranges) or any(first == 0 and outside == 0 for first, outside, _ in ranges)


def uid_ranges() -> list[tuple[int, int, int]]:
    """The uids of our own user namespace: (first inside, first outside, count)."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return [(int(first), int(outside), int(count)) for first, outside, count in (line.split() for line in file)]
    except OSError:
        return [(0, 0, 1 << 32)]


def is_mapped(uid: int, ranges: list[tuple[int, int, int]]) -> bool:
    """Whether a uid of ours exists in those ranges."""
    return any(first <= uid < first + count for first, _, count in ranges)


@cache
def _is_somebody(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        pass
    else:
        return True
    try:
        grp.getgrgid(number)
    except KeyError:
        return False
    return True


def give(path: str, identity: Identity) -> None:
    """Give one file or folder (not what is in it) to the build."""
    if identity.spare:
        os.chown(path, identity.uid, identity.gid, follow_symlinks=False)


def share(path: str, identity: Identity) -> None:
    """Let the build's group have one folder; it stays the caller's, so that its sticky bit means something."""
    if identity.spare:
        os.chown(path, -1, identity.gid, follow_symlinks=False)


def give_tree(path: str, identity: Identity) -> None:
    """Give a whole tree to the build; symlinks are never followed."""
    if identity.spare:
        change_owner(path, identity.uid, identity.gid)
