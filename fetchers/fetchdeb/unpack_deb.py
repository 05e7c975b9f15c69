"""``builtin:unpackdeb``: the files of a Debian package as a tree (what ``dpkg-deb --extract`` makes), without dpkg.

A regular derivation, not a fixed output: its ``builderVersion`` attribute stands for this code. Runs no maintainer scripts.
"""

import os
from typing import ClassVar

from imagetools.archive.ar import deb_data
from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tar
from imagetools.archive.unpack import UnpackPolicy, unpack
from imagetools.builtin.api import BuiltinContext, MissingAttributeError


class UnpackDeb:
    """The builder behind unpackDeb: ``src`` is a .deb, ``out`` becomes its tree."""

    name: ClassVar[str] = "unpackdeb"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        source = ctx.env.get("src", "")
        if not source:
            raise MissingAttributeError(self.name, "src")
        out = ctx.outputs["out"]
        os.mkdir(out)
        with open(ctx.real_path(source), "rb") as file:
            for data in deb_data(ByteStream(file.read, "Debian package")):
                unpack(read_tar(data), out, UnpackPolicy(absolute_links=True))
