"""A squashfs image of 200 MB and more, unpacked by our reader and checked writer (a whole process), against unsquashfs.

The tree is this machine's programs and libraries, which is what AppImages hold. Both in turn, each into nothing.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Cost, once

TARGET = 1.3
FOLDERS = ("/usr/bin", "/usr/lib", "/usr/share")
COMPRESSIONS = ("gzip", "zstd", "xz", "lz4", "lzo")
_OURS = """
import os, sys
from imagetools.bundled.builders.appimage_tools.image_file import ImageFile
from imagetools.bundled.builders.appimage_tools.unpack_image import POLICY
from imagetools.archive.squashfs import Squashfs
from imagetools.archive.unpack import check, unpack
os.mkdir(sys.argv[2])
with ImageFile(sys.argv[1]) as source:
    tree = Squashfs(source)
    check(tree.listed(), POLICY)
    unpack(tree.members(len(os.sched_getaffinity(0))), sys.argv[2], POLICY)
"""


def main() -> None:
    """Print the table."""
    if shutil.which("mksquashfs") is None:
        print("squashfs-tools are not installed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, size = make_tree(folder / "tree", 480_000_000)
        print(f"{files} files, {size / 1e6:.0f} MB")
        for compression in COMPRESSIONS:
            image = folder / f"{compression}.squashfs"
            options = ["-comp", compression, *(["-Xcompression-level", "6"] if compression == "zstd" else [])]
            words = ["mksquashfs", str(folder / "tree"), str(image), "-quiet", "-no-progress", "-no-xattrs", *options]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
            measure(compression, image, folder)
            image.unlink()


def make_tree(root: Path, wanted: int) -> tuple[int, int]:
    """Copies of files of this machine, the same ones each time as long as it stays the same."""
    size = count = 0
    for path in _files():
        length = path.stat().st_size
        if length > 40_000_000:
            continue
        place = root / path.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        size += length
        count += 1
        if size > wanted:
            break
    return count, size


def _files() -> Iterator[Path]:
    """A third of the files, so that libraries and small files of all kinds come."""
    number = 0
    for top in FOLDERS:
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = Path(folder) / name
                number += 1
                if number % 3 == 0 and path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                    yield path


def measure(compression: str, image: Path, folder: Path, rounds: int = 5) -> None:
    """One line: wall clock, and CPU time, which a busy machine changes less."""
    out = str(folder / "out")
    ours = [sys.executable, "-c", _OURS, str(image), out]
    theirs = ["unsquashfs", "-quiet", "-no-progress", "-d", out, str(image)]
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(rounds):
        for words, found in zip((ours, theirs), costs, strict=True):
            found.append(once(words))
            shutil.rmtree(out)
    mine, peer = (statistics.median(cost.wall for cost in found) for found in costs)
    used, peer_used = (statistics.median(cost.cpu for cost in found) for found in costs)
    memory = max(cost.memory for cost in costs[0]) // 1024
    title = f"{compression}, {image.stat().st_size / 1e6:.0f} MB (target {TARGET})"
    print(f"{title:<36} {mine * 1000:7.0f} ms   unsquashfs {peer * 1000:.0f} ms   ratio {mine / peer:.2f}", end="")
    print(f"   CPU {used:.2f} / {peer_used:.2f} s, memory {memory} MiB")


if __name__ == "__main__":
    main()
