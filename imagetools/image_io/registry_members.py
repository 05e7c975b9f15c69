"""An image in a registry, read as if it were a layout: its manifest stands in ``index.json``, blobs come when they are asked for.

A blob is fetched once, into a file that goes away again; ``fetch_ahead`` has several fetched at the same time.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

from ..image import media_types
from ..image.descriptor import Descriptor
from ..image.document_type import OLD, document_type
from ..image.json_text import LARGEST
from ..image.oci_manifest import FULL_NAME, INDEX_FILE, REF_NAME, OciIndex, read_index, read_manifest
from ..image.remote_reference import RemoteReference
from ..image.tags import BrokenImageError
from ..kernel.errors import ImagetoolsError
from .fetches import Fetches, file_name
from .new_file import PREFIX
from .ports import Repository
from .watching import RECEIVING, BlobStep, Watch, short

_PIECE: Final = 1 << 20


class OldManifestError(ImagetoolsError):
    """The registry has the image in a form from before 2016 only."""

    def __init__(self, reference: RemoteReference) -> None:
        super().__init__(
            f"'{reference}' has a manifest of schema 1, which imagetools does not read", "push it anew with today's tools"
        )


class RegistryMembers:
    """A context manager: leaving it ends what is being fetched. ``scratch`` is where the blobs' files lie."""

    def __init__(self, repository: Repository, scratch: str, watch: Watch) -> None:
        self._repository: Final = repository
        self._watch: Final = watch
        self._folder: Final = tempfile.TemporaryDirectory(dir=scratch, prefix=PREFIX, ignore_cleanup_errors=True)
        self._fetches: Final = Fetches(self._fetch)
        self._documents: Final[dict[str, bytes]] = {}
        self._manifests: Final[dict[str, Descriptor]] = {}
        self._blobs: Final[dict[str, Descriptor]] = {}

    @property
    def repository(self) -> RemoteReference:
        """From where the image comes."""
        return self._repository.reference

    def __enter__(self) -> Self:
        reference = self._repository.reference
        found = self._repository.manifest(reference.selector)
        media_type = document_type(found.data, found.media_type) or found.media_type
        if media_type.startswith(OLD):
            raise OldManifestError(reference)
        annotations = {REF_NAME: reference.tag, FULL_NAME: f"{reference.name}:{reference.tag}"} if reference.tag else {}
        root = Descriptor(media_type, found.digest, len(found.data), annotations)
        self._documents[INDEX_FILE] = OciIndex((root,)).document()
        self._keep(root, found.data)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._fetches.__exit__(kind, error, trace)
        self._folder.cleanup()

    def __contains__(self, name: object, /) -> bool:
        if name in self._documents or name in self._manifests:
            return True
        described = self._blobs.get(name) if isinstance(name, str) else None
        return described is not None and (not described.urls or self._repository.has_blob(described.digest))

    def size(self, name: str) -> int:
        """See ``Members``."""
        if name in self._documents:
            return len(self._documents[name])
        return self._described(name).size

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        """See ``Members``. Raises what the registry's client raises, too."""
        if name in self._manifests and name not in self._documents:
            described = self._manifests[name]
            self._keep(described, self._repository.manifest(described.digest).data)
        if name in self._documents:
            yield self._documents[name][start:]
            return
        with open(self._fetches.path(self._described(name)), "rb", buffering=0) as file:
            file.seek(start)
            while piece := file.read(_PIECE):
                yield piece

    def fetch_ahead(self, names: Iterable[str]) -> None:
        """These will be asked for, in this order."""
        for name in names:
            self._fetches.begin(self._described(name))

    def forget(self, name: str) -> None:
        """It will not be asked for again: its file can go."""
        self._fetches.forget(self._described(name))

    def _fetch(self, described: Descriptor) -> str:
        path = os.path.join(self._folder.name, file_name(described))
        label, done = short(described.digest), 0
        with open(path, "wb") as file:

            def take(piece: bytes) -> None:
                nonlocal done
                self._fetches.stop.check()
                file.write(piece)
                done += len(piece)
                self._watch(BlobStep(label, RECEIVING, done, described.size))

            self._repository.blob(described, take)
        return path

    def _described(self, name: str) -> Descriptor:
        found = self._blobs.get(name) or self._manifests.get(name)
        if found is None:
            raise BrokenImageError(name, "it is missing")
        return found

    def _keep(self, described: Descriptor, data: bytes) -> None:
        """A document has come: what it points to can be asked for from now on."""
        if len(data) > LARGEST:
            raise BrokenImageError(described.blob, f"it is larger than {LARGEST >> 20} MiB")
        self._documents[described.blob] = data
        if described.media_type in media_types.INDEXES:
            self._manifests.update({item.blob: item for item in read_index(data)[0].manifests})
            return
        read = read_manifest(data)[0]
        if read is not None:
            self._blobs.update({item.blob: item for item in (read.config, *read.layers)})
