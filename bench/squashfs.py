"""A squashfs image of 200 MB and more, unpacked by our reader and checked writer (a whole process), against unsquashfs.

The trees are this machine's programs and libraries, which is what AppImages hold: files of every size, and big ones only. Both in
turn, each into nothing, and who begins changes. One round of each goes before, uncounted: a virtual machine pays for every page
of memory that it touches for the first time (1.3 s instead of 0.3 s in the kernel for the same gigabyte), which must hit neither.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
        compare(folder, COMPRESSIONS, *make_tree(folder / "tree", 480_000_000))
        compare(folder, ("gzip", "zstd"), *make_tree(folder / "tree", 1_000_000_000, smallest=100_000))


def compare(folder: Path, compressions: Sequence[str], files: int, size: int) -> None:
    """A table for the tree in ``folder``, which is then removed."""
    print(f"{files} files, {size / 1e6:.0f} MB")
    for compression in compressions:
        image = folder / f"{compression}.squashfs"
        options = ["-comp", compression, *(["-Xcompression-level", "6"] if compression == "zstd" else [])]
        words = ["mksquashfs", str(folder / "tree"), str(image), "-quiet", "-no-progress", "-no-xattrs", *options]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        measure(compression, image, folder)
        image.unlink()
    shutil.rmtree(folder / "tree")


def make_tree(root: Path, wanted: int, smallest: int = 0) -> tuple[int, int]:
    """Copies of files of this machine of at least ``smallest`` bytes, the same ones each time as long as it stays the same."""
    size = count = 0
    for path in _files():
        length = path.stat().st_size
        if not smallest <= length <= 40_000_000:
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
    sides = list(zip((ours, theirs), costs, strict=True))
    for turn in range(rounds + 1):
        for words, found in sides:
            cost = once(words)
            shutil.rmtree(out)
            if turn > 0:
                found.append(cost)
        sides.reverse()
    mine, peer = (statistics.median(cost.wall for cost in found) for found in costs)
    used, peer_used = (statistics.median(cost.cpu for cost in found) for found in costs)
    memory = max(cost.memory for cost in costs[0]) // 1024
    title = f"{compression}, {image.stat().st_size / 1e6:.0f} MB (target {TARGET})"
    print(f"{title:<36} {mine * 1000:7.0f} ms   unsquashfs {peer * 1000:.0f} ms   ratio {mine / peer:.2f}", end="")
    print(f"   CPU {used:.2f} / {peer_used:.2f} s, memory {memory} MiB")


if __name__ == "__main__":
    main()
