"""Progress of a copy: on a terminal a row for each blob that moves, elsewhere one line at the end."""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from imagetools.app.ui.terminal import has_colour, is_live
from imagetools.image_io.watching import ENDS, MOUNTED, SENDING, SENT, THERE, BlobStep
from imagetools.kernel.amounts import amount

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from imagetools.image_io.image_source import SourceImage

_MOST_ROWS: Final = 12


class BlobRows:
    """``update`` and ``watch`` take what ``copy_image`` tells, from any thread. ``quiet`` shows nothing."""

    def __init__(self, title: str, stream: TextIO, environment: Mapping[str, str], *, quiet: bool = False) -> None:
        self._title: Final = title
        self._stream: Final = stream
        self._quiet: Final = quiet
        self._is_live: Final = is_live(stream, environment) and not quiet
        self._colour: Final = has_colour(stream, environment)
        self._lock: Final = threading.Lock()
        self._moving: Final[dict[str, BlobStep]] = {}
        self._ended: Final[dict[str, BlobStep]] = {}
        self._sent: Final[dict[str, int]] = {}
        self._read = (0, 0)
        self._alone: SourceImage | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def update(self, done: int, total: int) -> None:
        """So many bytes of the image have been read."""
        with self._lock:
            self._read = done, total
            self._show()

    def watch(self, step: BlobStep) -> None:
        """Something happened to a blob."""
        with self._lock:
            if step.what == SENDING:
                self._sent[step.layer] = step.done
            if step.what in ENDS:
                self._moving.pop(step.layer, None)
                self._ended[step.layer] = step
            elif step.done and step.done >= step.total:
                self._moving.pop(step.layer, None)
            else:
                self._moving[step.layer] = step
            self._show()

    def alone(self, image: "SourceImage") -> None:
        """This image is taken, and those for other machines are not."""
        self._alone = image

    def summary(self) -> str:
        """What came of it, in a line."""
        if not self._ended:
            moved = sum(self._sent.values())
            return f"{self._title}: {amount(moved)} sent" if moved else f"{self._title}: {amount(self._read[0])} read"
        counts = {what: [step for step in self._ended.values() if step.what == what] for what in (SENT, MOUNTED, THERE)}
        sent = sum(step.total for step in counts[SENT])
        words = [f"{len(counts[SENT])} of {len(self._ended)} blobs sent" + (f" ({amount(sent)})" if sent else "")]
        words += [f"{len(counts[what])} {what}" for what in (MOUNTED, THERE) if counts[what]]
        return f"{self._title}: {', '.join(words)}"

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            live.stop()
        if kind is None and not self._quiet:
            self._stream.write(self.summary() + "\n")
            if self._alone is not None:
                others = ", ".join(self._alone.others)
                self._stream.write(f"note: only the image for {self._alone.platform}; --all takes that for {others}, too\n")
        self._stream.flush()

    def _show(self) -> None:
        if not self._is_live or self._live is not None:
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, force_terminal=True, no_color=not self._colour, highlight=False)
        self._live = Live(get_renderable=self.table, console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def table(self) -> "Group":
        """What is to be seen now."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        for _ in range(4):
            table.add_column(no_wrap=True)
        for step in list(self._moving.values())[:_MOST_ROWS]:
            bar = ProgressBar(total=max(1, step.total), completed=step.done, width=20)
            size = f"{amount(step.done)} of {amount(step.total)}"
            table.add_row(Text(step.layer, style="bold"), Text(step.what), bar, Text(size, style="cyan"))
        done, total = self._read
        read = f"{amount(done)} of {amount(total)} read" if total else ""
        ended = f"{len(self._ended)} blobs there" if self._ended else ""
        words = ", ".join(filter(None, (ended, read)))
        return Group(table, Text(f"{self._title}: {words}", style="dim", no_wrap=True, overflow="ellipsis"))
