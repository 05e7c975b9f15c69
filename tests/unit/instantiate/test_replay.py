"""What an evaluation learns, and whether it still holds: after each kind of change, and after random ones."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.recording import Recorder
from imagetools.instantiate.replay import TICK, Replay
from tests.unit.instantiate.session import Session


def recorded(folder: Path, text: str, *, read_only: bool = True) -> tuple[str, Recorder]:
    """What a text is worth, and what was learnt on the way."""
    session = Session(folder, read_only=read_only)
    session.io.recorder = Recorder(time.time_ns())
    shown = session.shown(text)
    if not read_only:
        session.known.flush()
    return shown, session.io.recorder


def changed(folder: Path, recorder: Recorder, *, began: int | None = None, read_only: bool = True) -> str:
    session = Session(folder, read_only=read_only)
    return Replay(session.io, recorder.began if began is None else began).changed(recorder.facts)


def later(recorder: Recorder) -> int:
    """A beginning so late that states alone are believed."""
    return recorder.began + 10 * TICK


def replace(path: Path, text: str) -> None:
    """Another file with the same name, size and time of change of its contents."""
    before = path.stat()
    other = path.with_name("other")
    other.write_text(text)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)


def relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


CHANGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a file": ("import ./a.nix", lambda f: (f / "a.nix").write_text("2"), "file"),
    "a file of the same size and time": ("import ./a.nix", lambda f: replace(f / "a.nix", "2"), "file"),
    "a file that is gone": ("import ./a.nix", lambda f: (f / "a.nix").unlink(), "kind"),
    "a text that is read": ("builtins.readFile ./a.nix", lambda f: (f / "a.nix").write_text("2"), "file"),
    "a new name in a folder": ("builtins.readDir ./d", lambda f: (f / "d/new").write_text(""), "listing"),
    "a name that is gone": ("builtins.readDir ./d", lambda f: (f / "d/one").unlink(), "listing"),
    "what was missing": ("builtins.pathExists ./new", lambda f: (f / "new").write_text(""), "kind"),
    "what was there": ("builtins.pathExists ./d/one", lambda f: (f / "d/one").unlink(), "kind"),
    "where a link leads": ("import ./link", lambda f: relink(f / "link", "b.nix"), "link"),
    "a copied file": ('"${./a.nix}"', lambda f: (f / "a.nix").write_text("2"), "tree"),
    "a file of a copied folder": ('"${./d}"', lambda f: (f / "d/one").write_text("2"), "tree"),
    "the mode of a copied file": ('"${./d}"', lambda f: (f / "d/one").chmod(0o755), "tree"),
    "a new file of a copied folder": ('"${./d}"', lambda f: (f / "d/new").write_text(""), "tree"),
    "a link of a copied folder": ('"${./d}"', lambda f: relink(f / "d/l", "x"), "tree"),
    "what a filter keeps": (
        'builtins.filterSource (path: type: baseNameOf path != "l") ./d',
        lambda f: (f / "d/one").write_text("2"),
        "tree",
    ),
    "a flat copy": ("builtins.path { path = ./a.nix; recursive = false; }", lambda f: (f / "a.nix").write_text("2"), ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.nix").write_text("1")
    (tmp_path / "b.nix").write_text("3")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/one").write_text("1")
    (tmp_path / "d/l").symlink_to("one")
    (tmp_path / "link").symlink_to("a.nix")
    return tmp_path


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("young", [True, False], ids=["young", "old"])
def test_a_change_is_noticed(folder: Path, name: str, young: bool) -> None:
    text, change, kind = CHANGES[name]
    _, recorder = recorded(folder, text)
    began = recorder.began if young else later(recorder)
    if young and "filter" in name:
        assert changed(folder, recorder).startswith("tree")  # a filter may look at anything: only states are compared
    else:
        assert changed(folder, recorder, began=began) == ""
    change(folder)
    assert changed(folder, recorder, began=began).startswith(kind or ("tree", "file"))


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_the_same_again_is_no_change(folder: Path, name: str) -> None:
    """Other states, equal contents."""
    text, _, _ = CHANGES[name]
    if "filter" in name:
        return
    _, recorder = recorded(folder, text)
    for path in [*folder.glob("*.nix"), folder / "d/one"]:
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    session = Session(folder, read_only=True)
    replay = Replay(session.io, later(recorder))
    assert replay.changed(recorder.facts) == ""
    assert set(replay.fresh) <= set(recorder.facts)


def test_variables_are_facts(folder: Path) -> None:
    _, recorder = recorded(folder, 'builtins.getEnv "USER"')
    assert recorder.facts == {("variable", "USER"): "ann"}
    io = Session(folder).io
    io._environment = {"USER": "bob"}
    assert Replay(io, recorder.began).changed(recorder.facts) == "variable USER"


def test_what_cannot_be_asked_again(folder: Path) -> None:
    assert recorded(folder, "builtins.currentTime")[1].spoiled == "it asks for the time"
    assert recorded(folder, "1")[1].spoiled == ""


def test_an_object_of_the_store_that_is_gone(folder: Path) -> None:
    drv = 'derivation { name = "x"; system = "x"; builder = "x"; }'
    _, recorder = recorded(folder, f'"${{./a.nix}}" + ({drv}).name', read_only=False)
    assert changed(folder, recorder, read_only=False) == ""
    shutil.rmtree(folder / "root")
    assert changed(folder, recorder, read_only=False) == "a store object that it needs is gone"


def test_lines_for_the_person_are_kept(folder: Path) -> None:
    _, recorder = recorded(folder, 'builtins.trace "one" (builtins.trace "two" 1)')
    assert recorder.said == ["trace: one", "trace: two"]


PROGRAM = """
let
  read = name: if builtins.pathExists (./. + "/${name}") then import (./. + "/${name}") else null;
  names = builtins.filter (n: builtins.match "f[0-2]" n != null) (builtins.attrNames (builtins.readDir ./list));
in {
  direct = read "f0";
  chosen = if read "f1" == 1 then read "f2" else builtins.readDir ./sub;
  listed = names;
  copied = "${./copied}";
  variable = builtins.getEnv "USER";
}
"""
PLACES = ["f0", "f1", "f2", "f3", "sub/a", "sub/b", "list/f1", "list/g", "copied/x", "copied/y/z", "elsewhere/q"]
EDITS = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["0", "1", "2", "gone", "link", "folder"])), max_size=4)


def edit(folder: Path, place: str, what: str) -> None:
    path = folder / place
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "link":
        path.symlink_to("f0" if "/" not in place else "x")
    elif what == "folder":
        path.mkdir()
    elif what != "gone":
        path.write_text(what)


def outcome(folder: Path) -> tuple[str, Recorder | None]:
    try:
        return recorded(folder, PROGRAM)
    except Exception as error:
        return type(error).__name__, None


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=3), st.booleans())
def test_a_record_never_answers_otherwise_than_an_evaluation(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[tuple[str, str]]], young: bool
) -> None:
    """Random edits of what was read and of what was not."""
    folder = tmp_path_factory.mktemp("world")
    for place in PLACES:
        edit(folder, place, "1")
    answer, record = outcome(folder)
    for edits in steps:
        for place, what in edits:
            edit(folder, place, what)
        fresh, newer = outcome(folder)
        if record is not None and not changed(folder, record, began=record.began if young else later(record)):
            assert fresh == answer
        answer, record = fresh, newer


def test_edits_elsewhere_change_nothing(folder: Path) -> None:
    _, recorder = recorded(folder, "import ./a.nix")
    (folder / "b.nix").write_text("4")
    (folder / "new").write_text("")
    assert changed(folder, recorder) == ""


def test_without_a_recorder_nothing_is_recorded(folder: Path) -> None:
    io: StoreIO = Session(folder).io
    assert io.recorder is None
    io.spoil("nobody listens")
    io.relied_on("/nix/store/nothing")
