"""What a person sees of a copy: rows on a terminal, a line elsewhere, nothing where it should be quiet."""

import io
import threading

import pytest
from rich.console import Console

from imagetools.app.ui.blob_rows import BlobRows
from imagetools.image.descriptor import Platform
from imagetools.image_io.image_source import SourceImage
from imagetools.image_io.watching import MOUNTED, PACKING, RECEIVING, SENDING, SENT, THERE, BlobStep

TERMINAL = {"TERM": "xterm"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def push(rows: BlobRows) -> None:
    rows.watch(BlobStep("aaaaaaaaaaaa", PACKING, 5000, 9000))
    rows.watch(BlobStep("bbbbbbbbbbbb", SENDING, 1 << 20, 3 << 20))
    rows.watch(BlobStep("cccccccccccc", THERE, 10, 10))
    rows.watch(BlobStep("dddddddddddd", MOUNTED, 10, 10))
    rows.watch(BlobStep("eeeeeeeeeeee", SENT, 1 << 21, 1 << 21))


def shown(rows: BlobRows) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(rows.table())
    return stream.getvalue()


def test_a_line_at_the_end() -> None:
    stream = io.StringIO()
    with BlobRows("host/x:1", stream, TERMINAL) as rows:
        push(rows)
        assert stream.getvalue() == ""
    assert stream.getvalue() == "host/x:1: 1 of 3 blobs sent (2.0 MiB), 1 mounted, 1 there already\n"


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([], "x: 7 bytes read\n"),
        ([BlobStep("a", THERE, 3, 3)], "x: 0 of 1 blobs sent, 1 there already\n"),
        ([BlobStep("layer 1 of 1", SENDING, 2048, 2048)], "x: 2.0 KiB sent\n"),
        ([BlobStep("a", RECEIVING, 2048, 2048)], "x: 7 bytes read\n"),
    ],
)
def test_other_lines(steps: list[BlobStep], line: str) -> None:
    stream = io.StringIO()
    with BlobRows("x", stream, {}) as rows:
        rows.update(7, 7)
        for step in steps:
            rows.watch(step)
    assert stream.getvalue() == line


def test_rows_of_what_moves() -> None:
    rows = BlobRows("host/x:1", io.StringIO(), {})
    push(rows)
    rows.update(5000, 9000)
    lines = [line.rstrip() for line in shown(rows).splitlines()]
    assert len(lines) == 3
    assert lines[0].startswith("aaaaaaaaaaaa packing") and lines[0].endswith("4.9 KiB of 8.8 KiB")
    assert lines[1].startswith("bbbbbbbbbbbb sending") and lines[1].endswith("1.0 MiB of 3.0 MiB")
    assert lines[2] == "host/x:1: 3 blobs there, 4.9 KiB of 8.8 KiB read"
    rows.watch(BlobStep("aaaaaaaaaaaa", PACKING, 9000, 9000))
    rows.watch(BlobStep("bbbbbbbbbbbb", SENT, 3 << 20, 3 << 20))
    assert len(shown(rows).splitlines()) == 1


def test_rows_fit_the_screen() -> None:
    rows = BlobRows("localhost:5000/a/very/long/name" * 4, io.StringIO(), {})
    rows.watch(BlobStep("aaaaaaaaaaaa", SENDING, 1234 << 20, 2345 << 20))
    rows.update(1234 << 20, 2345 << 20)
    assert len(shown(rows).splitlines()) == 2


def test_many_rows_stay_on_the_screen() -> None:
    rows = BlobRows("x", io.StringIO(), {})
    for number in range(100):
        rows.watch(BlobStep(f"{number:012}", SENDING, 1, 2))
    assert len(shown(rows).splitlines()) <= 13


def test_on_a_terminal() -> None:
    stream = Terminal()
    with BlobRows("host/x:1", stream, TERMINAL) as rows:
        push(rows)
    assert "\x1b[" in stream.getvalue()
    assert stream.getvalue().endswith("host/x:1: 1 of 3 blobs sent (2.0 MiB), 1 mounted, 1 there already\n")


def test_quiet_and_failed() -> None:
    stream = Terminal()
    with BlobRows("x", stream, TERMINAL, quiet=True) as rows:
        push(rows)
    assert stream.getvalue() == ""
    plain = io.StringIO()
    with pytest.raises(ValueError, match="x"), BlobRows("x", plain, TERMINAL) as rows:
        push(rows)
        raise ValueError("x")
    assert plain.getvalue() == ""


def test_from_several_threads() -> None:
    stream = Terminal()
    with BlobRows("x", stream, TERMINAL) as rows:

        def work(number: int) -> None:
            for done in range(200):
                rows.watch(BlobStep(f"{number:012}", SENDING, done, 200))
            rows.watch(BlobStep(f"{number:012}", SENT, 200, 200))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stream.getvalue().endswith("x: 4 of 4 blobs sent (800 bytes)\n")


def test_machines_that_are_left_out() -> None:
    stream = io.StringIO()
    with BlobRows("x", stream, TERMINAL) as rows:
        push(rows)
        rows.alone(SourceImage(b"", Platform("linux", "amd64"), (), others=("linux/arm64", "linux/arm/v7")))
    said = stream.getvalue().splitlines()
    assert said[1:] == ["note: only the image for linux/amd64; --all takes that for linux/arm64, linux/arm/v7, too"]
