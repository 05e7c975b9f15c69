"""Members to disk, with all checks: what an archive says is a wish, not an order.

Refused: ``..`` and absolute names, names through a symbolic link, symbolic links that lead out of the tree, hard links to
anything but a file of this archive, devices, pipes, more bytes or members than allowed. Every step goes through directory
descriptors with O_NOFOLLOW, so that a member can never write where another member's link points. Only the owner's executable
bit of a mode is kept, since that is all that a Nix archive can hold; owners, times and setuid are not.
"""

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass

from imagetools.archive.member import Kind, Member
from imagetools.archive.shown import shown
from imagetools.archive.stream import ArchiveError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST = 4095  # Linux's PATH_MAX
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class UnsafeMemberError(ArchiveError):
    """A member that must not be unpacked; ``name`` is it."""

    def __init__(self, name: bytes, what: str, hint: str | None = None) -> None:
        super().__init__("archive", f"member '{shown(name)}': {what}", hint=hint)
        self.name = name


@dataclass(frozen=True, slots=True)
class UnpackPolicy:
    """``max_bytes`` and ``max_members`` bound the whole; ``absolute_links`` lets symbolic links name absolute places.

    An absolute link is harmless while unpacking (nothing is ever followed); packages of a distribution mean the root file
    system of an image with it, so they get leave. ``any_links`` allows links of every kind, for what becomes a store object
    as it is (Nix's fetchTarball, a commit of git); they stay links and are not followed either. ``stripped`` leading parts of
    all names are taken away later by the caller: links may not leave what is below them. ``replace`` says whether a later member
    may take the place of an earlier file (tar) or must not (zip). ``hint`` is added where a link is refused. ``final`` makes
    files read-only, as a store object has them.
    """

    max_bytes: int = 1 << 40
    max_members: int = 10_000_000
    absolute_links: bool = False
    any_links: bool = False
    stripped: int = 0
    replace: bool = True
    final: bool = False
    hint: str | None = None


def unpack(members: Iterable[Member], root: str, policy: UnpackPolicy | None = None) -> int:
    """Write ``members`` below the existing, empty folder ``root``; returns the number of bytes in files.

    A later member replaces an earlier one of the same name (as for tar), but a directory is never replaced. Raises
    ``UnsafeMemberError``, ``ArchiveError`` (from the reader) and OSError (a full disk).
    """
    tree = _Tree(root, policy or UnpackPolicy())
    try:
        for member in members:
            tree.add(member)
    finally:
        tree.close()
    tree.links.check_all()
    return tree.bytes


def components(name: bytes) -> list[bytes]:
    """The parts of a member's name, ``.`` left out. Raises ``UnsafeMemberError`` for absolute names, ``..`` and zero bytes."""
    if name.startswith(b"/"):
        raise UnsafeMemberError(name, "its name is absolute")
    if b"\0" in name:
        raise UnsafeMemberError(name, "its name has a zero byte")
    parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise UnsafeMemberError(name, "its name has '..'")
    if any(len(part) > 255 for part in parts):
        raise UnsafeMemberError(name, "a part of its name is longer than 255 bytes")
    if len(name) > _LONGEST:
        raise UnsafeMemberError(name[:100] + b"...", f"its name is longer than {_LONGEST} bytes")
    return parts


def escapes(parts: list[bytes], target: bytes, stripped: int = 0) -> bool:
    """Whether a relative link at ``parts`` leads above the root (the part below ``stripped`` folders) at any step, read as text
    (``_Links.check_all`` follows the rest)."""
    depth = len(parts) - 1 - stripped
    for step in target.split(b"/"):
        if step == b"..":
            depth -= 1
            if depth < 0:
                return True
        elif step not in {b"", b"."}:
            depth += 1
    return False


def check(members: Iterable[Member], policy: UnpackPolicy) -> int:
    """Refuse what ``unpack`` would refuse of names, kinds, links and sizes, before anything is written; returns the number of
    bytes in files. For archives that can be read twice; bodies are not looked at. Raises ``UnsafeMemberError``."""
    links = _Links(policy)
    total = 0
    for number, member in enumerate(members):
        if number >= policy.max_members:
            raise UnsafeMemberError(member.name, f"the archive has more than {policy.max_members} members")
        parts = components(member.name)
        if member.kind is Kind.FILE:
            total += member.size
            if total > policy.max_bytes:
                raise UnsafeMemberError(member.name, f"the archive unpacks to more than {policy.max_bytes} bytes")
        elif member.kind is Kind.SYMLINK:
            links.check(parts, member.target, member.name)
            links.places[tuple(parts)] = member.target
        elif member.kind not in {Kind.DIRECTORY, Kind.HARDLINK}:
            raise UnsafeMemberError(member.name, f"it is a {member.kind.value}")
    links.check_all()
    return total


class _Links:
    """The symbolic links of an archive, by where they are."""

    def __init__(self, policy: UnpackPolicy) -> None:
        self._policy = policy
        self.places: dict[tuple[bytes, ...], bytes] = {}

    def check(self, parts: list[bytes], target: bytes, name: bytes) -> None:
        """Raises ``UnsafeMemberError`` where the link leads out, read as text."""
        policy = self._policy
        if not target or b"\0" in target:
            raise UnsafeMemberError(name, "a symbolic link without a target")
        if len(target) > _LONGEST:
            raise UnsafeMemberError(name, f"a symbolic link whose target is longer than {_LONGEST} bytes")
        if policy.any_links:
            return
        if target.startswith(b"/"):
            if not policy.absolute_links:
                raise UnsafeMemberError(name, f"it links to the absolute path '{shown(target)}'", policy.hint)
        elif escapes(parts, target, policy.stripped):
            raise UnsafeMemberError(name, f"it links out of the archive, to '{shown(target)}'", policy.hint)

    def check_all(self) -> None:
        """Links like ``a/../../b`` read harmless as text and still escape where ``a`` is a link: follow those, in memory."""
        if self._policy.any_links:
            return
        for place, target in self.places.items():
            steps = [step for step in target.split(b"/") if step not in {b"", b"."}]
            if b".." in steps[steps.count(b"..") :] and _resolves_outside(self.places, place, steps, self._policy.stripped):
                raise UnsafeMemberError(
                    b"/".join(place), "it links out of the archive, by way of another link", self._policy.hint
                )


def _resolves_outside(links: dict[tuple[bytes, ...], bytes], place: tuple[bytes, ...], steps: list[bytes], stripped: int) -> bool:
    here = list(place[:-1])
    todo = steps[::-1]
    hops = 0
    while todo:
        step = todo.pop()
        if step == b"..":
            if len(here) <= stripped:
                return True
            here.pop()
            continue
        here.append(step)
        target = links.get(tuple(here))
        if target is None:
            continue
        hops += 1
        if hops > 40:
            return False  # a loop leads nowhere
        here = [] if target.startswith(b"/") else here[:-1]
        todo += [part for part in target.split(b"/") if part not in {b"", b"."}][::-1]
    return False


class _Tree:
    def __init__(self, root: str, policy: UnpackPolicy) -> None:
        self._policy = policy
        self._modes = (0o444, 0o555) if policy.final else (0o644, 0o755)
        self._root = os.open(root, _DIRECTORY)
        self._here: list[bytes] = []
        self._fd = self._root
        self._members = 0
        self.links = _Links(policy)
        self.bytes = 0

    def close(self) -> None:
        if self._fd != self._root:
            os.close(self._fd)
        os.close(self._root)

    def add(self, member: Member) -> None:
        self._members += 1
        if self._members > self._policy.max_members:
            raise UnsafeMemberError(member.name, f"the archive has more than {self._policy.max_members} members")
        parts = components(member.name)
        if member.kind is Kind.DIRECTORY:
            self._enter(parts, member.name)
            return
        if not parts:
            raise UnsafeMemberError(member.name, f"the root of the archive is a {member.kind.value}")
        if member.kind is Kind.FILE:
            self._file(parts, member)
        elif member.kind is Kind.SYMLINK:
            self._symlink(parts, member)
        elif member.kind is Kind.HARDLINK:
            self._hardlink(parts, member)
        else:
            raise UnsafeMemberError(member.name, f"it is a {member.kind.value}")

    def _file(self, parts: list[bytes], member: Member) -> None:
        if self.bytes + member.size > self._policy.max_bytes:
            raise UnsafeMemberError(member.name, f"the archive unpacks to more than {self._policy.max_bytes} bytes")
        self._enter(parts[:-1], member.name)
        name = parts[-1]
        mode = self._modes[member.mode >> 6 & 1]
        try:
            handle = os.open(name, _CREATE, mode, dir_fd=self._fd)
        except FileExistsError:
            self._make_room(name, member.name)
            handle = os.open(name, _CREATE, mode, dir_fd=self._fd)
        try:
            write = os.write
            for piece in member.body:
                written = write(handle, piece)
                while written < len(piece):
                    written += write(handle, piece[written:])
        finally:
            os.close(handle)
        self.bytes += member.size

    def _symlink(self, parts: list[bytes], member: Member) -> None:
        self.links.check(parts, member.target, member.name)
        self._place_link(parts, member.target, member.name)

    def _place_link(self, parts: list[bytes], target: bytes, name: bytes) -> None:
        self._enter(parts[:-1], name)
        try:
            os.symlink(target, parts[-1], dir_fd=self._fd)
        except FileExistsError:
            self._make_room(parts[-1], name)
            os.symlink(target, parts[-1], dir_fd=self._fd)
        self.links.places[tuple(parts)] = target

    def _hardlink(self, parts: list[bytes], member: Member) -> None:
        source = components(member.target)
        if not source:
            raise UnsafeMemberError(member.name, "a hard link without a target")
        if source == parts:
            return
        self._enter(source[:-1], member.name, make=False)
        folder = os.dup(self._fd)
        try:
            try:
                probe = os.stat(source[-1], dir_fd=folder, follow_symlinks=False)
            except OSError:
                raise UnsafeMemberError(member.name, "a hard link to a file that is not in the archive") from None
            kind = probe.st_mode & 0o170000
            if kind == 0o120000:  # GNU tar writes these where two links were one; each is checked at its own place
                target = os.readlink(source[-1], dir_fd=folder)
                self.links.check(parts, target, member.name)
                self._place_link(parts, target, member.name)
                return
            if kind != 0o100000:
                raise UnsafeMemberError(member.name, "a hard link to something that is no regular file")
            self._enter(parts[:-1], member.name)
            try:
                os.link(source[-1], parts[-1], src_dir_fd=folder, dst_dir_fd=self._fd, follow_symlinks=False)
            except FileExistsError:
                self._make_room(parts[-1], member.name)
                os.link(source[-1], parts[-1], src_dir_fd=folder, dst_dir_fd=self._fd, follow_symlinks=False)
        finally:
            os.close(folder)

    def _make_room(self, name: bytes, member: bytes) -> None:
        if not self._policy.replace:
            raise UnsafeMemberError(member, "the archive has it more than once")
        try:
            os.unlink(name, dir_fd=self._fd)
            self.links.places.pop((*self._here, name), None)
        except FileNotFoundError:
            pass
        except (IsADirectoryError, PermissionError):
            raise UnsafeMemberError(member, "a directory is there already") from None

    def _enter(self, parts: list[bytes], member: bytes, make: bool = True) -> None:
        """Make ``parts`` the current folder, creating what is missing; never through a symbolic link."""
        if parts == self._here:
            return
        common = 0
        start = self._root
        if self._here == parts[: len(self._here)]:
            common, start = len(self._here), self._fd
        current = start
        try:
            for part in parts[common:]:
                entered = self._step(current, part, member, make)
                if current not in {self._root, self._fd}:
                    os.close(current)
                current = entered
        except BaseException:
            if current not in {self._root, self._fd}:
                os.close(current)
            raise
        if self._fd not in {self._root, current}:
            os.close(self._fd)
        self._fd, self._here = current, list(parts)

    @staticmethod
    def _step(folder: int, name: bytes, member: bytes, make: bool) -> int:
        try:
            return os.open(name, _DIRECTORY, dir_fd=folder)
        except FileNotFoundError:
            if not make:
                raise UnsafeMemberError(member, "a hard link to a file that is not in the archive") from None
            os.mkdir(name, 0o755, dir_fd=folder)
            return os.open(name, _DIRECTORY, dir_fd=folder)
        except NotADirectoryError:
            raise UnsafeMemberError(member, "its name goes through something that is no directory") from None
        except OSError as problem:
            if problem.errno == errno.ELOOP:
                raise UnsafeMemberError(member, "its name goes through a symbolic link") from None
            raise
