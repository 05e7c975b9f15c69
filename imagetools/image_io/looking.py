"""An image to look at, wherever it lies: its facts, and its members for whoever has to read a layer again."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..image.facts import ArchiveFacts
from .copying import Surroundings, open_registry
from .local_copy import facts_at, local_copy
from .members import Members, open_members
from .places import REGISTRY, Place
from .registry_members import RegistryMembers
from .remote_facts import remote_facts
from .watching import nobody


@dataclass(frozen=True, slots=True)
class Looked:
    """``facts`` and how to get at ``members``: an archive that is compressed is unpacked for that."""

    facts: ArchiveFacts
    _path: str | None
    _registry: RegistryMembers | None

    @contextmanager
    def members(self) -> Iterator[Members]:
        """Raises what ``open_members`` does."""
        if self._registry is not None:
            yield self._registry
        elif self._path is not None:
            with open_members(self._path, tempfile.gettempdir()) as members:
                yield members


@contextmanager
def look_at(place: Place, surroundings: Surroundings, *, layers: bool = True) -> Iterator[Looked]:
    """``layers``: fetch those of a registry and look into them. Raises what ``local_copy`` does, and what registries say."""
    scratch = tempfile.gettempdir()
    with ExitStack() as stack:
        if place.kind == REGISTRY:
            members = stack.enter_context(RegistryMembers(open_registry(place, surroundings), scratch, nobody))
            yield Looked(remote_facts(members, layers=layers), None, members)
            return
        path = stack.enter_context(local_copy(place, scratch, surroundings.environment))
        yield Looked(facts_at(place, path), os.fspath(path), None)
