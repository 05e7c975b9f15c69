"""One repository of a registry, as copying images needs it (``image_io.ports.Repository``)."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from imagetools.image.descriptor import Descriptor
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Document, Pieces
from imagetools.net.registry.exchange import Ask
from imagetools.net.registry.failures import BUSY, RegistryError
from imagetools.net.registry.registry import Registry
from imagetools.net.registry.upload import BlobUpload

if TYPE_CHECKING:
    import httpx


class RemoteRepository:
    """``reference`` is what the person wrote; its repository is meant."""

    def __init__(self, registry: Registry, reference: RemoteReference) -> None:
        self._registry: Final = registry
        self.reference: Final = reference

    def manifest(self, selector: str) -> Document:
        """See ``Repository``. Raises RegistryError."""
        return self._registry.manifest(self._at(selector))

    def manifest_digest(self, selector: str) -> str | None:
        """See ``Repository``. Raises RegistryError."""
        return self._registry.has_manifest(self._at(selector))

    def blob(self, described: Descriptor, sink: Callable[[bytes], object], have: Iterable[bytes] = ()) -> None:
        """See ``Repository``. Raises RegistryError."""
        self._registry.blob(self.reference.repository, described.digest, sink, size=described.size, have=have)

    def has_blob(self, digest: str) -> bool:
        """See ``Repository``. Raises RegistryError."""
        return self._registry.has_blob(self.reference.repository, digest) is not None

    def mount(self, digest: str, source: str) -> bool:
        """See ``Repository``. Raises RegistryError."""
        return BlobUpload(self._registry, self.reference.repository, digest, 0, lambda start: iter(())).mount(source)

    def upload(self, described: Descriptor, pieces: Pieces, sent: Callable[[int], object]) -> None:
        """See ``Repository``. Raises RegistryError, and what ``pieces`` raises."""
        BlobUpload(self._registry, self.reference.repository, described.digest, described.size, pieces, sent).run()

    def put_manifest(self, selector: str, media_type: str, data: bytes) -> None:
        """See ``Repository``. Raises RegistryError."""
        target = self._at(selector)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()

        def take(ask: Ask, response: "httpx.Response") -> None:
            self._registry.expect(ask, response, 201, 200, 202, 204)
            said = response.headers.get("docker-content-digest", digest)
            if said.startswith("sha256:") and said != digest:
                raise RegistryError(ask.action, f"the registry calls what it got {said}", BUSY)

        self._registry.send(
            f"put the manifest of '{target}' there",
            "PUT",
            f"/v2/{target.repository}/manifests/{target.selector}",
            take,
            target.repository,
            write=True,
            headers={"Content-Type": media_type},
            content=data,
        )

    def _at(self, selector: str) -> RemoteReference:
        named = ":" in selector
        return replace(self.reference, tag=None if named else selector, digest=selector if named else None)
