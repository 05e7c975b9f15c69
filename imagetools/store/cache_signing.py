"""Signing what a binary cache in a folder says: for caches that were made without a key, as mkBinaryCache makes them."""

import os
from collections.abc import Callable, Iterable

from imagetools.formats.fields import FieldsError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.store.cache_writer import WrongCacheError, put_file
from imagetools.store.disk import writing
from imagetools.store.ports import InvalidPathError

SUFFIX = ".narinfo"


def sign_cache(folder: str, store_dir: StoreDir, paths: Iterable[StorePath] | None, sign: Callable[[PathInfo], PathInfo]) -> int:
    """Add signatures to the narinfo files of ``paths`` (None: of all); how many files that changed.

    Raises WrongCacheError, InvalidPathError for a path that is not there, StoreError.
    """
    if paths is None:
        with writing(folder):
            names = sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX))
    else:
        names = [path.hash_part + SUFFIX for path in paths]
    changed = 0
    for name in names:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                found = NarInfo.parse(to_str(file.read()), store_dir, name)
        except FileNotFoundError:
            raise InvalidPathError(name.removesuffix(SUFFIX), f"the cache '{folder}' does not have it") from None
        except FieldsError as error:
            raise WrongCacheError(folder, error.message) from None
        signed = found._replace(info=sign(found.info))
        if signed != found:
            put_file(os.path.join(folder, name), to_bytes(str(signed)))
            changed += 1
    return changed
