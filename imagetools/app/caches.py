"""Downloads and binary caches from settings: transports, readers with their keys and memory, what fetches from all of them.

The part of ``compose`` that commands without a session need too.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from imagetools.app.settings import USUAL_SUBSTITUTERS, Settings
from imagetools.app.ui.terminal import say
from imagetools.kernel.errors import ImagetoolsError
from imagetools.store.ports import Store

if TYPE_CHECKING:
    from imagetools.formats.path_info import PathInfo
    from imagetools.net.http import HttpTransport
    from imagetools.net.upload import Uploader
    from imagetools.store.cache_reader import CacheReader, Trust
    from imagetools.store.substituters import Substituters


class KeyFileError(ImagetoolsError):
    """A key file that cannot be read or written."""


def connect(settings: Settings, netrc: str) -> "HttpTransport":
    """What downloads for this process; ``netrc`` is the text of a netrc file."""
    from imagetools.instantiate.fetching.errors import as_bytestr
    from imagetools.net.credentials import Netrc
    from imagetools.net.http import HttpTransport
    from imagetools.net.policy import RetryPolicy
    from imagetools.net.proxies import Proxies

    known = RetryPolicy()
    return HttpTransport(
        proxies=Proxies.from_env(settings.environment),
        netrc=Netrc(netrc),
        ca_file=settings.ca_file,
        policy=RetryPolicy(
            attempts=max(1, settings.download_attempts),
            connect_timeout=settings.connect_timeout or known.connect_timeout,
            stall_timeout=settings.stalled_timeout or known.stall_timeout,
        ),
        log=lambda text: say(as_bytestr(text)),
    )


def open_caches(settings: Settings, store: Store, warn: Callable[[str], object]) -> "Substituters | None":
    """The binary caches of the settings; None where there are none. Raises KeyTextError for a bad trusted key."""
    if not settings.substitute or not settings.substituters:
        return None
    from imagetools.store.narinfo_cache import NarInfoCache
    from imagetools.store.substituters import Substituters

    usual = settings.substituters == USUAL_SUBSTITUTERS
    readers = [open_cache(settings, url, optional=usual) for url in settings.substituters]
    return Substituters(store, readers, warn, NarInfoCache(f"{settings.cache}/narinfo.sqlite"))


def open_cache(settings: Settings, url: str, *, optional: bool = False) -> "CacheReader":
    """One binary cache."""
    from imagetools.formats.store_path import StoreDir
    from imagetools.net.pool import TransportPool
    from imagetools.store.cache_reader import CacheReader

    netrc = _netrc(settings)
    return CacheReader(
        url, TransportPool(lambda: connect(settings, netrc)), StoreDir(settings.store_dir), trust_of(settings), optional=optional
    )


def open_upload(settings: Settings) -> "Uploader":
    """What puts files on a server."""
    from imagetools.net.credentials import Netrc
    from imagetools.net.policy import RetryPolicy
    from imagetools.net.proxies import Proxies
    from imagetools.net.upload import Uploader

    netrc = _netrc(settings)
    return Uploader(
        lambda proxy: connect(settings, netrc).client(proxy),
        Proxies.from_env(settings.environment),
        Netrc(netrc),
        RetryPolicy(attempts=max(1, settings.download_attempts)),
    )


def trust_of(settings: Settings) -> "Trust":
    """Whose signatures count. Raises KeyTextError."""
    from imagetools.store.cache_reader import Trust, parse_keys

    return Trust(parse_keys(settings.trusted_public_keys), settings.require_sigs)


def signer(settings: Settings, files: Sequence[str]) -> "Callable[[PathInfo], PathInfo]":
    """What signs with the secret keys in ``files``. Raises KeyTextError, KeyFileError."""
    from imagetools.formats.signing import SecretKey, sign
    from imagetools.formats.store_path import StoreDir

    keys: list[SecretKey] = []
    for name in files:
        try:
            with open(name, encoding="latin-1") as file:
                keys.append(SecretKey.parse(file.read()))
        except OSError as error:
            raise KeyFileError(f"cannot read the secret key file '{name}': {error.strerror}") from None
    store_dir = StoreDir(settings.store_dir)
    return lambda info: sign(info, store_dir, keys)


def _netrc(settings: Settings) -> str:
    return (read_optional(settings.netrc) or b"").decode("utf-8", "replace")


def read_optional(path: str) -> bytes | None:
    """A file that need not be there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
