"""Squashfs images (format 4.0), the file systems inside of AppImages: bytes in, members out, nothing mounted and nothing run."""

from imagetools.archive.squashfs.image import Squashfs, read_squashfs

__all__ = ["Squashfs", "read_squashfs"]
