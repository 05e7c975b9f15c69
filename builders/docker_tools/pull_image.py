"""``builtin:docker-pull``: an image from a registry, as the docker archive that skopeo would write (rows 2.043-2.050).

What is fetched is named by its digest alone; ``destNameTag`` is what the archive calls it. The output is fixed, so its hash is
checked by who registers it. The registry's login, where the person has one, comes with the context.
"""

import os
from collections.abc import Mapping
from typing import ClassVar

from imagetools.builtin.api import CERTIFICATES, BuiltinContext, BuiltinError, MissingAttributeError
from imagetools.image.platform_choice import go_platform
from imagetools.image.reference import ImageNameError
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.pulling import KeptBlobs, find_image, write_pulled


class DockerPull:
    """The builder behind dockerTools.pullImage."""

    name: ClassVar[str] = "docker-pull"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = CERTIFICATES

    def registry(self, env: Mapping[str, str]) -> RemoteReference | None:
        """See ``AsksRegistries``."""
        try:
            return RemoteReference.parse(env.get("sourceURL", ""))
        except ImageNameError:
            return None

    def build(self, ctx: BuiltinContext) -> None:
        for attribute in ("sourceURL", "destNameTag"):
            if not ctx.env.get(attribute):
                raise MissingAttributeError(self.name, attribute)
        source = RemoteReference.parse(ctx.env["sourceURL"])
        name = RemoteReference.parse(ctx.env["destNameTag"], default_tag=None)
        if name.tag is None or name.digest is not None:
            raise BuiltinError(f"'{ctx.env['destNameTag']}' must be a name and a tag")
        wanted = go_platform(ctx.env.get("os") or "linux", ctx.env.get("arch") or "amd64")
        repository = ctx.repository(source, insecure=not ctx.env.get("tlsVerify", "1"))
        ctx.log(f"pulling {source} for {wanted}")
        image = find_image(repository, wanted)
        if (image.platform.os, image.platform.architecture) != (wanted.os, wanted.architecture):
            ctx.log(f"warning: {source} is an image for {image.platform}, not for {wanted}")
        os.makedirs(ctx.kept, exist_ok=True)
        with KeptBlobs(repository, ctx.kept, ctx.log) as blobs, open(ctx.outputs["out"], "w+b") as file:
            write_pulled(image, blobs, name, file)
        layers = f"{len(image.layers)} layer{'' if len(image.layers) == 1 else 's'}"
        ctx.log(f"{layers}, {os.path.getsize(ctx.outputs['out'])} bytes")
