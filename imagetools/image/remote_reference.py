"""What a person calls an image in a registry: ``[docker://][HOST[:PORT]/]PATH[:TAG][@DIGEST]``, as Docker and skopeo read it.

The first part is a host where it has a dot, a colon or a capital letter, or is ``localhost``; all else is Docker Hub's, where a
name of one part is in ``library/``. With a digest a tag is only said, not used. Pure.
"""

import re
from dataclasses import dataclass
from typing import Final

from .descriptor import is_digest
from .reference import ImageNameError, Reference, check_name, check_tag

HUB: Final = "docker.io"
_OLD_HUB: Final = "index.docker.io"
_HUB_API: Final = "registry-1.docker.io"
#: Under which hosts a login for Docker Hub may be kept.
HUB_HOSTS: Final = (HUB, _OLD_HUB, _HUB_API, "registry.hub.docker.com", "auth.docker.io")
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class RemoteReference:
    """``registry`` as people write it (``docker.io``, ``localhost:5000``), ``repository`` inside it (``library/busybox``), and a
    ``tag``, a ``digest`` (``sha256:<base 16>``) or both; neither for a whole repository."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @staticmethod
    def parse(text: str, *, default_tag: str | None = "latest") -> "RemoteReference":
        """``default_tag`` is meant where there is neither tag nor digest. Raises ImageNameError."""
        name, at, digest = text.removeprefix("docker://").partition("@")
        if at and not is_digest(digest):
            raise ImageNameError("digest", digest, "it must be sha256: and 64 hexadecimal digits in lower case")
        head, slash, last = name.rpartition("/")
        last, colon, tag = last.partition(":")
        name = head + slash + last
        first, slash, rest = name.partition("/")
        if slash and (any(sign in first for sign in ".:") or first == "localhost" or first.lower() != first):
            if _HOST.fullmatch(first) is None:
                raise ImageNameError("registry", first, "it must be a host, or a host and a port")
            registry, repository = (HUB if first == _OLD_HUB else first), rest
        else:
            registry, repository = HUB, name
        check_name(repository)
        if registry == HUB and "/" not in repository:
            repository = f"library/{repository}"
        if colon:
            check_tag(tag)
        return RemoteReference(registry, repository, tag or (None if at else default_tag), digest or None)

    @property
    def host(self) -> str:
        """Where its API is; for Docker Hub another name than the one people write."""
        return _HUB_API if self.registry == HUB else self.registry

    @property
    def place(self) -> tuple[str, str]:
        """Registry and repository."""
        return self.registry, self.repository

    @property
    def name(self) -> str:
        """Registry and repository: ``docker.io/library/busybox``."""
        return f"{self.registry}/{self.repository}"

    @property
    def selector(self) -> str:
        """What the API is asked for: the digest where there is one, else the tag. Raises ImageNameError where neither is."""
        found = self.digest or self.tag
        if found is None:
            raise ImageNameError("tag", "", "it is missing")
        return found

    @property
    def familiar(self) -> str:
        """As Docker shows it: ``busybox:latest``."""
        return Reference.familiar(str(self))

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return self.name + tag + (f"@{self.digest}" if self.digest else "")
