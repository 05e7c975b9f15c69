"""``imagetools appimage inspect``: what an AppImage is and holds, read from the file without running it (row 2.077)."""

import dataclasses
import json as json_format
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.ui.terminal import echo
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.archive.appimage import AppImage, Facts
    from imagetools.archive.member import Member

_DESKTOP_KEYS = ("Name", "Exec", "Icon", "Categories", "X-AppImage-Version")


class NoImageToReadError(ImagetoolsError):
    """There is no file to look into."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"cannot read '{path}': {what}")
        self.path = path


def inspect(
    file: Annotated[str, Argument(metavar="FILE", help="The AppImage, of type 1 or 2.")],
    list_members: Annotated[bool, Option("--list", help="List its files as well.")] = False,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what an AppImage is and holds.

    Type, file system and compression, processor, update information, signature, desktop entry, and whether it has an AppRun.
    All of it is read from the file; nothing of the file is run, and signatures are not checked.

    Example: imagetools appimage inspect --list tool.AppImage
    """
    from imagetools.archive.appimage import AppImage
    from imagetools.bundled.builders.appimage_tools.image_file import ImageFile

    try:
        source = ImageFile(file)
    except OSError as error:
        raise NoImageToReadError(file, error.strerror or str(error)) from None
    with source:
        image = AppImage(source)
        facts = image.facts()
        if json:
            echo(json_format.dumps(_as_json(image, facts, source.size, list_members), indent=2))
            return
        for name, value in _lines(facts, source.size):
            echo(f"{name + ':':<20}{_plain(value)}")
        if list_members:
            echo("")
            for member in _sorted(image):
                echo(_line(member))


def _lines(facts: "Facts", size: int) -> Iterator[tuple[str, str]]:
    yield "type", str(facts.kind)
    yield "size", _megabytes(size)
    packed = "" if facts.compression == "none" else f", {facts.compression}"
    yield "file system", f"{facts.file_system}{packed}, {_megabytes(facts.size)} at byte {facts.offset}"
    yield "processor", facts.machine
    yield "AppRun", facts.app_run or "none: it cannot be run"
    yield "desktop entry", facts.desktop_file or "none"
    for key in _DESKTOP_KEYS:
        if facts.desktop.get(key):
            yield f"  {key}", facts.desktop[key]
    yield "update information", facts.update_information or "none"
    yield "signature", "embedded (not checked)" if facts.signed else "none"


def _as_json(image: "AppImage", facts: "Facts", size: int, with_members: bool) -> dict[str, Any]:
    raw = dataclasses.asdict(facts)
    found: dict[str, Any] = {
        "type": facts.kind,
        "size": size,
        "offset": facts.offset,
        "fileSystem": {"kind": facts.file_system, "compression": facts.compression, "size": facts.size},
        "architecture": facts.machine,
        "appRun": facts.app_run or None,
        "desktopFile": facts.desktop_file or None,
        "desktopEntry": raw["desktop"],
        "updateInformation": facts.update_information or None,
        "signed": facts.signed,
    }
    if with_members:
        found["members"] = [
            {
                "name": _text(member.name),
                "kind": member.kind.value,
                "mode": f"{member.mode & 0o7777:04o}",
                "size": member.size,
                **({"target": _text(member.target)} if member.target else {}),
            }
            for member in _sorted(image)
        ]
    return found


def _sorted(image: "AppImage") -> "list[Member]":
    return sorted(image.tree.listed(), key=lambda member: member.name.split(b"/"))


def _line(member: "Member") -> str:
    from imagetools.archive.shown import shown

    arrow = f" -> {shown(member.target)}" if member.target else ""
    kind = {"directory": "d", "symbolic link": "l", "file": "-", "hard link": "h"}.get(member.kind.value, "?")
    return f"{kind} {member.mode & 0o7777:04o} {member.size:>12} {shown(member.name)}{arrow}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size} bytes"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _plain(text: str) -> str:
    from imagetools.archive.shown import shown

    return shown(text.encode("utf-8", "backslashreplace"))


DECLARED: Final = Command("inspect", inspect)
