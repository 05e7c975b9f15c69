"""What becomes of an image's documents when its layers are carried to a place: not a byte changes where no layer does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ..image import media_types
from ..image.descriptor import Descriptor, Platform
from ..image.oci_manifest import OciIndex, OciManifest
from ..kernel.errors import ImagetoolsError
from .image_source import SourceImage, SourceIndex, SourceLayer

Source = SourceImage | SourceIndex
#: Puts a document somewhere: media type, bytes, the machine that it is for.
Put = Callable[[str, bytes, Platform | None], Descriptor]

_COMPRESSIONS: Final = {"none": "none", "gz": "gzip", "zstd": "zstd"}


class NoSuchFormError(ImagetoolsError):
    """An image with the ``layer`` cannot have a manifest of Docker's."""

    def __init__(self, layer: str) -> None:
        super().__init__(
            f"Docker's manifests know no zstd, which the layer {layer} is packed with", "--compressor gz packs it anew"
        )
        self.layer = layer


@dataclass(frozen=True, slots=True)
class How:
    """``compressor`` of layers: none, gz, zstd, None to leave what is compressed. ``form`` of manifests: docker or oci, empty to
    leave what there is (and OCI's for what is made)."""

    compressor: str | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """A blob at its destination; ``what`` is one of the ends of ``watching``."""

    described: Descriptor
    what: str


@dataclass(frozen=True, slots=True)
class Copied:
    """``digest`` is that of the manifest in a layout or a registry, the image's ID elsewhere. ``names`` as the destination has
    them. ``blobs`` tells what a registry got."""

    digest: str
    names: tuple[str, ...]
    blobs: tuple[Carried, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Documents:
    """``root`` is the manifest or the index; ``config`` and ``layers`` are those of an image, where the root is one."""

    root: Descriptor
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()


def images_of(source: Source) -> tuple[SourceImage, ...]:
    """All images of it."""
    return (source,) if isinstance(source, SourceImage) else tuple(source.images)


def layers_of(images: Iterable[SourceImage]) -> dict[str, SourceLayer]:
    """Each layer once, by its key."""
    return {layer_key(layer): layer for image in images for layer in image.layers}


def layer_key(layer: SourceLayer) -> str:
    """Equal for equal bytes."""
    return layer.diff_id if layer.described is None else layer.described.digest


def stays(layer: SourceLayer, compressor: str | None) -> bool:
    """Whether it is carried as it lies there: it is compressed as is wanted (None: if at all), or is no layer of files."""
    said = layer.described
    return said is not None and (compressor is None or not layer.diff_id or compressor == compressor_of(said))


def compressor_of(described: Descriptor) -> str | None:
    """none, gz or zstd; None for what is no layer of files."""
    kind = media_types.LAYERS.get(described.media_type)
    return next((name for name, compression in _COMPRESSIONS.items() if compression == kind), None)


def put_documents(source: Source, layers: Mapping[str, Descriptor], how: How, put: Put) -> Documents:
    """Put config, manifest and index where they belong, each after what it points to. ``layers``: what they became, by key.

    Raises NoSuchFormError.
    """
    if isinstance(source, SourceImage):
        return _put_image(source, layers, how, put)
    entries = tuple(_put_entries(source, layers, how, put))
    media_type = _in_form(source.media_type, how.form)
    if (entries, media_type) == (source.entries, source.media_type):
        return Documents(put(media_type, source.document, None))
    return Documents(put(media_type, OciIndex(entries, source.annotations).document(media_type), None))


def _put_entries(source: SourceIndex, layers: Mapping[str, Descriptor], how: How, put: Put) -> Iterator[Descriptor]:
    for entry, child in zip(source.entries, source.children, strict=True):
        made = put_documents(child, layers, how, put).root
        yield replace(entry, media_type=made.media_type, digest=made.digest, size=made.size)


def _put_image(image: SourceImage, layers: Mapping[str, Descriptor], how: How, put: Put) -> Documents:
    made = tuple(
        layer.described if layer.described is not None and stays(layer, how.compressor) else layers[layer_key(layer)]
        for layer in image.layers
    )
    config_type, manifest_type = image.config_type, image.manifest_type
    if all(layer.diff_id for layer in image.layers):  # what is no image has a form of its own
        made = tuple(_layer_in_form(layer, how.form) for layer in made)
        config_type, manifest_type = _in_form(config_type, how.form), _in_form(manifest_type, how.form)
    unchanged = image.manifest is not None and [layer.described for layer in image.layers] == list(made)
    if image.manifest is not None and unchanged and (config_type, manifest_type) == (image.config_type, image.manifest_type):
        config = put(config_type, image.config, None)
        return Documents(put(manifest_type, image.manifest, image.platform), config, made)
    if not how.form:
        config_type, manifest_type = media_types.OCI_CONFIG, media_types.OCI_MANIFEST
    config = put(config_type, image.config, None)
    document = OciManifest(config, made, image.annotations).document(manifest_type)
    return Documents(put(manifest_type, document, image.platform), config, made)


def _in_form(media_type: str, form: str) -> str:
    return media_types.IN_FORM[form].get(media_type, media_type) if form else media_type


def _layer_in_form(layer: Descriptor, form: str) -> Descriptor:
    if form == "docker" and media_types.LAYERS.get(layer.media_type) == "zstd":
        raise NoSuchFormError(layer.digest)
    return replace(layer, media_type=_in_form(layer.media_type, form))
