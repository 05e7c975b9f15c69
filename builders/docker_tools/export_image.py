"""``builtin:docker-export``: the builder behind exportImage (rows 2.052-2.055). No VM, no mount: it is done with names alone."""

from typing import ClassVar, Final

from imagetools.builtin.api import BuiltinContext
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import open_sink
from imagetools.image_io.flatten_tar import Flattened

from .base import open_input
from .docker_image import ArchiveWriteError
from .request import Attributes

#: Raise this, and the one in export_image.nix, whenever the bytes of any tar change.
EXPORT_VERSION: Final = 1


class DockerExport:
    """The builder; ``fromImage``, ``fromImageName`` and ``fromImageTag`` say which image, ``architecture`` for which machine."""

    name: ClassVar[str] = "docker-export"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        """Write the tar ``out``. Raises BaseImageError, ArchiveWriteError."""
        attributes = Attributes(ctx)
        attributes.check_version(EXPORT_VERSION)
        architecture, path = attributes.text("architecture"), attributes.text("fromImage")
        try:
            with (
                open_input(ctx, path, architecture) as image,
                open(ctx.outputs["out"], "wb") as file,
                BlockStream(open_sink(file, "none")) as stream,
            ):
                ctx.log(f"Packing {len(image.layers)} layers...")
                Flattened(image).write(stream)
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")
