"""fetchurl of 1 GB from loopback, hash and registration included, against ``curl -o`` of the same URL, which does neither.

The server is a process of its own that answers with sendfile, so neither side waits for Python. Each round has a new name
in one store, and begins when the disk has nothing left to do.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import once

ROUNDS = 5
MEGABYTES = 1000
_SERVER = """
import os, socket, sys
file = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(file).st_size
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    with client:
        if client.recv(65536):
            client.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nETag: "x"\\r\\n\\r\\n' % size)
            done = 0
            while done < size:
                done += os.sendfile(client.fileno(), file, done, size - done)
"""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The URL of ``path`` on a server of its own."""
    with subprocess.Popen([sys.executable, "-c", _SERVER, str(path)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/file"
        finally:
            server.kill()


def main() -> None:
    program = shutil.which("imagetools") or os.path.join(os.path.dirname(sys.executable), "imagetools")
    with tempfile.TemporaryDirectory(prefix="imagetools-bench.") as folder:
        data, copy, store = Path(folder, "data"), Path(folder, "copy"), Path(folder, "store")
        digest = hashlib.sha256()
        with data.open("wb") as file:
            for _ in range(MEGABYTES):
                piece = os.urandom(1_000_000)
                digest.update(piece)
                file.write(piece)
        os.sync()
        ours, theirs = [], []
        with served(data) as url:
            once([program, "store", "add", "--store", str(store), __file__])  # makes the database
            for number in range(ROUNDS):
                attributes = f'url = "{url}"; name = "file-{number}"; sha256 = "{digest.hexdigest()}";'
                expression = f"(import <nixpkgs> {{ }}).fetchurl {{ {attributes} }}"
                os.sync()
                theirs.append(once(["curl", "-s", "-o", str(copy), url]))
                copy.unlink()
                os.sync()
                ours.append(once([program, "build", "--no-out-link", "--store", str(store), "-E", expression]))
        mine, peer = (statistics.median(cost.wall for cost in found) for found in (ours, theirs))
        title = f"fetchurl of {MEGABYTES} MB"
        print(f"{title:<44} {mine * 1000:8.0f} ms   curl: {peer * 1000:.0f} ms   ratio {mine / peer:.2f}")
        for name, found in (("ours", ours), ("curl", theirs)):
            print(f"  {name}: " + " ".join(f"{cost.wall * 1000:.0f}" for cost in found))


if __name__ == "__main__":
    main()
