"""Builds as a person sees them: on a terminal a live table of what runs, how long, and its last line; plain lines elsewhere.

The sentences are those of nix-build (row 6.043), so that scripts which look for them go on working. Everything goes to standard
error: standard output is for results.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from imagetools.app.ui.terminal import clean, has_colour, is_live
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.bytestr import display
from imagetools.realise.events import (
    BuildFailed,
    BuildFinished,
    BuildKept,
    BuildOutput,
    BuildStarted,
    Event,
    FetchFinished,
    FetchProgress,
    FetchStarted,
    LockWaiting,
    PlanReady,
    Warned,
)

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class Progress(Protocol):
    """Watches a realisation; a context manager around it."""

    def __enter__(self) -> Self: ...

    def __call__(self, event: Event) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None: ...


def watch(
    stream: TextIO,
    environment: Mapping[str, str],
    store_dir: StoreDir,
    *,
    hide_output: bool = False,
    verbose: bool = False,
    plan: bool = True,
) -> Progress:
    """The right kind of progress for ``stream``. ``hide_output`` is ``-Q``, ``verbose`` shows builder output on a terminal
    too, ``plan`` lists what will be built before it is."""
    if is_live(stream, environment):
        return LiveProgress(stream, store_dir, colour=has_colour(stream, environment), show_output=verbose)
    return PlainProgress(stream, store_dir, show_output=not hide_output, show_plan=plan)


class PlainProgress:
    """One line an event, as nix-build prints them."""

    def __init__(self, stream: TextIO, store_dir: StoreDir, *, show_output: bool, show_plan: bool = True) -> None:
        self._stream = stream
        self._store_dir = store_dir
        self._show_output = show_output
        self._show_plan = show_plan

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def __call__(self, event: Event) -> None:
        for text in sentences(event, self._store_dir) if self._show_plan or not isinstance(event, PlanReady) else ():
            self._line(text)
        if isinstance(event, BuildOutput) and self._show_output:
            self._line(clean(display(event.line)))


def sentences(event: Event, store_dir: StoreDir) -> list[str]:
    """What an event says in words; builder output and silent events say nothing here."""
    if isinstance(event, PlanReady):
        return _plan(event, store_dir)
    if isinstance(event, BuildStarted):
        return [f"{'checking outputs of' if event.check else 'building'} '{store_dir.join(event.drv)}'..."]
    if isinstance(event, FetchStarted):
        return [f"copying path '{store_dir.join(event.path)}' from '{event.cache}'..."]
    if isinstance(event, LockWaiting):
        return [f"waiting for lock on '{store_dir.join(event.path)}'"]
    if isinstance(event, BuildKept):
        return [f"note: keeping build directory '{event.folder}'"]
    if isinstance(event, Warned):
        return [f"warning: {display(event.message)}"]
    return []


def _plan(plan: PlanReady, store_dir: StoreDir) -> list[str]:
    lines: list[str] = []
    sizes = f" ({mebibytes(plan.download_size)} download, {mebibytes(plan.unpacked_size)} unpacked):"
    for paths, one, many in (
        (plan.to_build, "this derivation will be built:", "these {} derivations will be built:"),
        (plan.to_fetch, "this path will be fetched" + sizes, "these {} paths will be fetched" + sizes),
    ):
        if paths:
            lines.append(one if len(paths) == 1 else many.format(len(paths)))
            lines += [f"  {store_dir.join(path)}" for path in paths]
    return lines


def mebibytes(size: int) -> str:
    """Bytes as Nix shows them."""
    return f"{size / (1 << 20):.2f} MiB"


class LiveProgress:
    """A table that is redrawn: running builds with their time and last line, and how many are done."""

    def __init__(self, stream: TextIO, store_dir: StoreDir, *, colour: bool, show_output: bool) -> None:
        self._stream = stream
        self._store_dir = store_dir
        self._colour = colour
        self._show_output = show_output
        self._total = 0
        self._done = 0
        self._running: dict[StorePath, tuple[float, str]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def _start(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, force_terminal=True, no_color=not self._colour, highlight=False)
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8, transient=True)
        self._live.start()
        return self._live

    def _table(self) -> "Table":
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        now = time.monotonic()
        for drv, (since, line) in list(self._running.items()):
            table.add_row(Text(_short(drv), style="bold"), Text(f"{now - since:.0f}s", style="cyan"), Text(line, style="dim"))
        table.add_row(Text(f"[{self._done}/{self._total} done, {len(self._running)} running]", style="green"), "", "")
        return table

    def __call__(self, event: Event) -> None:
        if isinstance(event, PlanReady):
            self._total += len(event.to_build) + len(event.to_fetch)
            if not self._total:
                return
        live = self._live or self._start()
        if isinstance(event, FetchStarted):
            self._running[event.path] = (time.monotonic(), f"from {event.cache}")
            return
        if isinstance(event, FetchProgress):
            since, _ = self._running.get(event.path, (time.monotonic(), ""))
            of = f" of {mebibytes(event.total)}" if event.total else ""
            self._running[event.path] = (since, f"{mebibytes(event.received)}{of}")
            return
        if isinstance(event, FetchFinished):
            self._running.pop(event.path, None)
            self._done += 1
            if event.fetched:
                live.console.print(f"fetched {_short(event.path)} in {event.seconds:.1f}s", markup=False)
            return
        if isinstance(event, BuildStarted):
            self._running[event.drv] = (time.monotonic(), "")
            return
        if isinstance(event, BuildOutput):
            line = clean(display(event.line))
            since, _ = self._running.get(event.drv, (time.monotonic(), ""))
            self._running[event.drv] = (since, line)
            if self._show_output:
                live.console.print(f"{_short(event.drv)}> {line}", markup=False)
            return
        if isinstance(event, BuildFinished | BuildFailed):
            self._running.pop(event.drv, None)
            if isinstance(event, BuildFinished):
                self._done += 1
                if event.built:
                    live.console.print(f"built {_short(event.drv)} in {event.seconds:.1f}s", markup=False)
            return
        for text in sentences(event, self._store_dir) if not isinstance(event, PlanReady) else ():
            live.console.print(text, markup=False)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()


def _short(drv: StorePath) -> str:
    return drv.name.removesuffix(".drv")
