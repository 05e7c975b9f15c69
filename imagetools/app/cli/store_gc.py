"""``imagetools store gc`` and ``delete``: give back the space of what nothing needs any more."""

import json as json_format
import re
import sys
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError, Store
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.app.settings import Settings
    from imagetools.formats.store_path import StorePath
    from imagetools.store.gc.collector import Collected, Collector
    from imagetools.store.local import LocalStore

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
Json = Annotated[bool, Option("--json", help="Print what was (or would be) deleted as JSON.")]


def gc(
    dry_run: Annotated[bool, Option("--dry-run", help="Delete nothing; print what would be deleted.")] = False,
    print_dead: Annotated[bool, Option("--print-dead", help="The same as --dry-run.")] = False,
    print_live: Annotated[bool, Option("--print-live", help="Delete nothing; print what is kept.")] = False,
    print_roots: Annotated[bool, Option("--print-roots", help="Delete nothing; print what keeps it.")] = False,
    max_freed: Annotated[
        str | None,
        Option("--max-freed", metavar="SIZE", help="Stop when so much is freed: bytes, or with K, M, G, T."),
    ] = None,
    keep_outputs: Annotated[bool, Option("--keep-outputs", help="Keep also what derivations that are kept have built.")] = False,
    no_keep_derivations: Annotated[
        bool, Option("--no-keep-derivations", help="Delete also the derivations that made what is kept.")
    ] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Delete everything in the store that nothing needs.

    Kept is what a result link, a root below gcroots, a running build or another running program needs, with all that it
    refers to. It may run beside builds: what they use is kept, and what they begin to use meanwhile as well.

    Examples: imagetools store gc --dry-run | imagetools store gc --max-freed 10G
    """
    chosen = [name for name, on in (("dead", dry_run or print_dead), ("live", print_live), ("roots", print_roots)) if on]
    if len(chosen) > 1:
        raise ArgumentError(f"--print-{chosen[0]} and --print-{chosen[1]} exclude each other")
    limit = None if max_freed is None else parse_size(max_freed)
    settings, opened = _open(store)
    collector = opened.collector(keep_derivations=not no_keep_derivations, keep_outputs=keep_outputs)
    if chosen:
        lines = _look(opened, collector, chosen[0])
        echo(json_format.dumps(lines, indent=2) if json else "\n".join(lines), nl=json or bool(lines))
        return
    with _Progress(settings) as progress:
        found = collector.collect(max_freed=limit, on_wait=progress.wait, on_delete=progress.show)
    _report(opened, found, json)


def delete(
    paths: Annotated[list[str], Argument(metavar="PATH...", help="Store paths, logical or physical.")],
    ignore_liveness: Annotated[
        bool, Option("--ignore-liveness", help="Delete them even if a root keeps them (never if others refer to them).")
    ] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Delete store paths, and what refers to them, if nothing needs them.

    Example: imagetools store delete /nix/store/...-hello
    """
    from imagetools.app.paths import store_path_of

    settings, opened = _open(store)
    wanted = [store_path_of(opened, path) for path in paths]
    with _Progress(settings) as progress:
        found = opened.collector().collect(
            only=wanted, ignore_liveness=ignore_liveness, on_wait=progress.wait, on_delete=progress.show
        )
    _report(opened, found, json)


def parse_size(text: str) -> int:
    """``10G`` → bytes. Raises ArgumentError."""
    found = re.fullmatch(r"([0-9]+)([KMGT]?)", text)
    if found is None:
        raise ArgumentError(f"--max-freed is '{text}', but it must be a number of bytes, or one with K, M, G or T")
    return int(found[1]) * _UNITS[found[2]]


def human(size: int) -> str:
    """Bytes as a person reads them."""
    from imagetools.app.ui.progress import mebibytes

    return mebibytes(size) if size < 1 << 30 else f"{size / (1 << 30):.2f} GiB"


def _open(store: str | None) -> "tuple[Settings, LocalStore]":
    from imagetools.app.compose import open_store
    from imagetools.app.settings import read_settings

    settings = read_settings().changed(store=store)
    return settings, open_store(settings)


def _look(store: "LocalStore", collector: "Collector", what: str) -> list[str]:
    state = collector.look()
    prefix = store.store_dir.path
    if what == "roots":
        known = set(state.graph.names.values())
        return sorted(f"{where} -> {prefix}/{name}" for where, name in state.roots if name in known)
    numbers = state.alive if what == "live" else state.dead()
    return sorted(f"{prefix}/{state.graph.names[number]}" for number in numbers)


def _report(store: "LocalStore", found: "Collected", json: bool) -> None:
    if json:
        paths = [store.store_dir.join(path) for path in found.paths]
        echo(json_format.dumps({"paths": paths, "leftovers": found.leftovers, "bytesFreed": found.freed}, indent=2))
        return
    more = f", {found.leftovers} leftovers" if found.leftovers else ""
    count = len(found.paths)
    echo(f"{count} store path{'s' if count != 1 else ''} deleted{more}, {human(found.freed)} freed")


class _Progress:
    """One line on a terminal that says how far it is; nothing elsewhere."""

    def __init__(self, settings: "Settings") -> None:
        from imagetools.app.ui.terminal import is_live

        self._live = is_live(sys.stderr, settings.environment)
        self._count = 0

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._count:
            sys.stderr.write("\r\x1b[K")

    def wait(self) -> None:
        echo("waiting for another collection to end...", err=True)

    def show(self, path: "StorePath", freed: int) -> None:
        self._count += 1
        if self._live:
            sys.stderr.write(f"\r\x1b[K[{self._count}, {human(freed)}] deleting {path.name}")
            sys.stderr.flush()


DECLARED: Final = (Command("gc", gc), Command("delete", delete))
