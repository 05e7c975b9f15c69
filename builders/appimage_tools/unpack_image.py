"""An AppImage into a folder, without running it: the file system is read, checked as a whole, and only then written.

Names, kinds, links and the sum of sizes are looked at in a first walk over the metadata, so that a hostile image leaves nothing
behind. Absolute links stay as they are (many AppImages have links to places of the host, and nothing here follows them); links
that lead out of the image by ``..`` are refused.
"""

import os
from dataclasses import replace

from imagetools.archive.appimage import AppImage
from imagetools.archive.squashfs import Squashfs
from imagetools.archive.unpack import UnpackPolicy, check, unpack

from .image_file import ImageFile

POLICY = UnpackPolicy(max_members=1_000_000, absolute_links=True, replace=False)


def unpack_appimage(path: str, to: str, policy: UnpackPolicy = POLICY) -> tuple[AppImage, int]:
    """Unpack the AppImage ``path`` into the existing, empty folder ``to``; returns what it is, and the number of bytes in files.

    No more is written than the disk has room for. Raises ArchiveError (UnsafeMemberError for a member that must not be
    unpacked), MissingLibraryError, OSError.
    """
    room = os.statvfs(to)
    chosen = replace(policy, max_bytes=min(policy.max_bytes, room.f_bavail * room.f_frsize))
    with ImageFile(path) as source:
        image = AppImage(source)
        tree = image.tree
        check(tree.listed(), chosen)
        members = tree.members(len(os.sched_getaffinity(0))) if isinstance(tree, Squashfs) else tree.members()
        return image, unpack(members, to, chosen)
