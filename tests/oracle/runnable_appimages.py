"""Real AppImages made with the tools that AppImages are made with, around a small program that would tell if it were run."""

import shutil
import subprocess
from pathlib import Path

RUNTIME = r"""
#include <stdio.h>
int main(void) {
  FILE *file = fopen("EXECUTED", "w");
  if (file) fclose(file);
  puts("the runtime ran");
  return 99;
}
"""
APP_RUN = """#!/bin/bash
here=$(dirname "$(readlink -f "$0")")
exec "$here/usr/bin/app" "$@"
"""
APP = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **words) {
  char line[4096];
  FILE *maps = fopen("/proc/self/maps", "r");
  printf("words");
  for (int i = 1; i < count; i++) printf("|%s", words[i]);
  printf("\nfolder %s\n", getcwd(line, sizeof line));
  printf("APPDIR %s\n", getenv("APPDIR"));
  printf("APPIMAGE %s\n", getenv("APPIMAGE") ? getenv("APPIMAGE") : "");
  printf("X %s\n", getenv("X") ? getenv("X") : "");
  while (fgets(line, sizeof line, maps))
    if (strstr(line, "/libc.so")) { printf("libc %s", strchr(line, '/')); break; }
  if (fgets(line, sizeof line, stdin)) printf("stdin %s", line);
  return 5;
}
"""
DESKTOP = """[Desktop Entry]
Type=Application
Name=$(touch HACKED); `touch HACKED`
Exec=AppRun; touch HACKED; $(touch HACKED) %F
Icon=app
"""


def compiled(folder: Path, name: str, source: str, *words: str) -> Path:
    """A program compiled by gcc."""
    text = folder / f"{name}.c"
    text.write_text(source)
    subprocess.run(["gcc", *words, "-o", str(folder / name), str(text)], check=True)
    return folder / name


def tree(folder: Path, *, app_run: bool = True) -> Path:
    """The files of an application: AppRun, a dynamically linked program, a desktop file that would do harm to a shell."""
    place = folder / ("tree" if app_run else "tree-without")
    (place / "usr/bin").mkdir(parents=True)
    if app_run:
        (place / "AppRun").write_text(APP_RUN)
        (place / "AppRun").chmod(0o755)
    program = folder / "app"
    shutil.copy(program if program.exists() else compiled(folder, "app", APP), place / "usr/bin/app")
    (place / "app.desktop").write_text(DESKTOP)
    (place / "a $(touch HACKED) name").write_text("x")
    return place


def type_two(folder: Path, files: Path, name: str) -> Path:
    """An ELF program with a squashfs behind it."""
    runtime = folder / "runtime"
    if not runtime.exists():
        compiled(folder, "runtime", RUNTIME, "-static")
    packed = folder / "packed.squashfs"
    packed.unlink(missing_ok=True)
    subprocess.run(
        ["mksquashfs", str(files), str(packed), "-quiet", "-no-progress", "-all-root"], check=True, capture_output=True
    )
    image = folder / name
    image.write_bytes(_marked(runtime.read_bytes(), 2) + packed.read_bytes())
    image.chmod(0o755)
    return image


def type_one(folder: Path, files: Path, name: str) -> Path:
    """An ISO 9660 image whose first sectors, which belong to nobody, hold a small ELF program."""
    image = folder / name
    words = ["xorriso", "-outdev", str(image), "-map", str(files), "/", "-set_filter_r", "--zisofs", "/", "--"]
    subprocess.run(words, check=True, capture_output=True)
    source = "__attribute__((force_align_arg_pointer)) void _start(void) { for (;;) { } }\n"
    options = ("-static", "-nostdlib", "-s", "-Wl,-z,noseparate-code", "-Wl,--build-id=none")
    small = _marked(compiled(folder, "small", source, *options).read_bytes(), 1)
    assert len(small) < 32768
    with image.open("r+b") as file:
        file.write(small)
    image.chmod(0o755)
    return image


def _marked(program: bytes, kind: int) -> bytes:
    return program[:8] + b"AI" + bytes([kind]) + program[11:]
