"""Progress of one transfer: a bar on a terminal, one line at the end elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

from imagetools.app.ui.terminal import is_live
from imagetools.kernel.amounts import amount


class Transfer:
    """``update(done, total, what)`` in bytes, as often as one likes. ``quiet`` shows nothing."""

    def __init__(self, title: str, stream: TextIO, environment: Mapping[str, str], *, quiet: bool = False) -> None:
        self._title = title
        self._stream = stream
        self._quiet = quiet
        self._live = is_live(stream, environment) and not quiet
        self._done = 0
        self._shown = ("", -1)

    def __enter__(self) -> Self:
        return self

    def update(self, done: int, total: int | None, what: str = "sending") -> None:
        """Show how far it is; ``what`` names the step."""
        if what == "sending":
            self._done = done
        if not self._live:
            return
        step = (what, done * 100 // total if total else done >> 20)
        if step != self._shown:
            self._shown = step
            of = f" of {amount(total)} ({step[1]} %)" if total else ""
            self._stream.write(f"\r\x1b[K{self._title}: {what} {amount(done)}{of}")
            self._stream.flush()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
        if kind is None and not self._quiet:
            self._stream.write(f"{self._title}: {amount(self._done)} sent\n")
        self._stream.flush()
