"""``builtin:docker-stream``: the builder behind streamLayeredImage (rows 2.041, 2.042).

Its output is a script that writes the archive, and a plan which the script follows; the image itself never enters the store. All
digests are computed here, once. The script names every store path of the image, so that it keeps them alive.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from jinja2 import Environment, StrictUndefined

from imagetools.builtin.api import BuiltinContext, MissingAttributeError
from imagetools.image_io.docker_archive import DockerArchiveWriter

from .archive_plan import ArchivePlan, PlannedStream
from .base import base_of
from .build_layered import add_layers
from .commands import wants_root
from .docker_image import ArchiveWriteError
from .known_layers import KnownLayers, runs_commands
from .request import ImageRequest


class DockerStream:
    """The builder; the derivation's ``template`` is stream_image.py.j2."""

    name: ClassVar[str] = "docker-stream"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def runs_commands(self, env: Mapping[str, str]) -> bool:
        """See MeasuresLayers."""
        return runs_commands(env)

    def wants_root(self, env: Mapping[str, str]) -> bool:
        """See WantsRoot."""
        return wants_root(env)

    def build(self, ctx: BuiltinContext) -> None:
        """Write the script to the output ``out`` and the plan to ``plan``."""
        request = ImageRequest.read(ctx, int(time.time()))
        if "template" not in ctx.env:
            raise MissingAttributeError(ctx.name, "template")
        for warning in request.config.warnings:
            ctx.log(f"warning: {warning}")
        layers: list[tuple[int, str, Sequence[str]]] = []
        try:
            with (
                base_of(ctx, request) as base,
                open(ctx.outputs["plan"], "wb") as file,
                ArchivePlan(ctx, file) as plan,
                PlannedStream(plan) as stream,
            ):

                def on_layer(sentence: str, paths: Sequence[str]) -> None:
                    plan.segment()
                    layers.append((stream.offset, sentence, paths))

                archive = DockerArchiveWriter(stream, KnownLayers(ctx))
                refers_to = add_layers(ctx, request, archive, base, on_layer)
                ctx.log("Adding manifests...")
                plan.segment()
                manifests = stream.offset
                done = archive.finish(base.build_upon(request), [request.reference])
                size = stream.offset
            described = {
                "reference": str(request.reference),
                "id": f"sha256:{done.id.base16()}",
                "size": size,
                "plan": ctx.logical_outputs["plan"],
                "layers": layers,
                "manifests": manifests,
                "members": archive.members,
                "segments": plan.segments,
                "refers to": [ctx.store_dir.join(path) for path in sorted(refers_to)],
            }
            _write_script(ctx, described)
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")


def _write_script(ctx: BuiltinContext, described: dict[str, object]) -> None:
    with open(ctx.real_path(ctx.env["template"]), encoding="utf-8") as file:
        template = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(file.read())
    # strings, numbers and lists alone: as JSON they are Python
    text = template.render(image=json.dumps(described, indent=1), reference=described["reference"])
    with open(ctx.outputs["out"], "w", encoding="utf-8", newline="\n") as script:
        script.write(text)
    os.chmod(ctx.outputs["out"], 0o755)
