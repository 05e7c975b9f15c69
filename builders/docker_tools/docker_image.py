"""``builtin:docker-image``: the builder behind buildImage and buildLayeredImage.

One pass: layers are read, hashed, packed and compressed at the same time, in constant memory. Refuses to look at anything that is
not an input of the derivation, and at the clock unless the definition says ``created = "now"`` (row 2.014).
"""

import time
from collections.abc import Mapping
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.docker_archive import DockerArchiveWriter

from .base import base_of
from .build_image import add_single_layer
from .build_layered import add_layers
from .commands import wants_root
from .known_layers import KnownLayers, runs_commands
from .request import ImageRequest


class ArchiveWriteError(BuiltinError):
    """An image (or other ``what``) could not be written, or an input not be read; ``error`` is the system's."""

    fault = "host"

    def __init__(self, error: OSError, what: str = "image") -> None:
        where = f" '{error.filename!s}'" if error.filename else ""
        super().__init__(f"cannot write the {what}: {error.strerror or error}{where}")
        self.error = error


class DockerImage:
    """The builder; ``layout`` in the derivation says which of the two functions made it."""

    name: ClassVar[str] = "docker-image"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def runs_commands(self, env: Mapping[str, str]) -> bool:
        """See MeasuresLayers."""
        return runs_commands(env)

    def wants_root(self, env: Mapping[str, str]) -> bool:
        """See WantsRoot."""
        return wants_root(env)

    def build(self, ctx: BuiltinContext) -> None:
        """Write the docker archive to the output ``out``."""
        request = ImageRequest.read(ctx, int(time.time()))
        for warning in request.config.warnings:
            ctx.log(f"warning: {warning}")
        try:
            with (
                base_of(ctx, request) as base,
                open(ctx.outputs["out"], "wb") as file,
                BlockStream(open_sink(file, request.compressor)) as stream,
            ):
                archive = DockerArchiveWriter(stream, KnownLayers(ctx))
                if request.layout == "single":
                    add_single_layer(ctx, request, archive, base)
                else:
                    add_layers(ctx, request, archive, base)
                ctx.log("Adding manifests...")
                archive.finish(base.build_upon(request), [request.reference])
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")
