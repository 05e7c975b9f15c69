"""Is an image archive or layout whole and true? Every failure is returned, not the first; nothing is raised, nothing read here.

The facts (what members there are, what they hash to, what was odd inside each layer) come from image_io.archive_reader; here they
are compared with what the manifest and the configs claim. Source: Docker Image Specification 1.2; OCI image-spec config.md.
"""

from collections.abc import Iterator

from . import manifest
from .descriptor import shortened
from .facts import ArchiveFacts, Failure
from .layering.plan import DEEPEST
from .manifest import ArchivedImage, ManifestError
from .reference import ImageNameError, Reference
from .validate_config import check_layers, read_config
from .validate_layout import check_layout


def validate(facts: ArchiveFacts) -> tuple[Failure, ...]:
    """All that is wrong, in the order of the archive's own structure; empty for a good archive."""
    found = list(facts.faults)
    if facts.is_layout:
        found.extend(check_layout(facts))
    if facts.is_docker_archive or not facts.is_layout:
        found.extend(_check_docker_archive(facts))
    return tuple(dict.fromkeys(found))


def _check_docker_archive(facts: ArchiveFacts) -> Iterator[Failure]:
    index = facts.members.get("manifest.json")
    if index is None or index.text is None:
        yield Failure("manifest.json", "it is missing" if index is None else "it is no JSON")
        return
    try:
        images = manifest.read(index.text)
    except ManifestError as error:
        yield Failure("manifest.json", error.reason)
        return
    for image in images:
        yield from _check_image(image, facts)
    tags = [tag for image in images for tag in set(image.tags)]
    for tag in dict.fromkeys(tag for tag in tags if tags.count(tag) > 1):
        yield Failure("manifest.json", f"it has the name '{shortened(tag)}' more than once")


def _check_image(image: ArchivedImage, facts: ArchiveFacts) -> Iterator[Failure]:
    for tag in image.tags:
        try:
            Reference.parse(tag)
        except ImageNameError as error:
            yield Failure("manifest.json", error.message)
    if len(image.layers) > DEEPEST:
        yield Failure("manifest.json", f"{len(image.layers)} layers, Docker takes at most {DEEPEST}")
    config = facts.follow(image.config)
    if config is None or config.text is None:
        yield Failure(image.config, "the config is missing")
        return
    named = manifest.config_digest(image.config)
    if named is not None and named != config.digest:
        yield Failure(image.config, f"its bytes have the digest {config.digest}")
    document, problems = read_config(image.config, config.text)
    yield from problems
    if document is None:
        return
    layers = [(name, facts.follow(name)) for name in image.layers]
    yield from (Failure(name, "the layer is missing") for name, layer in layers if layer is None)
    yield from check_layers(image.config, document, "manifest.json", layers)
