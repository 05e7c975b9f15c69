"""Pushing an image of at least 600 MB in 33 layers to a registry on this machine, beside ``skopeo copy``.

The source is a docker archive with uncompressed layers, the registry Debian's docker-registry with an empty folder each round.
Targets: into an empty registry < 5 s where skopeo takes 11; unchanged < 0.4 s. The floor is what no push can leave out: the
archive read and compressed by isal, and a SHA-256 of both.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from bench.image import choose
from bench.measure import Cost, once
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.oci_layout import CountedFile

WANTED = 620_000_000
LAYERS = 33
ROUNDS = 3
CONFIG = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def main() -> None:
    """Print the table."""
    if shutil.which("docker-registry") is None:
        sys.exit("docker-registry is not installed")
    paths, size, count = choose(WANTED)
    print(f"{size / 1e6:.0f} MB in {count} files of {len(paths)} folders below /usr, {LAYERS} layers")
    with tempfile.TemporaryDirectory() as home:
        archive = f"{home}/image.tar"
        code = f"import bench.image as b, sys; b.LAYERS = {LAYERS}; b.write('none', sys.argv[1], sys.argv[2:])"
        once([sys.executable, "-c", code, archive, *paths])
        pack = f"import bench.push as b; b.pack({archive!r})"
        print(f"{'floor: the archive read and packed (isal)':<44} {once([sys.executable, '-c', pack]).wall * 1000:8.0f} ms")
        for title, compressor in (("into an empty registry, gzip", "gz"), ("into an empty registry, zstd", "zstd")):
            measure(title, home, archive, compressor)


def measure(title: str, home: str, archive: str, compressor: str) -> None:
    """Rounds of ours and skopeo's in turn, each into a registry of its own; then again, unchanged."""
    costs: dict[str, list[Cost]] = {name: [] for name in ("ours", "ours again", "skopeo", "skopeo again")}
    theirs = shutil.which("skopeo") is not None
    for _ in range(ROUNDS):
        cache = f"{home}/cache"
        shutil.rmtree(cache, ignore_errors=True)
        environment = {**os.environ, "IMAGETOOLS_CACHE": cache}
        with registry(home) as port:
            name = f"localhost:{port}/bench:latest"
            ours = [sys.executable, "-m", "imagetools", "push", "--insecure", "-q", "--compressor", compressor, name, archive]
            costs["ours"].append(once(ours, environment))
            costs["ours again"].append(once(ours, environment))
        if theirs:
            with registry(home) as port:
                name = f"docker://localhost:{port}/bench:latest"
                form = ["--dest-compress-format", "zstd", "--format", "oci"] if compressor == "zstd" else []
                skopeo = ["skopeo", "copy", "-q", "--dest-tls-verify=false", *form, f"docker-archive:{archive}", name]
                costs["skopeo"].append(once(skopeo))
                costs["skopeo again"].append(once(skopeo))
    for kind in ("", " again"):
        mine = statistics.median(cost.wall for cost in costs["ours" + kind])
        line = f"{title + kind:<44} {mine * 1000:8.0f} ms   {described(costs['ours' + kind])}"
        if theirs:
            peer = statistics.median(cost.wall for cost in costs["skopeo" + kind])
            line += f"   skopeo: {peer * 1000:.0f} ms   {described(costs['skopeo' + kind])}   ratio {mine / peer:.2f}"
        print(line)


def described(costs: list[Cost]) -> str:
    """CPU (without the registry's) and peak memory."""
    cpu = statistics.median(cost.cpu for cost in costs)
    return f"({cpu:.2f} s of CPU, {max(cost.memory for cost in costs) / 1024:.0f} MiB)"


def pack(archive: str) -> None:
    """What no push can leave out: read the archive, compress it, hash both."""
    with open(archive, "rb") as source, open(os.devnull, "wb") as nowhere:
        counted = cast(BinaryIO, CountedFile(nowhere))
        with BlockStream(open_sink(counted, "gz")) as stream:
            stream.start_digest()
            while piece := source.read(1 << 18):
                stream.write(piece)


@contextmanager
def registry(home: str) -> Iterator[int]:
    """An empty one; its port."""
    with tempfile.TemporaryDirectory(dir=home) as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.close()
        with open(f"{folder}/config.yml", "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=folder, port=port))
        process = subprocess.Popen(
            ["docker-registry", "serve", f"{folder}/config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int) -> None:
    """Until somebody listens there; at most ten seconds."""
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("docker-registry does not start")


if __name__ == "__main__":
    main()
