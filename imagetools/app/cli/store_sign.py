"""``imagetools store sign``: sign paths in a store, or what a binary cache in a folder says of its paths (row 6.142)."""

from typing import Annotated, Final

from imagetools.app.cli.arguments import ArgumentError, Setting, Store, settings_with
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.ui.terminal import echo


def sign(
    paths: Annotated[list[str] | None, Argument(metavar="PATH...", help="Store paths, or links to them.")] = None,
    key: Annotated[list[str] | None, Option("-k", "--key-file", metavar="FILE", help="A secret key. Repeatable.")] = None,
    cache: Annotated[
        str | None, Option("--cache", metavar="FOLDER", help="Sign in a binary cache in this folder, not in the store.")
    ] = None,
    recursive: Annotated[bool, Option("-r", "--recursive", help="Sign also all that the paths refer to.")] = False,
    everything: Annotated[bool, Option("--all", help="Sign everything that is there.")] = False,
    option: Setting = None,
    store: Store = None,
) -> None:
    """Sign store paths with a secret key (of `imagetools key generate`).

    Signatures travel with `imagetools copy`. Without -k the keys of the setting secret-key-files are used.

    Examples: imagetools store sign -k cache.secret -r result | imagetools store sign -k cache.secret --cache /srv/cache --all
    """
    from imagetools.app.caches import signer
    from imagetools.app.compose import open_store
    from imagetools.app.paths import store_path_of
    from imagetools.formats.store_path import StoreDir, StorePath
    from imagetools.store.cache_signing import sign_cache
    from imagetools.store.questions import info_of

    settings = settings_with(option).changed(store=store)
    files = [*(key or ()), *(settings.secret_key_files if not key else ())]
    if not files:
        raise ArgumentError("which key?", hint="name the file of a secret key with -k")
    if everything == bool(paths):
        raise ArgumentError("name paths, or say --all (not both)")
    signed = signer(settings, files)
    if cache is not None:
        if recursive:
            raise ArgumentError("--recursive is for a store; of a cache name the paths, or say --all")
        folder = cache.removeprefix("file://")
        store_dir = StoreDir(settings.store_dir)
        wanted = [StorePath.parse(path.rpartition("/")[2]) for path in paths or ()]
        count = sign_cache(folder, store_dir, None if everything else wanted, signed)
    else:
        opened = open_store(settings, protecting=True)
        chosen = opened.all_paths() if everything else [store_path_of(opened, path) for path in paths or ()]
        if recursive:
            chosen = list(opened.closure(chosen).members)
        count = 0
        for path in chosen:
            before = info_of(opened, path)
            count += opened.add_signatures(path, signed(before).signatures) != before
    echo(f"{count} store path{'s' if count != 1 else ''} signed", err=True)


DECLARED: Final = Command("sign", sign)
