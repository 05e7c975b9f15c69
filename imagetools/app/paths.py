"""Store paths as a person names them: logical, physical, or through a result link."""

import os

from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.store.ports import Store


def store_path_of(store: Store, text: str) -> StorePath:
    """The store object that ``text`` names, is, or lies in. Raises StorePathError where it names none.

    ``text`` is ``/nix/store/<hash>-<name>``, the physical place of the same, a bare ``<hash>-<name>``, or a symlink to one of
    them.
    """
    store_dir = store.store_dir
    if store_dir.contains(text):
        return store_dir.parse_prefix(text)[0]
    if "/" not in text and not os.path.lexists(text):
        return StorePath.parse(text)
    physical = os.path.dirname(store.real_path(StorePath(bytes(20), "x")))
    current = os.path.abspath(text)
    for _ in range(100):
        if store_dir.contains(current):
            return store_dir.parse_prefix(current)[0]
        for folder in (physical, os.path.realpath(physical)):
            if current.startswith(folder + "/"):
                return StorePath.parse(current[len(folder) + 1 :].split("/", 1)[0])
        if not os.path.islink(current):
            resolved = os.path.realpath(current)
            if resolved == current:
                break
            current = resolved
            continue
        current = os.path.normpath(os.path.join(os.path.dirname(current), os.readlink(current)))
    raise StorePathError(text, "is not in the store")
