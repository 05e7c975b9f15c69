"""``builtin:docker-merge``: the builder behind mergeImages. Several archives become one, with each layer once.

What is packed as nixpkgs packs it: like the last of the archives.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import ClassVar, Final

from imagetools.archive.decompress import sniff
from imagetools.builtin.api import BuiltinContext
from imagetools.image.descriptor import Platform
from imagetools.image_io.base_choice import every_image
from imagetools.image_io.base_image import read_image
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.docker_archive import DockerArchiveWriter
from imagetools.image_io.members import Members, open_members
from imagetools.kernel.bytestr import display

from .base import blaming, store_object
from .docker_image import ArchiveWriteError
from .request import Attributes

_SINKS: Final = {"gzip": "gz", "zstd": "zstd"}

#: Raise this, and the one in merge_images.nix, whenever the bytes of any archive change.
MERGE_VERSION: Final = 1


class DockerMerge:
    """The builder; ``images`` is a JSON list of paths, ``architecture`` the machine for which an image is taken of several."""

    name: ClassVar[str] = "docker-merge"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        """Write the archive ``out``. Raises BaseImageError, BaseOutsideStoreError, ArchiveWriteError."""
        attributes = Attributes(ctx)
        attributes.check_version(MERGE_VERSION)
        paths = attributes.strings("images")
        platform = Platform("linux", attributes.text("architecture"))
        for path in paths:
            store_object(ctx, path)
        try:
            with ExitStack() as stack:
                opened = [(path, stack.enter_context(_open(ctx, path))) for path in paths]
                names = _names(ctx, opened, platform)
                file = stack.enter_context(open(ctx.outputs["out"], "wb"))
                stream = stack.enter_context(BlockStream(open_sink(file, _compressor(ctx.real_path(paths[-1])))))
                _write(ctx, opened, platform, names, DockerArchiveWriter(stream))
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")


@contextmanager
def _open(ctx: BuiltinContext, path: str) -> Iterator[Members]:
    with blaming(path), open_members(ctx.real_path(path), ctx.scratch) as members:
        yield members


def _names(ctx: BuiltinContext, opened: Sequence[tuple[str, Members]], platform: Platform) -> dict[bytes, list[str]]:
    """The names of each image (by its config). Where two images have one name the later one keeps it, as after loading both."""
    owners: dict[str, bytes] = {}
    configs: dict[bytes, None] = {}
    for path, members in opened:
        with blaming(path):
            for image in every_image(members, platform):
                configs[image.config] = None
                for name in image.names:
                    if owners.get(name, image.config) != image.config:
                        ctx.log(f"warning: {display(name)} is the image in {display(path)}; an earlier image loses that name")
                    owners[name] = image.config
    return {config: [name for name, owner in owners.items() if owner == config] for config in configs}


def _write(
    ctx: BuiltinContext,
    opened: Sequence[tuple[str, Members]],
    platform: Platform,
    names: Mapping[bytes, list[str]],
    archive: DockerArchiveWriter,
) -> None:
    done: set[bytes] = set()
    for path, members in opened:
        with blaming(path):
            ctx.log(f"Adding the images of {display(path)}")
            for image in every_image(members, platform):
                if image.config not in done:
                    done.add(image.config)
                    for layer in read_image(members, image, ctx.store_dir).layers:
                        archive.add_tar(layer)
                    archive.end_image(image.config, names[image.config])
    ctx.log("Adding manifests...")
    archive.finish_images()


def _compressor(path: str) -> str:
    """How the archive at ``path`` is compressed; gz for a folder."""
    if os.path.isdir(path):
        return "gz"
    with open(path, "rb") as file:
        return _SINKS.get(sniff(file.read(16)) or "", "none")
