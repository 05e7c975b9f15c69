"""AppImages and the images in them, made by mksquashfs, xorriso and the C compiler; and trees as they can be compared."""

import os
import random
import subprocess
from pathlib import Path

RUNTIME = "int main(void) { return 42; }\n"


def make_tree(root: Path) -> None:
    """What an application has: programs, big and small files, links, folders, odd names."""
    dice = random.Random(5)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/lib/deep/deeper").mkdir(parents=True)
    (root / "usr/share/empty").mkdir(parents=True)
    (root / "many").mkdir()
    for number in range(700):
        (root / "many" / f"file with a long name {number:04}").write_text(f"{number}\n" * (number % 40))
    program = root / "AppRun"
    program.write_text('#!/bin/sh\nexec "$APPDIR/usr/bin/tool" "$@"\n')
    program.chmod(0o755)
    (root / "usr/bin/tool").write_bytes(b"\x7fELF" + dice.randbytes(400_000))
    (root / "usr/bin/tool").chmod(0o755)
    (root / "usr/lib/text").write_bytes(b"".join(b"line %d\n" % (number * 7919 % 1000) for number in range(60_000)))
    (root / "usr/lib/zeros").write_bytes(bytes(700_000))
    (root / "usr/lib/hole").write_bytes(b"begin" + bytes(600_000) + b"end")
    (root / "usr/lib/deep/deeper/exact").write_bytes(dice.randbytes(131_072))
    (root / "usr/lib/deep/deeper/one more").write_bytes(dice.randbytes(131_073))
    (root / "usr/lib/nothing").touch()
    (root / "usr/lib/modes").write_text("x")
    (root / "usr/lib/modes").chmod(0o4711)
    (root / "usr/lib/ä\nname").write_text("odd")
    (root / "usr/lib/link").symlink_to("deep/deeper/exact")
    (root / "usr/bin/up").symlink_to("../lib/text")
    (root / "usr/bin/host").symlink_to("/usr/lib/of/the/host")
    (root / "usr/bin/nowhere").symlink_to("missing-" + "x" * 200)
    os.link(root / "usr/lib/text", root / "usr/lib/text again")
    (root / "tool.desktop").symlink_to("usr/share/tool.desktop")
    (root / "usr/share/tool.desktop").write_text(
        "# c\n[Desktop Entry]\nType=Application\nName=Tool\nName[de]=Werkzeug\nExec=tool $(rm -rf ~); `id` %U\n[Other]\nName=no\n"
    )


def tree(root: Path) -> dict[str, object]:
    """Every path below ``root``: bytes and executable bit of files, targets of links."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = (path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def squash(folder: Path, image: Path, *options: str) -> Path:
    run("mksquashfs", folder, image, "-noappend", "-quiet", "-no-progress", "-all-root", "-processors", "2", *options)
    return image


def unsquash(image: Path, to: Path) -> Path:
    run("unsquashfs", "-quiet", "-no-progress", "-no-xattrs", "-d", to, image)
    return to


def runtime(folder: Path, kind: int, *sections: str) -> Path:
    """A real ELF program with the magic number of ``kind``; ``sections`` are NAME=TEXT."""
    source, program = folder / "runtime.c", folder / "runtime"
    source.write_text(RUNTIME)
    run("gcc", "-o", program, source)
    for section in sections:
        name, _, text = section.partition("=")
        (folder / "section").write_text(text.ljust(256, "\0"))
        run("objcopy", "--add-section", f"{name}={folder / 'section'}", program)
    raw = bytearray(program.read_bytes())
    raw[8:11] = b"AI" + bytes([kind])
    program.write_bytes(raw)
    return program


def type_two(folder: Path, image: Path, name: str = "tool.AppImage", *sections: str) -> Path:
    """The runtime, and the image behind it."""
    made = folder / name
    made.write_bytes(runtime(folder, 2, *sections).read_bytes() + image.read_bytes())
    made.chmod(0o755)
    return made


def iso(folder: Path, image: Path, *options: str) -> Path:
    run("xorriso", "-as", "mkisofs", "-quiet", "-o", image, *options, folder)
    return image


def zisofs(folder: Path, image: Path, *options: str) -> Path:
    run(
        "xorriso",
        "-zisofs",
        ":".join(options) or "default",
        "-outdev",
        image,
        "-map",
        folder,
        "/",
        "-set_filter_r",
        "--zisofs",
        "/",
        "--",
    )
    return image


def un_iso(image: Path, to: Path) -> Path:
    run("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", to)
    run("chmod", "-R", "u+rwX", to)
    return to


def type_one(image: Path, update: bytes = b"") -> Path:
    """An ELF header in the first sectors of an ISO image, which leaves them to whoever wants them."""
    raw = bytearray(image.read_bytes())
    program = runtime(image.parent, 1).read_bytes()
    assert len(program) < 32768
    raw[: len(program)] = program
    raw[33651 : 33651 + len(update)] = update
    image.write_bytes(raw)
    return image


def run(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
