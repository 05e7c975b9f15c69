"""ISO 9660 images with Rock Ridge, zisofs and Joliet, the file systems inside of type 1 AppImages: bytes in, members out."""

from imagetools.archive.iso9660.image import Iso9660, read_iso

__all__ = ["Iso9660", "read_iso"]
