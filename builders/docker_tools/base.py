"""What an image is built on: ``fromImage`` and what follows from it (rows 2.006-2.008, 2.017-2.019, 2.025).

As in nixpkgs the base gives its layers and its environment, nothing else of its config. Refuses to change a layer of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from imagetools.archive.stream import ArchiveError
from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.image.container_config import ContainerConfig
from imagetools.image.descriptor import Platform
from imagetools.image.image import Image
from imagetools.image.layering.plan import DEEPEST
from imagetools.image.manifest import ManifestError
from imagetools.image.oci_manifest import LayoutJsonError
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.archive_reader import NotAnImageError
from imagetools.image_io.base_choice import Wanted
from imagetools.image_io.base_image import BaseImage, open_base
from imagetools.image_io.entries import DIRECTORY, SYMLINK, Entry
from imagetools.image_io.image_source import WhichImageError, WhichPlatformError
from imagetools.image_io.ledger import recipe_key
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_layer import LayerWriter
from imagetools.kernel.bytestr import display, to_str
from imagetools.kernel.errors import ImagetoolsError

from .inputs import Inputs
from .request import BUILDER_VERSION, ImageRequest

OnLayer = Callable[[str, Sequence[str]], object]

_LINUX: Final = "linux"
_LAYER: Final = "a base image's layer"
#: What only a base image can be guilty of.
_ITS_FAULT: Final = (
    ArchiveError,
    BrokenImageError,
    LayoutJsonError,
    ManifestError,
    NotAnImageError,
    WhichImageError,
    WhichPlatformError,
)


class BaseImageError(BuiltinError):
    """The image at ``path`` cannot be used; ``error`` is what is wrong with it."""

    def __init__(self, path: str, error: ImagetoolsError) -> None:
        if isinstance(error, NotAnImageError):
            hint = "such a script writes an image when it runs: use what buildLayeredImage gives for the same arguments"
            super().__init__(
                f"cannot use the image '{display(path)}': it is {error.found}, neither a docker archive nor an OCI layout",
                hint if error.found == "a script" else None,
            )
        else:
            super().__init__(f"cannot use the image '{display(path)}': {error.message}", error.hint)
        self.path = path
        self.error = error


class BaseOutsideStoreError(BuiltinError):
    """``path`` lies in no store object that is an input of the build."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"cannot use the image '{display(path)}': it is not in the store",
            "give it as a derivation, or as a path without quotes (./base.tar)",
        )
        self.path = path


class BaseSystemError(BuiltinError):
    """The base image is for another system than Linux."""

    def __init__(self, path: str, system: str) -> None:
        super().__init__(f"cannot use the image '{display(path)}': it is an image for '{display(system)}', not for Linux")
        self.path = path
        self.system = system


class BaseTooDeepError(BuiltinError):
    """The base image has ``layers`` layers, so that ``most`` leave no room; ``needed`` are wanted on top."""

    def __init__(self, layers: int, most: int, needed: int) -> None:
        own = "1 for store paths, 1 for the customisation" if needed > 1 else "1 for this image"
        if layers + needed > DEEPEST:
            super().__init__(
                f"the base image has {layers} layers: with {own} that is more than the {DEEPEST} that Docker takes",
                "build on an image with fewer layers, or flatten it: docker import of what dockerTools.exportImage gives",
            )
        else:
            super().__init__(
                f"maxLayers is {most}, but the base image has {layers} layers, and at least {needed} more are needed ({own})",
                f"set maxLayers to {layers + needed} or more",
            )
        self.layers = layers
        self.most = most
        self.needed = needed


class Base:
    """What lies below an image; without ``fromImage`` that is nothing, and everything here does nothing."""

    def __init__(self, ctx: BuiltinContext, path: str = "", image: BaseImage | None = None) -> None:
        """``path``: the store object that it lies in."""
        self._ctx: Final = ctx
        self._path: Final = path
        self.image: Final = image

    @property
    def depth(self) -> int:
        """How many layers it has."""
        return 0 if self.image is None else len(self.image.layers)

    @property
    def identity(self) -> tuple[str, ...]:
        """What it adds to the identity of a layer that depends on it."""
        return () if self.image is None else ("base", *(layer.diff_id.base16() for layer in self.image.layers))

    def left_of(self, max_layers: int, needed: int) -> int:
        """How many layers of ``max_layers`` are left for the image. Raises BaseTooDeepError."""
        most = min(max_layers, DEEPEST)
        if self.image is not None and most - self.depth < needed:
            raise BaseTooDeepError(self.depth, max_layers, needed)
        return most - self.depth

    def has(self, path: StorePath) -> bool:
        """Whether the base has all of the store object, so that it need not be there again."""
        return self.image is not None and path.base_name in self.image.store_paths

    def without(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Those of ``paths`` that the base has not, in their order."""
        return [path for path in paths if not self.has(path)]

    def kept(self, entry: Entry) -> Entry:
        """``entry``; where it is the store's folder or one above it, as the base has that."""
        found = self.image.store_folders.get(entry.name) if self.image is not None and entry.kind == DIRECTORY else None
        if found is None:
            return entry
        names = ("", "") if found.uid or found.gid else ("root", "root")
        owner = Stamp(max(0, found.mtime), found.uid, found.gid, *names)
        return replace(entry, mode=found.mode, owner=owner)

    def add_layers(self, archive: LayerWriter, on_layer: OnLayer = lambda sentence, paths: None) -> None:
        """Write the base's layers. Raises BrokenImageError, ArchiveError, OSError."""
        if self.image is None:
            return
        known = self._ctx.closure([self._path]).members[self._ctx.store_dir.parse(self._path)]
        for number, layer in enumerate(self.image.layers, 1):
            sentence = f"Adding base layer {number} from {display(layer.member)}"
            self._ctx.log(sentence)
            on_layer(sentence, (self._path,))
            recipe = recipe_key(f"{_LAYER} {layer.member}", BUILDER_VERSION, [known.nar_hash])
            archive.add_tar(replace(layer, recipe=recipe))

    def warn_of_changes(self, entries: Iterable[Entry]) -> None:
        """Say which links of the base become folders, and which folders something else: what lay behind them cannot be seen."""
        if self.image is None:
            return
        for entry in entries:
            shown = display(to_str(entry.name))
            if entry.kind == DIRECTORY:
                if entry.name in self.image.links:
                    target = display(to_str(self.image.links[entry.name]))
                    self._ctx.log(
                        f"warning: /{shown} is a link to '{target}' in the base image; a folder of this image takes its place"
                    )
            elif entry.name in self.image.upper_folders:
                what = "a link" if entry.kind == SYMLINK else "a file"
                self._ctx.log(f"warning: /{shown} is a folder in the base image; {what} of this image takes its place")

    def build_upon(self, request: ImageRequest) -> Image:
        """The image without its layers: as the request has it, on the base's environment. Raises BrokenImageError."""
        config = request.config
        if self.image is not None:
            config = with_environment(config, self.image.environment)
        return Image(request.architecture, request.created, config)


@contextmanager
def base_of(ctx: BuiltinContext, request: ImageRequest) -> Iterator[Base]:
    """What ``request`` builds on, to be read until the context ends.

    Raises BaseImageError, BaseOutsideStoreError, BaseSystemError, OSError.
    """
    path = ctx.env.get("fromImage", "")
    if not path:
        yield Base(ctx)
        return
    with open_input(ctx, path, request.architecture) as image:
        _check_platform(ctx, path, image.platform, request.architecture)
        yield Base(ctx, store_object(ctx, path), image)


@contextmanager
def open_input(ctx: BuiltinContext, path: str, architecture: str) -> Iterator[BaseImage]:
    """The image at ``path``, chosen by ``fromImageName`` and ``fromImageTag``.

    Raises BaseImageError, BaseOutsideStoreError, OSError.
    """
    store_object(ctx, path)
    ctx.log(f"Reading the image {display(path)}")
    wanted = Wanted(_text(ctx, "fromImageName"), _text(ctx, "fromImageTag"))
    platform = Platform(_LINUX, architecture, _text(ctx, "variant") or "")
    with blaming(path), open_base(ctx.real_path(path), ctx.scratch, platform, wanted, ctx.store_dir) as image:
        yield image


@contextmanager
def blaming(path: str) -> Iterator[None]:
    """What is found to be wrong with an image in the context is said of ``path``. Raises BaseImageError."""
    try:
        yield
    except _ITS_FAULT as error:
        raise BaseImageError(path, error) from None


def _check_platform(ctx: BuiltinContext, path: str, found: Platform, architecture: str) -> None:
    if found.os and found.os != _LINUX:
        raise BaseSystemError(path, found.os)
    if found.architecture and found.architecture != architecture:
        ctx.log(f"warning: the base image is for {display(found.architecture)}, this image for {architecture}")


def store_object(ctx: BuiltinContext, path: str) -> str:
    """The full path of the store object in which ``path`` lies. Raises BaseOutsideStoreError."""
    try:
        found = ctx.store_dir.parse_prefix(path)[0]
    except StorePathError:
        raise BaseOutsideStoreError(path) from None
    if found not in Inputs(ctx):
        raise BaseOutsideStoreError(path)
    return ctx.store_dir.join(found)


def _text(ctx: BuiltinContext, name: str) -> str | None:
    return ctx.env.get(name) or None


def with_environment(config: ContainerConfig, inherited: Sequence[str]) -> ContainerConfig:
    """``config`` with the variables of ``inherited`` in front; of two of one name the later value stays, in the first's place."""
    own = config.fields.get("Env")
    merged = {text.partition("=")[0]: text for text in (*inherited, *(own if isinstance(own, list) else ()))}
    return replace(config, fields={**config.fields, "Env": list(merged.values())}) if merged else config
