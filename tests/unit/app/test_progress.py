"""What a person reads while things are built: plain lines away from a terminal, a table on one."""

import io

from imagetools.app.ui.progress import LiveProgress, PlainProgress
from imagetools.app.ui.terminal import clean
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.realise.events import BuildFailed, BuildFinished, BuildOutput, BuildStarted, LockWaiting, PlanReady, Warned

STORE = StoreDir("/nix/store")
DRV = StorePath(bytes(20), "hello.drv")
OUT = StorePath(bytes(20), "hello")
SHOWN = f"/nix/store/{DRV}"


def test_plain_lines_are_those_of_nix_build() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, STORE, show_output=True) as progress:
        for event in (
            PlanReady((DRV,)),
            LockWaiting(DRV, OUT),
            BuildStarted(DRV),
            BuildOutput(DRV, "caf\xc3\xa9\x1b[2J"),
            Warned("careful"),
            BuildFinished(DRV, 1.5),
        ):
            progress(event)
    assert stream.getvalue().splitlines() == [
        "this derivation will be built:",
        f"  {SHOWN}",
        f"waiting for lock on '/nix/store/{OUT}'",
        f"building '{SHOWN}'...",
        "café",
        "warning: careful",
    ]


def test_nothing_to_do_says_nothing() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, STORE, show_output=True) as progress:
        progress(PlanReady(()))
    assert stream.getvalue() == ""


def test_hidden_output() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, STORE, show_output=False) as progress:
        progress(BuildOutput(DRV, "noise"))
    assert stream.getvalue() == ""


def test_the_live_table_shows_what_runs_and_leaves_what_was_built() -> None:
    stream = io.StringIO()
    with LiveProgress(stream, STORE, colour=False, show_output=True) as progress:
        for event in (PlanReady((DRV,)), BuildStarted(DRV), BuildOutput(DRV, "compiling [x]"), BuildFinished(DRV, 0.25)):
            progress(event)
    text = stream.getvalue()
    assert "hello> compiling [x]" in text
    assert "built hello in 0.2s" in text


def test_a_failure_leaves_the_table() -> None:
    stream = io.StringIO()
    with LiveProgress(stream, STORE, colour=False, show_output=False) as progress:
        progress(PlanReady((DRV,)))
        progress(BuildStarted(DRV))
        progress(BuildFailed(DRV, "no"))
    assert "built hello" not in stream.getvalue()


def test_small_things() -> None:
    assert clean("a\tb\r\x00") == "a\tb��"
