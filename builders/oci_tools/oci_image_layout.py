"""``builtin:oci-layout``: the builder behind ociTools.buildLayout.

The layers are those of dockerTools.buildLayeredImage (same diff IDs, same image ID), each packed for itself, in one pass.
"""

import json
import time
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext
from imagetools.image.image import Image
from imagetools.image_io.layout_files import FolderFiles, TarFiles
from imagetools.image_io.oci_layout import LayoutWriter, Written, write_docker_manifest

from ..docker_tools.build_layered import add_layers
from ..docker_tools.docker_image import ArchiveWriteError
from ..docker_tools.request import Attributes, ImageRequest


class OciImageLayout:
    """The builder; ``format`` is dir or tar, ``annotations`` JSON."""

    name: ClassVar[str] = "oci-layout"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        """Make the layout ``out`` and the JSON file ``digests``."""
        request = ImageRequest.read(ctx, int(time.time()))
        attributes = Attributes(ctx)
        form = attributes.choice("format", "dir", "tar")
        annotations = _annotations(attributes)
        for warning in request.config.warnings:
            ctx.log(f"warning: {warning}")
        try:
            if form == "dir":
                files = FolderFiles(ctx.outputs["out"])
                written = _write(ctx, request, LayoutWriter(files, request.compressor), annotations)
                files.close()
            else:
                with open(ctx.outputs["out"], "w+b") as file:
                    members = TarFiles(file)
                    written = _write(ctx, request, LayoutWriter(members, request.compressor), annotations)
                    write_docker_manifest(members, written, [str(request.reference)])
                    members.close()
            with open(ctx.outputs["digests"], "w", encoding="ascii") as summary:
                json.dump(written.summary(), summary, indent=1)
                summary.write("\n")
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")


def _write(ctx: BuiltinContext, request: ImageRequest, layout: LayoutWriter, annotations: dict[str, str]) -> Written:
    add_layers(ctx, request, layout)
    ctx.log("Adding manifests...")
    return layout.finish(Image(request.architecture, request.created, request.config), [request.reference], annotations)


def _annotations(attributes: Attributes) -> dict[str, str]:
    value = attributes.json("annotations")
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise attributes.wrong("annotations", "must be a set of strings")
    return value
