"""One image of an archive or a layout, found by its name: its config as it stands, and where its layers are.

A docker archive and a layout become the same value here, so that copying has one kind of source.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..image import manifest, media_types
from ..image.config_layers import diff_ids_of
from ..image.descriptor import Descriptor, Platform, is_digest, shortened
from ..image.json_text import JsonTextError, read_json
from ..image.manifest import ArchivedImage, config_digest
from ..image.oci_manifest import FULL_NAME, INDEX_FILE, REF_NAME, OciIndex, OciManifest
from ..image.platform_choice import choose
from ..image.reference import ImageNameError, Reference
from ..image.tags import BrokenImageError, answers_to, is_attestation, names_of
from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import digest
from .members import Members, small

_DEEPEST_INDEX = 8


class WhichImageError(ImagetoolsError):
    """There is not exactly one image that could be meant; ``names`` are those that there are."""

    def __init__(self, wanted: str | None, names: Sequence[str]) -> None:
        listed = f"it has {', '.join(names)}" if names else "its images have no names"
        if wanted is None:
            super().__init__("there is more than one image: say which", listed)
        else:
            super().__init__(f"there is no image '{wanted}'", listed)
        self.wanted = wanted
        self.names = tuple(names)


class WhichPlatformError(ImagetoolsError):
    """The image is there for several machines, ``platforms``, and not for ``wanted``."""

    def __init__(self, wanted: Platform, platforms: Sequence[str]) -> None:
        super().__init__(
            f"the image is not there for {wanted}",
            f"choose by --platform; it is there for {', '.join(platforms)}",
        )
        self.wanted = wanted
        self.platforms = tuple(platforms)


@dataclass(frozen=True, slots=True)
class Names:
    """``whole`` are ``name:tag`` texts; ``tag``: what a layout calls something where that is no whole name."""

    whole: tuple[str, ...] = ()
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """``member`` holds the bytes; ``described`` says what they should be (None in a docker archive); ``diff_id`` is the config's,
    empty for what is no layer of files."""

    member: str
    diff_id: str
    described: Descriptor | None = None


@dataclass(frozen=True, slots=True)
class SourceImage:
    """``config`` are its bytes, ``manifest`` those of its manifest in a layout. ``names``: ``name:tag`` texts; ``tag``: what a
    layout calls it where that is no whole name. ``others``: the machines for which there is another one of that name."""

    config: bytes
    platform: Platform
    layers: tuple[SourceLayer, ...]
    names: tuple[str, ...] = ()
    tag: str | None = None
    manifest: bytes | None = None
    manifest_type: str = media_types.OCI_MANIFEST
    config_type: str = media_types.OCI_CONFIG
    annotations: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @property
    def named(self) -> Names:
        return Names(self.names, self.tag)


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """An index, byte for byte, and what each of its ``entries`` points to."""

    document: bytes
    media_type: str
    entries: tuple[Descriptor, ...]
    children: "tuple[SourceImage | SourceIndex, ...]"
    named: Names = Names()
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> Iterator[SourceImage]:
        """All that there is below, each once for each time it is meant."""
        for child in self.children:
            if isinstance(child, SourceIndex):
                yield from child.images
            else:
                yield child


def find_image(members: Members, wanted: str | None, platform: Platform) -> SourceImage:
    """The image that ``wanted`` names, or the only one. ``platform`` chooses where there are several of one name.

    Raises WhichImageError, WhichPlatformError, BrokenImageError, LayoutJsonError, ManifestError.
    """
    if INDEX_FILE in members:
        return _in_layout(members, wanted, platform)
    return _in_archive(members, wanted)


def _in_archive(members: Members, wanted: str | None) -> SourceImage:
    images = manifest.read(small(members, "manifest.json"))
    names = [Reference.familiar(tag) for image in images for tag in image.tags]
    if wanted is not None:
        full = Reference.with_tag(wanted)
        images = tuple(image for image in images if {full, Reference.familiar(full)} & {*image.tags, *_familiar(image.tags)})
        if not images:
            raise WhichImageError(wanted, names)
    if len(images) > 1:
        raise WhichImageError(None, names)
    return archived_image(members, images[0])


def archived_image(members: Members, image: ArchivedImage) -> SourceImage:
    """One entry of a docker archive's manifest. Raises BrokenImageError."""
    config = small(members, image.config)
    named = config_digest(image.config)
    if named is not None and named != digest("sha256", config).base16():
        raise BrokenImageError(image.config, f"its bytes have the digest sha256:{digest('sha256', config).base16()}")
    diff_ids, platform = _read_config(image.config, config, len(image.layers))
    layers = tuple(SourceLayer(name, diff_id) for name, diff_id in zip(image.layers, diff_ids, strict=True))
    return SourceImage(config, platform, layers, _familiar(image.tags))


def find_whole(members: Members, wanted: str | None) -> "SourceImage | SourceIndex":
    """All that ``wanted`` names: an image, or an index with everything below it, whatever that is.

    Raises as ``find_image`` does.
    """
    if INDEX_FILE not in members:
        return _in_archive(members, wanted)
    items = _named(members, wanted)
    (item, *others) = {entry.digest: entry for entry in items}.values()
    if not others:
        return _node(members, item, _names(items), 0)
    index = OciIndex(tuple(replace(entry, annotations={}) for entry in (item, *others)))
    children = tuple(_node(members, entry, Names(), 1) for entry in index.manifests)
    return SourceIndex(index.document(), media_types.OCI_INDEX, index.manifests, children, _names(items))


def _in_layout(members: Members, wanted: str | None, platform: Platform) -> SourceImage:
    return layout_image(members, _named(members, wanted), platform)


def layout_image(members: Members, items: Sequence[Descriptor], platform: Platform) -> SourceImage:
    """What some entries of a layout's index, all of one name, mean on ``platform``. Raises WhichPlatformError, BrokenImageError,
    LayoutJsonError."""
    leaves = list(_leaves(members, items[0:1] if _same(items) else items, 0, set()))
    item = _for_platform(leaves, platform)
    machines = [str(leaf.platform) for leaf in leaves if leaf.platform not in {None, item.platform} and not is_attestation(leaf)]
    return replace(_image(members, item, _names(items)), others=tuple(dict.fromkeys(machines)))


def _named(members: Members, wanted: str | None) -> list[Descriptor]:
    """What ``index.json`` calls so: one thing under several names, or several under one."""
    index = OciIndex.parse(small(members, INDEX_FILE), INDEX_FILE)
    items = [item for item in index.manifests if wanted is None or answers_to(item, wanted)]
    names = list(dict.fromkeys(name for item in index.manifests for name in names_of(item)))
    if not items:
        raise WhichImageError(wanted, names)
    if len({(item.digest, item.media_type) for item in items}) > 1 and len({names_of(item) for item in items}) > 1:
        raise WhichImageError(None, names)
    return items


def _node(members: Members, item: Descriptor, names: Names, depth: int) -> "SourceImage | SourceIndex":
    if item.media_type in media_types.MANIFESTS:
        return _image(members, item, names, whatever=True)
    if item.media_type not in media_types.INDEXES:
        raise BrokenImageError(INDEX_FILE, f"the media type '{shortened(item.media_type)}' of {item.digest} is not known")
    if depth == _DEEPEST_INDEX:
        raise BrokenImageError(item.blob, f"indexes are nested deeper than {_DEEPEST_INDEX}")
    document = _checked(members, item)
    index = OciIndex.parse(document, item.blob)
    children = tuple(_node(members, entry, Names(), depth + 1) for entry in index.manifests)
    return SourceIndex(document, item.media_type, index.manifests, children, names, index.annotations)


def _image(members: Members, item: Descriptor, names: Names, *, whatever: bool = False) -> SourceImage:
    """``whatever``: what is no image but stands beside some (signatures, provenance) is taken as it is."""
    document = _checked(members, item)
    read = OciManifest.parse(document, item.blob)
    config = _checked(members, read.config)
    strange = next((layer for layer in read.layers if layer.media_type not in media_types.LAYERS), None)
    if whatever and (strange is not None or read.config.media_type not in media_types.CONFIGS):
        layers = tuple(SourceLayer(layer.blob, "", layer) for layer in read.layers)
        found = item.platform or Platform("unknown", "unknown")
    elif strange is not None:
        raise BrokenImageError(
            item.blob, f"the media type '{shortened(strange.media_type)}' of the layer {strange.digest} is not known"
        )
    else:
        diff_ids, found = _read_config(read.config.blob, config, len(read.layers))
        layers = tuple(SourceLayer(layer.blob, diff_id, layer) for layer, diff_id in zip(read.layers, diff_ids, strict=True))
    return SourceImage(
        config, found, layers, names.whole, names.tag, document, item.media_type, read.config.media_type, read.annotations
    )


def _names(items: Sequence[Descriptor]) -> Names:
    whole = [name for entry in items for name in names_of(entry) if _is_whole(name)]
    tags = [
        entry.annotations[REF_NAME] for entry in items if REF_NAME in entry.annotations and FULL_NAME not in entry.annotations
    ]
    return Names(tuple(dict.fromkeys(whole)), tags[0] if tags and not _is_whole(tags[0]) else None)


def _same(items: Sequence[Descriptor]) -> bool:
    return len({(item.digest, item.media_type) for item in items}) == 1


def _leaves(members: Members, items: Sequence[Descriptor], depth: int, seen: set[str]) -> Iterator[Descriptor]:
    """The manifests below; of one index, though it is named again and again, once."""
    for item in items:
        if item.media_type in media_types.MANIFESTS:
            yield item
        elif item.media_type not in media_types.INDEXES:
            raise BrokenImageError(INDEX_FILE, f"the media type '{shortened(item.media_type)}' of {item.digest} is not known")
        elif depth == _DEEPEST_INDEX:
            raise BrokenImageError(item.blob, f"indexes are nested deeper than {_DEEPEST_INDEX}")
        elif item.digest not in seen:
            seen.add(item.digest)
            yield from _leaves(members, OciIndex.parse(_checked(members, item), item.blob).manifests, depth + 1, seen)


def _for_platform(items: list[Descriptor], platform: Platform) -> Descriptor:
    found = list({item.digest: item for item in items if not is_attestation(item)}.values())
    if len(found) == 1:
        return found[0]
    if all(item.platform is None for item in found):
        raise BrokenImageError(INDEX_FILE, "it has several images of one name")
    named = [item for item in found if item.platform is not None]
    chosen = choose(named, media_types.OCI_INDEX, platform)
    if chosen is None:  # any variant will do where there is only one
        fitting = [item for item in named if item.platform is not None and _is_kin(item.platform, platform)]
        if len(fitting) != 1:
            raise WhichPlatformError(platform, [str(item.platform or "(unknown)") for item in found])
        return fitting[0]
    if sum((item.platform, item.annotations) == (chosen.platform, chosen.annotations) for item in named) > 1:
        raise BrokenImageError(INDEX_FILE, f"it has several images of one name for {platform}")
    return chosen


def _is_kin(platform: Platform, wanted: Platform) -> bool:
    return not wanted.variant and (platform.os, platform.architecture) == (wanted.os, wanted.architecture)


def _checked(members: Members, item: Descriptor) -> bytes:
    """The bytes of a document, which must be those that the descriptor means."""
    data = small(members, item.blob)
    if len(data) != item.size:
        raise BrokenImageError(item.blob, f"it has {len(data)} bytes instead of {item.size}")
    algorithm = item.digest.partition(":")[0]
    actual = f"{algorithm}:{digest(algorithm, data).base16()}"
    if actual != item.digest:
        raise BrokenImageError(item.blob, f"its bytes have the digest {actual}")
    return data


def _read_config(name: str, config: bytes, layers: int) -> tuple[list[str], Platform]:
    try:
        document = read_json(config)
    except JsonTextError as error:
        raise BrokenImageError(name, error.reason) from None
    found = diff_ids_of(document)
    if not isinstance(document, dict) or found is None:
        raise BrokenImageError(name, "it has no rootfs.diff_ids")
    diff_ids: list[str] = []
    for item in found:
        if not isinstance(item, str) or not item.startswith("sha256:") or not is_digest(item):
            raise BrokenImageError(name, f"it has a diff ID that is none, '{shortened(str(item))}'")
        diff_ids.append(item)
    if len(diff_ids) != layers:
        raise BrokenImageError(name, f"it has {len(diff_ids)} diff_ids, the manifest has {layers} layers")
    return diff_ids, Platform(str(document.get("os", "")), str(document.get("architecture", "")))


def _familiar(tags: Sequence[str]) -> tuple[str, ...]:
    return tuple(Reference.familiar(tag) for tag in tags)


def _is_whole(name: str) -> bool:
    try:
        Reference.parse(name)
    except ImageNameError:
        return False
    return True
