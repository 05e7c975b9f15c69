"""Store paths as a person names them: logical, physical, or through a result link."""

import os

from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.store.ports import Store

MAX_LINKS = 100


def store_path_of(store: Store, text: str) -> StorePath:
    """The store object that ``text`` names, is, or lies in. Raises StorePathError where it names none.

    ``text`` is ``/nix/store/<hash>-<name>``, the physical place of the same, a bare ``<hash>-<name>``, or a symlink to one of
    them.
    """
    return place_of(store, text)[0]


def place_of(store: Store, text: str) -> tuple[StorePath, str]:
    """The same, and where inside the object ``text`` leads: ``""``, or such as ``/bin/sh``.

    Symlinks that lead to the store are followed, those inside an object are not.
    """
    if "/" not in text and not os.path.lexists(text) and text not in ("", ".", ".."):
        try:
            return StorePath.parse(text), ""
        except StorePathError:
            raise StorePathError(text, "does not exist, and it is not the name of a store object") from None
    physical = os.path.dirname(store.real_path(StorePath(bytes(20), "x")))
    stores = [folder.split("/")[1:] for folder in (store.store_dir.path, physical, os.path.realpath(physical))]
    todo = os.path.join(os.getcwd(), text).split("/")[::-1]
    done: list[str] = []
    links = 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del done[-1:]
            continue
        if done in stores:
            rest = "/".join(part for part in reversed(todo) if part)
            try:
                return StorePath.parse(name), "/" + rest if rest else ""
            except StorePathError as error:
                raise StorePathError(text, error.reason) from None
        try:
            target = os.readlink("/" + "/".join((*done, name)))
        except OSError:
            done.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            break
        if target.startswith("/"):
            done.clear()
        todo.extend(target.split("/")[::-1])
    raise StorePathError(text, "is not in the store" if os.path.lexists(text) else "does not exist")
