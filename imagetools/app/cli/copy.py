"""``imagetools copy``: store paths from one place to another, with all that they refer to."""

import json as json_format
import sys
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError, Setting, Store, settings_with
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.formats.store_path import StoreDir, StorePath


def copy(
    paths: Annotated[
        list[str] | None, Argument(metavar="PATH...", help="Store paths, or links to them.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        Option("--to", metavar="PLACE", help="A store's folder, file:///folder or http://... (default: your store)."),
    ] = None,
    origin: Annotated[
        str | None,
        Option("--from", metavar="PLACE", help="The same, to copy from (default: your store)."),
    ] = None,
    everything: Annotated[bool, Option("--all", help="Everything in the store that is copied from.")] = False,
    no_recursive: Annotated[bool, Option("--no-recursive", help="Only the paths, not what they refer to.")] = False,
    no_check_sigs: Annotated[
        bool, Option("--no-check-sigs", help="Into a store: take what nobody trusted has signed, too.")
    ] = False,
    compression: Annotated[
        str | None,
        Option("--compression", metavar="KIND", help="Into a cache: xz (default), zstd, gzip, bzip2, none."),
    ] = None,
    level: Annotated[int | None, Option("--level", metavar="N", help="How hard to compress.")] = None,
    key: Annotated[list[str] | None, Option("-k", "--key-file", metavar="FILE", help="Sign what is copied. Repeatable.")] = None,
    json: Annotated[bool, Option("--json", help="Print what was copied as JSON.")] = False,
    option: Setting = None,
    store: Store = None,
) -> None:
    """Copy store paths, and all that they refer to, between stores and binary caches.

    What is there already is not copied again; references come before what refers to them, so a break leaves nothing half.

    Examples: imagetools copy --to file:///srv/cache --compression zstd result |
    imagetools copy --from https://cache.example.org /nix/store/...-hello
    """
    if to is None and origin is None:
        raise ArgumentError("nothing to copy between", hint="say --to PLACE, --from PLACE, or both")
    from imagetools.app.caches import signer
    from imagetools.app.compose import open_store
    from imagetools.app.copies import destination_of, is_cache, origin_of
    from imagetools.app.paths import store_path_of
    from imagetools.formats.store_path import StoreDir, StorePath
    from imagetools.store.copying import StoreOrigin, closure_of
    from imagetools.store.copying import copy as copy_paths

    settings = settings_with(option).changed(store=store)
    source = origin_of(settings, origin)
    target = destination_of(settings, to, check_signatures=not no_check_sigs, compression=compression, level=level)
    store_dir = StoreDir(settings.store_dir)
    if everything:
        if paths or not isinstance(source, StoreOrigin):
            raise ArgumentError("--all means everything in a store: name no paths, and no cache with --from")
        roots = source.all_paths()
    elif not paths:
        raise ArgumentError("which paths?", hint="name them, or say --all")
    elif origin is not None and is_cache(origin):
        roots = [_named(store_dir, path) for path in paths]
    else:
        named = open_store(settings)
        roots = [store_path_of(named, path) for path in paths]
    infos = closure_of(source, roots, recursive=not no_recursive)
    if key:
        sign = signer(settings, key)
        infos = {path: sign(info) for path, info in infos.items()}
    copied: list[StorePath] = []

    def started(path: StorePath) -> None:
        copied.append(path)
        sys.stderr.write(f"copying path '{store_dir.join(path)}'...\n")

    copy_paths(infos, source, target, jobs=max(1, settings.cores), on_start=started)
    if json:
        echo(json_format.dumps([store_dir.join(path) for path in sorted(copied)], indent=2))
    else:
        echo(f"{len(copied)} of {len(infos)} store paths copied", err=True)


def _named(store_dir: "StoreDir", text: str) -> "StorePath":
    """A path that need not be here: full, or its base name."""
    from imagetools.formats.store_path import StorePath

    return store_dir.parse(text) if "/" in text else StorePath.parse(text)


DECLARED: Final = Command("copy", copy)
