"""A work tree as its version control sees it: the tracked files as they lie there, with nothing around them."""

from collections.abc import Iterable

from imagetools.store.ports import PathFilter


def only_tracked(root: str, files: Iterable[bytes]) -> PathFilter:
    """A filter that keeps ``files`` (relative to ``root``) and the folders that hold some. ``root`` is a bytestr."""
    kept = {name.decode("latin-1") for name in files if name}
    folders: set[str] = set()
    for name in kept:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    cut = len(root.rstrip("/")) + 1

    def keep(path: str, kind: str) -> bool:
        return path[cut:] in (folders if kind == "directory" else kept)

    return keep
