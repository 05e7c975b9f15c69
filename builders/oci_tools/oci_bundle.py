"""``builtin:oci-bundle``: the builder behind ociTools.buildContainer (rows 2.073-2.076).

A bundle is ``config.json`` and the folder ``rootfs``, in which every store path that the arguments mention lies with all that it
refers to. Refuses to know a host: no user, no mapping of users, no place.
"""

import os
from collections.abc import Mapping
from typing import ClassVar, Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.store_path import StorePath
from imagetools.image.runtime_spec import Mount, RuntimeSpec
from imagetools.image_io.entries import directory
from imagetools.kernel.bytestr import to_bytes, to_str

from ..docker_tools.docker_image import ArchiveWriteError
from ..docker_tools.inputs import Inputs
from ..docker_tools.made_tree import lay_out
from ..docker_tools.mentions import Mentions
from ..docker_tools.request import Attributes
from ..docker_tools.store_entries import StoreFolder
from ..docker_tools.store_view import StoreView

#: Raise this, and the one in default.nix, whenever the bytes of any bundle change.
BUILDER_VERSION: Final = 1

_FOLDER_MODE: Final = 0o755
_MOUNTED: Final = ("dev", "proc", "sys")


class OciBundle:
    """The builder; ``processArgs`` and ``mounts`` are JSON."""

    name: ClassVar[str] = "oci-bundle"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        """Make the folder ``out``. Raises BuiltinError, StrangeFileError."""
        attributes = Attributes(ctx)
        version = attributes.number("builderVersion")
        if version != BUILDER_VERSION:
            raise attributes.wrong("builderVersion", f"is {version}, but this imagetools builds version {BUILDER_VERSION}")
        args = attributes.json("processArgs")
        if not isinstance(args, list) or not args or not all(isinstance(item, str) for item in args):
            raise attributes.wrong("processArgs", "must be a list of strings, the program first")
        spec = RuntimeSpec(
            args=tuple(args),
            mounts=_mounts(attributes),
            readonly=attributes.flag("readonly"),
            os=attributes.text("os"),
            arch=attributes.text("arch"),
        )
        try:
            self._write(ctx, spec, attributes.text("processArgs"))
        except OSError as error:
            raise ArchiveWriteError(error, "bundle") from None

    def _write(self, ctx: BuiltinContext, spec: RuntimeSpec, mentioning: str) -> None:
        inputs = Inputs(ctx)
        mentions = Mentions(ctx.store_dir, inputs)
        mentions.look_at(mentioning)
        members: Mapping[StorePath, object] = inputs.closure(mentions.found).members
        ctx.log(f"Copying {len(members)} store path{'' if len(members) == 1 else 's'}...")
        out = os.fsencode(ctx.outputs["out"])
        os.mkdir(out)
        with open(os.path.join(out, b"config.json"), "wb") as file:
            file.write(spec.config_json())
        root = os.path.join(out, b"rootfs")
        store = StoreFolder(ctx, StoreView(ctx, inputs), _FOLDER_MODE)
        lay_out(root, [directory(b"", _FOLDER_MODE)])
        if members:
            lay_out(root, store.entries(sorted(members)))
        for name in (*_MOUNTED, *_mount_points(spec)):
            os.makedirs(os.path.join(root, to_bytes(name)), exist_ok=True)


def _mounts(attributes: Attributes) -> dict[str, Mount]:
    value = attributes.json("mounts")
    if not isinstance(value, dict):
        raise attributes.wrong("mounts", "must be a set of mounts")
    mounts: dict[str, Mount] = {}
    for place, mount in value.items():
        if not isinstance(mount, dict) or not isinstance(mount.get("type"), str) or not isinstance(mount.get("source"), str):
            raise attributes.wrong("mounts", f"must have type and source for '{place}'")
        options = mount.get("options")
        if options is not None and not (isinstance(options, list) and all(isinstance(item, str) for item in options)):
            raise attributes.wrong("mounts", f"must have a list of strings as the options of '{place}'")
        if not place.startswith("/") or ".." in place.split("/"):
            raise attributes.wrong("mounts", f"must name absolute paths, not '{place}'")
        mounts[place] = Mount(mount["type"], mount["source"], None if options is None else tuple(options))
    return mounts


def _mount_points(spec: RuntimeSpec) -> list[str]:
    """Folders to make for the mounts that were asked for. A bind may be one of a file, so its place is left to the runner;
    what is below the system's own mounts is made in these."""
    places: list[str] = []
    for place, mount in spec.mounts.items():
        name = "/".join(part for part in place.split("/") if part not in {"", "."})
        bind = mount.type == "bind" or {"bind", "rbind"} & set(mount.options or ())
        if name and not bind and name.split("/")[0] not in _MOUNTED:
            places.append(to_str(name.encode()))
    return places
