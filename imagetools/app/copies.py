"""The two ends of ``imagetools copy``, from what a person names: a store's root, or the URL of a binary cache."""

from urllib.parse import parse_qsl, unquote, urlsplit

from imagetools.app.caches import open_cache, open_upload, trust_of
from imagetools.app.compose import open_store
from imagetools.app.settings import Settings, store_root
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.errors import ImagetoolsError
from imagetools.store.cache_writer import CacheWriter
from imagetools.store.copying import CacheDestination, CacheOrigin, Destination, Origin, StoreDestination, StoreOrigin

CACHES = ("file", "http", "https")


class CopyPlaceError(ImagetoolsError):
    """A place that cannot be copied from, or to."""

    exit_code = 2


def is_cache(place: str) -> bool:
    """Whether this is the URL of a binary cache; anything else is a store's root."""
    return urlsplit(place).scheme.lower() in CACHES


def origin_of(settings: Settings, place: str | None) -> Origin:
    """Where to copy from; None: the store of the settings."""
    if place is None:
        return StoreOrigin(open_store(settings))
    if is_cache(place):
        return CacheOrigin(open_cache(settings, _without_query(place)), StoreDir(settings.store_dir))
    return StoreOrigin(open_store(_with_root(settings, place)))


def destination_of(
    settings: Settings, place: str | None, *, check_signatures: bool, compression: str | None, level: int | None
) -> Destination:
    """Where to copy to. ``file:///folder?compression=zstd`` says how, as Nix's URLs do; the arguments win."""
    if place is None or not is_cache(place):
        chosen = settings if place is None else _with_root(settings, place)
        return StoreDestination(open_store(chosen, protecting=True), trust_of(settings) if check_signatures else None)
    parts = urlsplit(place)
    said = dict(parse_qsl(parts.query))
    kind = compression or said.get("compression", "xz")
    how = level if level is not None else _level(said.get("compression-level"))
    if parts.scheme.lower() != "file":
        from imagetools.store.cache_upload import UploadDestination

        return UploadDestination(_without_query(place), open_upload(settings), StoreDir(settings.store_dir), kind, how)
    if parts.netloc not in ("", "localhost"):
        raise CopyPlaceError(f"'{place}' names the host '{parts.netloc}'", "write file:///path with three slashes")
    writer = CacheWriter(unquote(parts.path), StoreDir(settings.store_dir), kind, how)
    writer.open()
    return CacheDestination(writer)


def _with_root(settings: Settings, place: str) -> Settings:

    if "://" in place:
        raise CopyPlaceError(
            f"'{place}' is neither a folder nor the URL of a binary cache", "known are file://, http:// and https://"
        )
    return settings._replace(root=store_root(place))


def _without_query(place: str) -> str:
    return urlsplit(place)._replace(query="", fragment="").geturl()


def _level(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.lstrip("-").isdigit():
        raise CopyPlaceError(f"compression-level is '{text}', but it must be a number")
    return int(text)
