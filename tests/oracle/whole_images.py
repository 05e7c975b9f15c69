"""Images in the hands of everybody who can say whether they are whole: ours, skopeo, umoci; Docker's engine where it is asked.

What a test builds by ``commands.imagetools`` is looked at when the test is over (conftest.py), each image once.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from imagetools.archive.decompress import decompressed
from imagetools.archive.stream import PIECE, ByteStream
from imagetools.image.facts import ArchiveFacts
from imagetools.image.inspection import Inspected, inspect
from imagetools.image.validate import validate
from imagetools.image_io.archive_reader import NotAnImageError, check_is_image, read_facts

#: What others are asked to read at most, in bytes of layers: the suite has to end some time.
MOST = 64 << 20

_seen: set[str] = set()


def look_at_once(path: str) -> None:
    """Look at ``path`` if it is an image that was not looked at yet."""
    facts = image_at(path)
    if facts is None:
        return
    known = facts.members["index.json" if facts.is_layout else "manifest.json"].digest
    if known not in _seen:
        _seen.add(known)
        look_at(path, facts)


def image_at(path: str) -> ArchiveFacts | None:
    """None where no image lies there."""
    try:
        check_is_image(path)
    except (NotAnImageError, OSError):
        return None
    facts = read_facts(path)
    return facts if facts.is_layout or facts.is_docker_archive else None


def look_at(path: str, facts: ArchiveFacts) -> None:
    """AssertionError where anybody finds something wrong; programs that are not installed are not asked."""
    assert [str(item) for item in validate(facts)] == [], path
    images = inspect(facts)
    if shutil.which("skopeo") is None or sum(image.size or 0 for image in images) > MOST:
        return
    with tempfile.TemporaryDirectory(prefix="whole-") as folder:
        source = _for_skopeo(path, facts, images[0], Path(folder))
        _run("skopeo", "copy", "-q", "--insecure-policy", "--all", source, f"oci:{folder}/layout:all")
        assert [str(item) for item in validate(read_facts(f"{folder}/layout"))] == [], path
        single = len(images) == 1 and not any("zstd" in layer.media_type for layer in images[0].layers)
        if single and os.geteuid() == 0 and shutil.which("umoci") is not None:
            _run("umoci", "unpack", "--image", f"{folder}/layout:all", f"{folder}/bundle")


def _for_skopeo(path: str, facts: ArchiveFacts, image: Inspected, folder: Path) -> str:
    """As skopeo names it; it reads no compressed tars."""
    if facts.is_layout:
        tag = image.names[0].rpartition(":")[2] if image.names else ""
        # skopeo takes what stands behind a colon for a tag
        link = folder / "image"
        link.symlink_to(os.path.realpath(path))
        return f"{'oci' if facts.form == 'folder' else 'oci-archive'}:{link}:{tag}".rstrip(":")
    plain = folder / "image.tar"
    with open(path, "rb", buffering=0) as packed, plain.open("wb") as file:
        stream = decompressed(ByteStream(packed.read))
        while piece := stream.read(PIECE):
            file.write(piece)
    return f"docker-archive:{plain}:@0"


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
