"""What an AppImage is, told from its bytes."""

import pytest

from imagetools.archive.appimage import AppImage, appimage_kind
from imagetools.archive.desktop_entry import read_desktop_entry
from imagetools.archive.elf import read_elf
from imagetools.archive.stream import ArchiveError
from tests.unit.archive.elves import elf
from tests.unit.archive.squashed import Squash, source


def squash(**files: bytes) -> bytes:
    image = Squash()
    entries = [(name.replace("_", ".").encode(), image.file(text, 0o755)) for name, text in sorted(files.items())]
    return image.finish(image.folder(entries))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_elf_files_of_every_form(wide: bool, order: str) -> None:
    raw = elf(183, wide, order, sections={".upd_info": b"zsync|https://example.org/x.zsync"})
    found = read_elf(source(raw))
    assert (found.machine, found.bits, found.end) == ("aarch64", 64 if wide else 32, len(raw))
    section = found.section(".upd_info")
    assert section is not None
    assert raw[section.offset :][: section.size] == b"zsync|https://example.org/x.zsync"


def test_facts() -> None:
    sections = {".upd_info": b"zsync|url".ljust(64, b"\0"), ".sha256_sig": bytes(1024)}
    program = elf(sections=sections)
    image = squash(AppRun=b"#!/bin/sh", tool_desktop=b"[Desktop Entry]\nName=Tool\nExec=tool;rm\n")
    facts = AppImage(source(program + image)).facts()
    assert (facts.kind, facts.offset, facts.size, facts.compression) == (2, len(program), len(image), "gzip")
    assert (facts.machine, facts.update_information, facts.signed) == ("x86_64", "zsync|url", False)
    assert (facts.app_run, facts.desktop_file, facts.desktop) == ("file", "tool.desktop", {"Name": "Tool", "Exec": "tool;rm"})


def test_a_signature() -> None:
    program = elf(sections={".sha256_sig": b"-----BEGIN PGP SIGNATURE-----"})
    assert AppImage(source(program + squash())).facts().signed


def test_without_anything_in_it() -> None:
    facts = AppImage(source(elf() + squash())).facts()
    assert (facts.app_run, facts.desktop_file, facts.desktop, facts.update_information) == ("", "", {}, "")


def test_links_to_the_desktop_entry_are_followed_inside() -> None:
    image = Squash()
    inner = image.folder([(b"t.desktop", image.file(b"[Desktop Entry]\nName=Inner\n"))])
    entries = [(b"a.desktop", image.link(b"./share/../share/t.desktop")), (b"share", inner)]
    opened = AppImage(source(elf() + image.finish(image.folder(entries))))
    assert opened.facts().desktop == {"Name": "Inner"}
    for target in (b"a.desktop", b"/etc/passwd", b"../../etc/passwd", b"share"):
        image = Squash()
        raw = image.finish(image.folder([(b"a.desktop", image.link(target))]))
        assert AppImage(source(elf() + raw)).facts().desktop == {}


def test_old_files_without_a_magic_number() -> None:
    assert appimage_kind(source(elf(magic=b"") + squash())) == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "bad AppImage: it is an empty file"),
        (b"#!/bin/sh\n", "bad AppImage: it is a script"),
        (squash(), "bad AppImage: it is a squashfs image"),
        (bytes(32769) + b"CD001", "bad AppImage: it is an ISO 9660 image without a program in it"),
        (elf(magic=b"") + b"text", "bad AppImage: it is an ELF program without a file system behind it"),
        (elf(), "it ends behind its program"),
        (elf() + b"zzzz", "behind its program there is no squashfs image"),
        (elf() + b"DWARFS\2\5", "its file system is DwarFS, which cannot be read"),
        (elf(magic=b"AI\3") + squash(), "it is of type 3, and types 1 and 2 can be read"),
        (elf(magic=b"AI\1") + squash(), "it says that it is of type 1, and has no ISO 9660 image"),
        (elf()[:-1], "bad ELF file"),
        (elf()[:40], "bad ELF file at byte 4: its header is damaged"),
        (b"\x7fELF" + bytes(60), "bad ELF file at byte 4: its header is damaged"),
    ],
)
def test_what_is_none(raw: bytes, said: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        appimage_kind(source(raw))
    assert said in caught.value.message


def test_every_changed_byte_of_the_head_is_an_error_or_an_image() -> None:
    raw = elf(sections={".upd_info": b"x"}) + squash(AppRun=b"x")
    for place in range(len(elf(sections={".upd_info": b"x"}))):
        for value in (0, 1, 0x7F, 0xFF):
            try:
                AppImage(source(raw[:place] + bytes([value]) + raw[place + 1 :])).facts()
            except ArchiveError:
                continue


def test_desktop_entries_are_only_read() -> None:
    text = b"Name=before\n# c\n[Desktop Entry]\nName = A $(b) `c`\nName=second\nName[de]=D\n\xff=x\nno line\n[Other]\nIcon=i\n"
    assert read_desktop_entry(text) == {"Name": "A $(b) `c`", "\\xff": "x"}
