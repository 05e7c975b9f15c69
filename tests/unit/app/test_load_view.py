"""What a person sees while an image is loaded."""

import io

from imagetools.app.ui.load_view import LoadView
from imagetools.image_io.daemon import LayerLoading, Sent
from imagetools.image_io.loading import Loaded
from imagetools.image_io.outgoing import Sending


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


EVENTS = (Sending(1, 2, 0, 2048, 0), Sending(1, 2, 1024, 2048, 1024), Sent(5, 10), LayerLoading("abc", 3, 4))


def test_a_line_at_the_end() -> None:
    stream = io.StringIO()
    with LoadView("result", stream, {"TERM": "xterm"}) as view:
        for event in EVENTS:
            view.show(event)
        view.done(Loaded(("x:1",), 2, 64, 2048))
    assert stream.getvalue() == "result: 2.0 KiB sent, 2 of 64 layers\n"


def test_each_layer_on_a_terminal() -> None:
    stream = Terminal()
    with LoadView("result", stream, {"TERM": "xterm"}) as view:
        for event in EVENTS:
            view.show(event)
        view.done(Loaded(("x:1",), 0, 0, 10))
    steps = stream.getvalue().split("\r\x1b[K")
    assert steps[1:] == [
        "result: sending layer 1 of 2, 0 bytes of 2.0 KiB (0 %)",
        "result: sending layer 1 of 2, 1.0 KiB of 2.0 KiB (50 %)",
        "result: sending 5 bytes of 10 bytes (50 %)",
        "result: layer abc 3 bytes of 4 bytes (75 %)",
        "result: 10 bytes sent\n",
    ]


def test_quiet() -> None:
    stream = Terminal()
    with LoadView("result", stream, {"TERM": "xterm"}, quiet=True) as view:
        view.show(EVENTS[0])
        view.done(Loaded((), 0, 0, 0))
    assert stream.getvalue() == ""
