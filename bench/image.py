"""Writing an image of at least 300 MB from /usr: ours beside ``tar c`` (no image, just the bytes) and ``tar c | pigz``.

Targets: the archive in the time of ``tar c`` plus its SHA-256, gzip far below pigz; memory the same for any size. The image has
20 layers of several folders each, as a store would. Run as ``python -m bench.image write COMPRESSOR OUT PATH…`` it is the writer.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import compare, once
from imagetools.image.container_config import ContainerConfig
from imagetools.image.image import Image
from imagetools.image.reference import Reference
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.docker_archive import DockerArchiveWriter
from imagetools.image_io.entries import Entry, walk
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerPart, LayerSource

WANTED = 400 << 20
LAYERS = 20


def main() -> None:
    """Print the table."""
    paths, size, count = choose()
    print(f"{size / 1e6:.0f} MB in {count} files of {len(paths)} folders below /usr")
    with tempfile.TemporaryDirectory() as folder:
        out, peer = f"{folder}/ours", f"{folder}/theirs"
        quoted = " ".join(f"'{path}'" for path in paths)
        tar = f"tar c --hard-dereference --sort=name --mtime=@1 --owner=0 --group=0 {quoted} 2>/dev/null"

        def ours(compressor: str) -> list[str]:
            return [sys.executable, "-m", "bench.image", "write", compressor, out, *paths]

        once(["sh", "-c", f"{tar} > {peer}"])  # warm up: everybody reads from the page cache
        cost = once(ours("gz"))
        print(f"{'memory while writing it gzipped':<44} {cost.memory / 1024:8.0f} MiB")
        compare("archive", ours("none"), {"tar c": ["sh", "-c", f"{tar} > {peer}"]}, rounds=3)
        digested = {"tar c | tee | sha256sum": ["sh", "-c", f"{tar} | tee {peer} | sha256sum"]}
        compare("archive with its digests", ours("none"), digested, rounds=3)
        if shutil.which("pigz"):
            compare("gzip", ours("gz"), {"tar c | pigz": ["sh", "-c", f"{tar} | pigz -nT > {peer}"]}, rounds=3)
            print(f"{'  size':<44} {os.path.getsize(out) / 1e6:8.0f} MB   pigz: {os.path.getsize(peer) / 1e6:.0f} MB")
        compare("gzip beside plain tar", ours("gz"), {"tar c": ["sh", "-c", f"{tar} > {peer}"]}, rounds=3)
        if shutil.which("zstd"):
            compare("zstd", ours("zstd"), {"tar c | zstd -3 -T0": ["sh", "-c", f"{tar} | zstd -q -3 -T0 > {peer}"]}, rounds=3)


def choose(wanted: int = WANTED) -> tuple[list[str], int, int]:
    """Folders below /usr with together at least ``wanted`` bytes of readable files; their size and number of files."""
    chosen: list[str] = []
    total = count = 0
    for top in ("/usr/lib/x86_64-linux-gnu", "/usr/lib", "/usr/share", "/usr/libexec"):
        for entry in sorted(Path(top).glob("*")) if Path(top).is_dir() else ():
            if total >= wanted:
                return chosen, total, count
            if entry.is_symlink() or not entry.is_dir() or any(entry.is_relative_to(path) for path in chosen):
                continue
            files = [path for path in entry.rglob("*") if path.is_file() and not path.is_symlink()]
            if entry.name == "x86_64-linux-gnu" or not files or not all(os.access(path, os.R_OK) for path in files):
                continue
            chosen.append(str(entry))
            total += sum(path.stat().st_size for path in files)
            count += len(files)
    return chosen, total, count


def write(compressor: str, out: str, paths: list[str]) -> None:
    """An image of ``paths`` in LAYERS layers."""
    with open(out, "wb") as file, BlockStream(open_sink(file, compressor)) as stream:
        archive = DockerArchiveWriter(stream)
        for number in range(LAYERS):
            if part := paths[number::LAYERS]:
                archive.add_layer(LayerSource("\n".join(part), (_part(part),)))
        image = Image("amd64", "1970-01-01T00:00:01Z", ContainerConfig({}))
        archive.finish(image, [Reference("bench", "latest")])


def _part(paths: list[str]) -> LayerPart:
    def entries() -> Iterator[Entry]:
        for path in paths:
            yield from walk(os.fsencode(path), os.fsencode(path).lstrip(b"/"))

    return LayerPart(entries, Stamp())


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main()
