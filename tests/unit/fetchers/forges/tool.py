"""What docs/fetchers.md fetches: a small tool, its files the same to the byte each time, at example.org and at all forges."""

import io
import tarfile
from pathlib import Path

from tests.unit.fetchers.git.repositories import Folder

FILES = {"README": b"A tool.\n", "src/tool.c": b"int main(void) { return 0; }\n"}
MANUAL = b"A manual.\n"
PATCH = b"""From: Somebody <somebody@example.org>
Subject: say it

--- a/src/tool.c
+++ b/src/tool.c
@@ -1 +1 @@
-int main(void) { return 0; }
+int main(void) { return 1; }
"""


def tarball() -> bytes:
    """tool-1.0.tar."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in FILES.items():
            member = tarfile.TarInfo(f"tool-1.0/{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return data.getvalue()


def repositories(folder: Path) -> Path:
    """A folder with ``example/tool.git`` and ``tool.git``, the tool with the tag v1.0, and something newer."""
    made = Folder.new(folder / "tool")
    made.commit("first", FILES)
    made.git("tag", "-a", "v1.0", "-m", "1.0")
    made.commit("second", {"README": b"A better tool.\n"})
    served = folder / "served"
    (served / "example").mkdir(parents=True)
    made.git("clone", "-q", "--bare", ".", str(served / "example/tool.git"))
    (served / "tool.git").symlink_to("example/tool.git")
    return served


ADDRESSES = {
    "example.org/tool-1.0.tar": tarball(),
    "example.org/fix.patch": PATCH,
    "sources.debian.org/data/main/t/tool/1.0-2/debian/patches/fix.patch": PATCH,
}
