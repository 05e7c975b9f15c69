"""An image of at least 600 MB in more than 30 layers, from definition to engine: whole commands of ours beside the peers.

Peers: nixpkgs' own stream_layered_image.py on the same store paths (``IMAGETOOLS_NIXPKGS`` names a nixpkgs tree), alone, into a
file, through pigz, into `docker load`. Floors: ``tar c`` of the store paths into a pipe, into SHA-256, into a file.

Targets: described and hashed < 2 s, a docker archive < 3 s, zstd < 4.5 s, gzip < 4 s; one file changed, built and loaded < 1.5 s;
less than 150 MB of memory for an image of 2 GB. Everything is read from the page cache; TMPDIR says where store and archives lie:
in memory (/dev/shm) the disk keeps nobody waiting. Loading needs a Docker engine.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from bench.cpu_group import cost_of
from bench.image import choose
from bench.measure import Cost, once

WANTED = 620_000_000
LARGE = 2_000_000_000
ROUNDS = 3
NAME = "imagetools-bench"
DEFINITION = """{{ kind ? "streamLayeredImage", tag ? "latest", text ? "", compressor ? "none" }}:
with import <nixpkgs> {{ }};
dockerTools.${{kind}} {{
  inherit compressor tag;
  name = "{name}";
  maxLayers = 100;
  contents = [ {contents} (writeTextDir "etc/text" text) ];
}}
"""


class World:
    """A store, a definition of one big image, and what the peers need."""

    def __init__(self, home: str, folders: Sequence[str]) -> None:
        self.home = home
        self.environment = {**os.environ, "IMAGETOOLS_STORE": f"{home}/root", "IMAGETOOLS_CACHE": f"{home}/cache"}
        added = [sys.executable, "-m", "imagetools", "store", "add", *folders]
        paths = subprocess.run(added, env=self.environment, capture_output=True, text=True, check=True).stdout.split()
        contents = [f'(builtins.storePath "/nix/store/{os.path.basename(path)}")' for path in paths]
        Path(home, "image.nix").write_text(DEFINITION.format(name=NAME, contents=" ".join(contents)))
        self.tags = (f"round-{number}" for number in count())

    def build(self, *arguments: str) -> list[str]:
        """The command; arguments are names and values."""
        words = [sys.executable, "-m", "imagetools", "build", f"{self.home}/image.nix", "-o", f"{self.home}/result"]
        for name, value in zip(arguments[::2], arguments[1::2], strict=True):
            words += ["--argstr", name, value]
        return words

    def made(self, *arguments: str) -> str:
        """The result of a build."""
        once(self.build(*arguments), self.environment)
        return os.path.realpath(f"{self.home}/result")

    def forget_layers(self) -> None:
        shutil.rmtree(f"{self.home}/root/nix/var/imagetools/layers", ignore_errors=True)

    def free(self) -> None:
        """Remove what rounds have left, which may be large."""
        os.unlink(f"{self.home}/result")
        subprocess.run(
            [sys.executable, "-m", "imagetools", "store", "delete", *_images(f"{self.home}/root/nix/store")],
            env=self.environment,
            capture_output=True,
            check=False,
        )

    def layers(self) -> list[list[str]]:
        """The store paths of each layer, those of the customisation left out."""
        text = Path(self.made()).read_text()
        found, _ = json.JSONDecoder().raw_decode(text[text.index("\nIMAGE = ") + len("\nIMAGE = ") :])
        return [layer[2] for layer in found["layers"][:-1]]


def main() -> None:
    """Print the table."""
    folders, size, number = choose(WANTED)
    with tempfile.TemporaryDirectory() as home:
        world = World(home, folders)
        layers = world.layers()
        print(f"{size / 1e6:.0f} MB in {number} files, {len(layers) + 1} layers; {home}: {_file_system(home)}")
        floors(world, layers)
        stream = peer(world, layers)
        describe(world, stream)
        archives(world, stream)
        loads(world, stream)
    with tempfile.TemporaryDirectory() as home:
        memory(home)


def floors(world: World, layers: list[list[str]]) -> None:
    """What no image can be made without."""
    names = " ".join(os.path.basename(path) for paths in layers for path in paths)
    tar = f"cd {world.home}/root/nix/store && tar c --sort=name --mtime=@1 --owner=0 --group=0 {names}"
    for title, end in (
        ("floor: tar c into a pipe", "| cat > /dev/null"),
        ("floor: tar c into SHA-256", "| openssl dgst -sha256 > /dev/null"),
        ("floor: tar c into a file", f"> {world.home}/tar"),
    ):
        show(title, [cost_of(["sh", "-c", f"{tar} {end}"]) for _ in range(ROUNDS)])
    os.unlink(f"{world.home}/tar")


def peer(world: World, layers: list[list[str]]) -> str | None:
    """A shell command that writes nixpkgs' archive of the same layers; None without nixpkgs."""
    script = Path(os.environ.get("IMAGETOOLS_NIXPKGS", "/"), "pkgs/build-support/docker/stream_layered_image.py")
    if not script.is_file():
        print("IMAGETOOLS_NIXPKGS names no nixpkgs tree: its script is left out")
        return None
    description = {
        "created": "1970-01-01T00:00:01+00:00",
        "architecture": "amd64",
        "config": {},
        "repo_tag": f"{NAME}-peer:latest",
        "store_layers": layers,
        "customisation_layer": layers[-1][0],
    }
    Path(world.home, "peer.json").write_text(json.dumps(description))
    bind = f"mkdir -p /nix/store && mount --bind {world.home}/root/nix/store /nix/store"
    return f"unshare --mount sh -c '{bind} && exec python3 {script} {world.home}/peer.json 2> /dev/null'"


def describe(world: World, stream: str | None) -> None:
    """Every layer's diff ID, the config, the manifest; no archive."""
    if stream is not None:
        show("nixpkgs' stream script > /dev/null", [cost_of(["sh", "-c", f"{stream} | cat > /dev/null"]) for _ in range(ROUNDS)])

    def cold() -> Cost:
        world.forget_layers()
        return cost_of(world.build("tag", next(world.tags)), world.environment)

    show("describe and hash (target 2 s)", [cold() for _ in range(ROUNDS)])
    known = [cost_of(world.build("tag", next(world.tags)), world.environment) for _ in range(ROUNDS)]
    show("  the same, another tag, layers known", known)
    show("  the same, nothing changed", [cost_of(world.build("tag", "latest"), world.environment) for _ in range(ROUNDS + 1)][1:])
    show("  its script into a pipe", [cost_of(["sh", "-c", f"{world.home}/result | cat > /dev/null"]) for _ in range(ROUNDS)])


def archives(world: World, stream: str | None) -> None:
    """Archives in the store, by buildLayeredImage; ``forget`` means that no layer is known."""
    for title, compressor, end in (
        ("docker archive (target 3 s)", "none", ""),
        ("zstd (target 4.5 s)", "zstd", "| zstd -q -3 -T0"),
        ("gzip (target 4 s)", "gz", "| pigz -nT"),
    ):
        costs: dict[bool, list[Cost]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for forget, found in costs.items():
                if forget:
                    world.forget_layers()
                words = world.build("kind", "buildLayeredImage", "compressor", compressor, "tag", next(world.tags))
                found.append(cost_of(words, world.environment))
                size = os.path.getsize(f"{world.home}/result")
                world.free()
        show(title, costs[True], f"{size / 1e6:.0f} MB")
        show("  the same, layers known", costs[False])
        if stream is not None:
            out = f"{world.home}/theirs"
            rounds = 1 if "pigz" in end else ROUNDS
            found = [cost_of(["sh", "-c", f"{stream} {end} > {out}"]) for _ in range(rounds)]
            show(f"  nixpkgs' stream script {end} > file", found, f"{os.path.getsize(out) / 1e6:.0f} MB")
            os.unlink(out)


def loads(world: World, stream: str | None) -> None:
    """Into Docker's engine."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        print("no Docker engine answers: loading is left out")
        return
    load = f"{sys.executable} -m imagetools load -q {world.home}/result"

    loaded: set[str] = set()

    def forget() -> None:  # also those that lost their name to the next one: their layers would still be there
        subprocess.run(["docker", "rmi", "-f", *loaded], capture_output=True, check=False)
        loaded.clear()

    def remember(cost: Cost) -> Cost:
        found = subprocess.run(
            ["docker", "images", "-q", "--filter", f"reference={NAME}*"], capture_output=True, text=True, check=True
        )
        loaded.update(found.stdout.split())
        return cost

    def changed(text: str) -> Cost:
        return remember(cost_of(["sh", "-c", f"{_shell(world.build('text', text))} && {load}"], world.environment))

    show("built and loaded, all of it", [changed("first")])
    show("one file changed: built and loaded (1.5 s)", [changed(f"text {number}") for number in range(ROUNDS)])
    show("  of that loaded, nothing to send", [cost_of(["sh", "-c", load], world.environment) for _ in range(ROUNDS)])
    if stream is not None:
        forget()
        costs = [remember(cost_of(["sh", "-c", f"{stream} | docker load"])) for _ in range(2)]
        show("nixpkgs' stream script | docker load", costs[:1])
        show("  again: it sends all of it", costs[1:])
    forget()


def memory(home: str) -> None:
    """An image of 2 GB, of which one file is the half."""
    data = Path(home, "data")
    data.mkdir()
    piece = os.urandom(1 << 20)
    for number, size in enumerate([LARGE // 2, *[LARGE // 40] * 20]):
        with (data / str(number)).open("wb") as file:
            for _ in range(size >> 20):
                file.write(piece)
    world = World(home, [str(data)])
    world.made("text", "only what the build needs beside the image")
    for title, arguments in (
        ("memory, 2 GB, script (target 150 MB)", ("tag", "a")),
        ("memory, 2 GB, archive", ("kind", "buildLayeredImage", "tag", "b")),
        ("memory, 2 GB, gzip", ("kind", "buildLayeredImage", "tag", "c", "compressor", "gz")),
        ("memory, 2 GB, zstd", ("kind", "buildLayeredImage", "tag", "d", "compressor", "zstd")),
    ):
        world.forget_layers()
        print(f"{title:<44} {peak(world.build(*arguments), world.environment) / 1e6:8.0f} MB")
        world.free()


def peak(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Most bytes that the builder's process has held, or the command's own one; seen every few milliseconds from outside."""
    most = 0
    with subprocess.Popen(words, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for folder in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if folder.name == str(process.pid) or b"imagetools.app.builtin_main" in (folder / "cmdline").read_bytes():
                        found = re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text())
                        most = max(most, int(found[1]) << 10 if found else 0)
            time.sleep(0.005)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return most


def show(title: str, costs: Sequence[Cost], note: str = "") -> None:
    """The median; CPU time of all processes, without the engine's."""
    wall, cpu = (statistics.median(kind) for kind in ([cost.wall for cost in costs], [cost.cpu for cost in costs]))
    print(f"{title:<44} {wall:8.2f} s   CPU {cpu:.2f} s   {note}", flush=True)


def _shell(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


def _images(store: str) -> list[str]:
    return [
        f"{store}/{name}" for name in os.listdir(store) if name.endswith((f"{NAME}.tar", f"{NAME}.tar.gz", f"{NAME}.tar.zst"))
    ]


def _file_system(folder: str) -> str:
    return subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
