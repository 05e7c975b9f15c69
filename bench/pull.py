"""Pulling an image of at least 600 MB in 33 layers from a registry on this machine, beside ``skopeo copy`` into a docker archive.

Ours is the whole command (``prefetch docker``: evaluation, sandbox, fetching, unpacking, three SHA-256, fsync, registration) into
an empty store, skopeo's the copy alone, as nixpkgs's pullImage runs it.
"""

import os
import shutil
import statistics
import sys
import tempfile

from bench.image import choose
from bench.measure import Cost, once
from bench.push import LAYERS, WANTED, described, registry

ROUNDS = 2


def main() -> None:
    """Print the table."""
    if shutil.which("docker-registry") is None or shutil.which("skopeo") is None:
        sys.exit("docker-registry and skopeo must be installed")
    paths, size, count = choose(WANTED)
    print(f"{size / 1e6:.0f} MB in {count} files of {len(paths)} folders below /usr, {LAYERS} layers, gzip")
    ours: list[Cost] = []
    theirs: list[Cost] = []
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home, registry(home) as port:
        archive = f"{home}/image.tar"
        code = f"import bench.image as b, sys; b.LAYERS = {LAYERS}; b.write('none', sys.argv[1], sys.argv[2:])"
        once([sys.executable, "-c", code, archive, *paths])
        name = f"localhost:{port}/bench"
        environment = {**os.environ, "IMAGETOOLS_CACHE": f"{home}/cache", "IMAGETOOLS_SUBSTITUTERS": ""}
        once([sys.executable, "-m", "imagetools", "push", "--insecure", "-q", f"{name}:latest", archive], environment)
        os.unlink(archive)
        for number in range(ROUNDS):
            store = f"{home}/store{number}"
            pull = ["prefetch", "docker", name, "--insecure", "-Q", "--store", store]
            ours.append(once([sys.executable, "-m", "imagetools", *pull], environment))
            once(["chmod", "-R", "u+w", store])
            shutil.rmtree(store)
            theirs.append(_skopeo(name, archive))
            os.unlink(archive)
    mine, peer = (statistics.median(cost.wall for cost in costs) for costs in (ours, theirs))
    print(f"ours {mine * 1000:.0f} ms   skopeo {peer * 1000:.0f} ms {described(theirs)}   ratio {mine / peer:.2f}")


def _skopeo(name: str, archive: str) -> Cost:
    words = ["--insecure-policy", "copy", "-q", "--src-tls-verify=false", f"docker://{name}:latest"]
    return once(["skopeo", *words, f"docker-archive:{archive}:bench:latest"])


if __name__ == "__main__":
    main()
