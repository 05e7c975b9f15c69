"""``builtin:oci-layout``: the builder behind ociTools.buildLayout.

The layers are those of dockerTools.buildLayeredImage (same diff IDs, same image ID), each packed for itself, in one pass. For
several machines there is an index, and a layer that two of them have is packed once.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext
from imagetools.image_io.layout_files import FolderFiles, LayoutFiles, TarFiles
from imagetools.image_io.oci_layout import LayoutWriter, Written, named, write_docker_manifest, write_index

from ..docker_tools.base import base_of
from ..docker_tools.build_layered import add_layers
from ..docker_tools.commands import wants_root
from ..docker_tools.docker_image import ArchiveWriteError
from ..docker_tools.known_layers import KnownLayers, runs_commands
from ..docker_tools.request import Attributes, ImageRequest
from .machines import ATTRIBUTE, each_machine


class OciImageLayout:
    """The builder; ``format`` is dir or tar, ``annotations`` JSON, ``machines`` as in machines.py."""

    name: ClassVar[str] = "oci-layout"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def runs_commands(self, env: Mapping[str, str]) -> bool:
        """See MeasuresLayers. Where there are several machines each may have commands of its own."""
        return ATTRIBUTE in env or runs_commands(env)

    def wants_root(self, env: Mapping[str, str]) -> bool:
        """See WantsRoot."""
        return wants_root(env, env.get(ATTRIBUTE, ""))

    def build(self, ctx: BuiltinContext) -> None:
        """Make the layout ``out`` and the JSON file ``digests``."""
        form = Attributes(ctx).choice("format", "dir", "tar")
        compressor = Attributes(ctx).choice("compressor", "none", "gz", "zstd")
        try:
            if form == "dir":
                files = FolderFiles(ctx.outputs["out"])
                summary = _Layout(ctx, files, compressor).write()
                files.close()
            else:
                with open(ctx.outputs["out"], "w+b") as file:
                    members = TarFiles(file)
                    layout = _Layout(ctx, members, compressor)
                    summary = layout.write()
                    layout.write_docker_manifest()
                    members.close()
            with open(ctx.outputs["digests"], "w", encoding="ascii") as digests:
                json.dump(summary, digests, indent=1)
                digests.write("\n")
        except OSError as error:
            raise ArchiveWriteError(error) from None
        ctx.log("Done.")


class _Layout:
    def __init__(self, ctx: BuiltinContext, files: LayoutFiles, compressor: str) -> None:
        self._ctx = ctx
        self._files = files
        self._layout = LayoutWriter(files, compressor, KnownLayers(ctx))
        self._images: list[tuple[ImageRequest, Written, Mapping[str, str]]] = []

    def write(self) -> dict[str, object]:
        """All of the layout; its digests, as JSON has them."""
        now = int(time.time())
        for machine in each_machine(self._ctx):
            self._add(machine, now)
        self._ctx.log("Adding manifests...")
        reference = self._images[0][0].reference
        written = [image for _, image, _ in self._images]
        if ATTRIBUTE not in self._ctx.env:
            write_index(self._files, [named(written[0].manifest, reference)])
            return written[0].summary()
        index = self._layout.finish_index(written, [reference], _in_all([annotations for _, _, annotations in self._images]))
        return {
            "manifest": index.digest,
            "machines": {str(image.manifest.platform).removeprefix("linux/"): image.summary() for image in written},
        }

    def write_docker_manifest(self) -> None:
        """By which a tar is a docker archive too: of several images the one for the machine that the definition was made on."""
        own = Attributes(self._ctx).optional("ownArchitecture")
        fitting = [item for item in self._images if item[0].architecture == own]
        request, written, _ = (fitting or self._images)[0]
        write_docker_manifest(self._files, written, [str(request.reference)])

    def _add(self, machine: BuiltinContext, now: int) -> None:
        request = ImageRequest.read(machine, now)
        attributes = Attributes(machine)
        annotations = _annotations(attributes)
        for warning in request.config.warnings:
            machine.log(f"warning: {warning}")
        variant = attributes.word("variant", "a kind of processor, such as v7") if attributes.optional("variant") else ""
        with base_of(machine, request) as base:
            add_layers(machine, request, self._layout, base)
            image = replace(base.build_upon(request), variant=variant)
            self._images.append((request, self._layout.end_image(image, annotations), annotations))


def _in_all(annotations: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all machines say alike belongs to the index too."""
    first, *others = annotations
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


def _annotations(attributes: Attributes) -> dict[str, str]:
    value = attributes.json("annotations")
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise attributes.wrong("annotations", "must be a set of strings")
    return value
