"""The script of streamLayeredImage for an image of 600 MB, beside ``tar c`` of the same files (no image, one archive).

Both write into a pipe whose other end reads and forgets, and into a file. The product builds the image, in a store of its own;
its contents are folders of /usr, each a store path. Target: not slower than ``tar c``.
"""

import json
import os
import subprocess
import sys
import tempfile

from bench.image import choose
from bench.measure import compare, once

WANTED = 600_000_000
FORGET = "| cat > /dev/null"


def main() -> None:
    """Print the table."""
    folders, size, count = choose(WANTED)
    print(f"{size / 1e6:.0f} MB in {count} files of {len(folders)} folders below /usr")
    with tempfile.TemporaryDirectory() as home:
        contents = [
            f'(builtins.path {{ path = {json.dumps(folder)}; name = "content-{number}"; }})'
            for number, folder in enumerate(folders)
        ]
        expression = f"""with import <nixpkgs> {{ }};
            dockerTools.streamLayeredImage {{
              name = "bench"; tag = "latest"; contents = [ {" ".join(contents)} ];
            }}"""
        environment = {**os.environ, "IMAGETOOLS_STORE": f"{home}/store"}
        command = [sys.executable, "-m", "imagetools", "build", "--no-out-link", "-E", expression]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if made.returncode:
            sys.exit(made.stderr)
        script = made.stdout.strip()
        store = os.path.dirname(script)
        paths = " ".join(sorted(name for name in os.listdir(store) if "-content-" in name and not name.endswith(".lock")))
        tar = f"tar c --sort=name --mtime=@1 --owner=0 --group=0 {paths}"
        ours = f"{script} 2> /dev/null"
        once(["sh", "-c", f"{ours} > {home}/ours"])  # warm up: everybody reads from the page cache
        print(f"{'archive':<44} {os.path.getsize(f'{home}/ours') / 1e6:8.0f} MB")
        cost = once([script])
        print(f"{'memory':<44} {cost.memory / 1024:8.0f} MiB")
        for title, target in (("into a pipe", FORGET), ("into a file", f"> {home}/out")):
            compare(title, ["sh", "-c", f"{ours} {target}"], {"tar c": ["sh", "-c", f"cd {store} && {tar} {target}"]}, rounds=5)


if __name__ == "__main__":
    main()
