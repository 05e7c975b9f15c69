"""Progress of `imagetools load`: the layer that is on its way on a terminal, one line at the end elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

from imagetools.app.ui.terminal import is_live
from imagetools.image_io.daemon import LayerLoading, Sent
from imagetools.image_io.loading import Loaded, LoadEvent
from imagetools.image_io.outgoing import Sending
from imagetools.kernel.amounts import amount


class LoadView:
    """Use it as a context manager. ``quiet`` shows nothing."""

    def __init__(self, title: str, stream: TextIO, environment: Mapping[str, str], *, quiet: bool = False) -> None:
        self._title = title
        self._stream = stream
        self._quiet = quiet
        self._live = is_live(stream, environment) and not quiet
        self._shown = ("", -1)

    def __enter__(self) -> Self:
        return self

    def show(self, event: LoadEvent) -> None:
        """What is going on."""
        if not self._live:
            return
        step = (_step(event), event.done * 100 // max(1, event.total))
        if step != self._shown:
            self._shown = step
            of = f"{amount(event.done)} of {amount(event.total)} ({step[1]} %)"
            self._stream.write(f"\r\x1b[K{self._title}: {step[0]} {of}")
            self._stream.flush()

    def done(self, loaded: Loaded) -> None:
        """The line at the end."""
        self._clear()
        if self._quiet:
            return
        layers = f", {loaded.sent} of {loaded.layers} layers" if loaded.layers else ""
        self._stream.write(f"{self._title}: {amount(loaded.size)} sent{layers}\n")
        self._stream.flush()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._clear()

    def _clear(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _step(event: LoadEvent) -> str:
    match event:
        case Sending(layer=layer, layers=layers):
            return f"sending layer {layer} of {layers},"
        case LayerLoading(layer=name):
            return f"layer {name}"
        case Sent():
            return "sending"
