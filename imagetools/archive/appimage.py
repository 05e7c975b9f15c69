"""What an AppImage is, told from the file itself (AppImageSpec; row 2.077): type 1 is an ISO 9660 image that is an ELF program as
well, type 2 an ELF program with a squashfs image behind it.

The magic number at byte 8 (``AI`` and the type) counts first; files of old that lack it are told by what is there. Refused, each
by name: other file systems behind the program (DwarFS), programs with nothing behind them, everything else.
"""

from dataclasses import dataclass
from typing import Final

from imagetools.archive.desktop_entry import read_desktop_entry
from imagetools.archive.elf import MAGIC as ELF_MAGIC
from imagetools.archive.elf import Elf, read_elf
from imagetools.archive.iso9660.image import Iso9660
from imagetools.archive.iso9660.volume import is_iso
from imagetools.archive.member import Kind
from imagetools.archive.recognise import what_is
from imagetools.archive.squashfs.image import Squashfs
from imagetools.archive.squashfs.superblock import MAGIC as SQUASHFS_MAGIC
from imagetools.archive.stream import ArchiveError
from imagetools.archive.zip_directory import Source

_FORM: Final = "AppImage"
_TYPE_ONE_UPDATE: Final = (33651, 512)  # the application's field of the volume descriptor
_OTHERS: Final = ((b"DWARFS", "DwarFS"), (b"sqsh", "squashfs older than version 4"), (b"\xe2\xe1\xf5\xe0", "EROFS"))
_LONGEST: Final = 1 << 16
_HOPS: Final = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``imagetools appimage inspect`` says. ``offset`` is where the file system begins, ``size`` how many bytes it takes;
    ``desktop`` holds the keys of the desktop entry."""

    kind: int
    offset: int
    size: int
    file_system: str
    compression: str
    machine: str
    update_information: str
    signed: bool
    app_run: str
    desktop_file: str
    desktop: dict[str, str]


class AppImage:
    """An opened AppImage: ``kind`` is 1 or 2, ``tree`` reads its file system. Raises ``ArchiveError``."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.kind = appimage_kind(source)
        self.elf: Elf = read_elf(source)
        self.offset = 0 if self.kind == 1 else self.elf.end
        self.tree: Squashfs | Iso9660 = Iso9660(source) if self.kind == 1 else Squashfs(source, self.offset)

    def read(self, path: bytes) -> bytes | None:
        """A small file of the image; links are followed inside of it. None where there is none."""
        for _ in range(_HOPS):
            found = self.tree.find(path)
            if found is None:
                return None
            if found.kind is not Kind.SYMLINK:
                return self.tree.read(path, _LONGEST)
            parts = path.split(b"/")[:-1]
            for step in found.target.split(b"/"):
                if step == b"..":
                    del parts[-1:]
                elif step not in {b"", b"."}:
                    parts.append(step)
            if found.target.startswith(b"/") or not parts:
                return None
            path = b"/".join(parts)
        return None

    def facts(self) -> Facts:
        """All that can be said without unpacking it."""
        tree = self.tree
        if isinstance(tree, Squashfs):
            system, compression, size = "squashfs", tree.facts.compression, tree.facts.bytes_used
            tops = {item.name: item.kind for item in tree.names()}
        else:
            system = "iso9660" + (" with Rock Ridge" if tree.rock_ridge else " with Joliet" if tree.joliet else "")
            compression, size = ("zisofs" if tree.has_packed() else "none"), tree.volume.size
            tops = tree.tops()
        desktop = min((name for name in tops if name.endswith(b".desktop") and tops[name] is not Kind.DIRECTORY), default=b"")
        run = tops.get(b"AppRun")
        return Facts(
            kind=self.kind,
            offset=self.offset,
            size=size,
            file_system=system,
            compression=compression,
            machine=self.elf.machine,
            update_information=self._update_information(),
            signed=bool(self._section(".sha256_sig")),
            app_run="" if run is None else run.value,
            desktop_file=desktop.decode("utf-8", "backslashreplace"),
            desktop=read_desktop_entry((self.read(desktop) if desktop else None) or b""),
        )

    def _update_information(self) -> str:
        raw = self._section(".upd_info")
        if not raw and self.kind == 1:
            raw = self._source.read_at(*_TYPE_ONE_UPDATE).partition(b"\0")[0].strip()
            if b"|" not in raw:  # other programs write other things there
                raw = b""
        return raw.decode("utf-8", "backslashreplace")

    def _section(self, name: str) -> bytes:
        """The text of a section, without the zeros that fill it up."""
        section = self.elf.section(name)
        if section is None:
            return b""
        return self._source.read_at(section.offset, min(section.size, _LONGEST)).partition(b"\0")[0].strip()


def appimage_kind(source: Source) -> int:
    """1 or 2. Raises ``ArchiveError`` that says what the file is instead."""
    head = source.read_at(0, 512)
    if head[:4] != ELF_MAGIC:
        what = "an ISO 9660 image without a program in it" if is_iso(source) else what_is(head)
        raise _bad(f"it is {what}")
    if head[8:11] == b"AI\1" or (head[8:10] != b"AI" and is_iso(source)):
        if not is_iso(source):
            raise _bad("it says that it is of type 1, and has no ISO 9660 image")
        return 1
    if head[8:10] == b"AI" and head[10] != 2:
        raise _bad(f"it is of type {head[10]}, and types 1 and 2 can be read")
    end = read_elf(source).end
    behind = source.read_at(end, 16)
    if behind[:4] == SQUASHFS_MAGIC:
        return 2
    other = next((name for magic, name in _OTHERS if behind.startswith(magic)), None)
    if other is not None:
        raise _bad(f"its file system is {other}, which cannot be read", end)
    if head[8:10] != b"AI":
        raise _bad("it is an ELF program without a file system behind it")
    raise _bad("behind its program there is no squashfs image" if behind else "it ends behind its program", end)


def _bad(what: str, offset: int | None = None) -> ArchiveError:
    return ArchiveError(_FORM, what, offset)
