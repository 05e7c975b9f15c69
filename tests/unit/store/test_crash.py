"""Killed at any moment, a store holds only whole objects, and the next run goes on (row 6.008).

A forked child adds a text, a derivation, a tree, a NAR and a built output, and kills itself with SIGKILL at its n-th call that
touches the disk (Python's audit events), for every n.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

from imagetools.formats import aterm
from imagetools.formats.derivation import Derivation, InputAddressed
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import digest
from imagetools.store.fs_nar import restore
from imagetools.store.local import LocalStore
from imagetools.store.ports import BuiltOutput, TextObject
from imagetools.store.verify import verify
from tests.unit.store.trees import SAMPLE, make, nar_of

NAR = nar_of(SAMPLE)
IMPORTED = StorePath(b"i" * 20, "imported")
BUILT = StorePath(b"b" * 20, "built")
EVENTS = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.rmdir",
    "os.remove",
    "os.symlink",
    "os.utime",
    "os.chmod",
    "os.truncate",
    "sqlite3.connect",
}
EVENTS |= {"fcntl.flock", "os.scandir", "os.listdir"}


def add_everything(root: Path, source: Path, durable: bool = False) -> list[StorePath]:
    with LocalStore(str(root), durable=durable) as store:
        drv = Derivation("built", {"out": InputAddressed(store.store_dir.join(BUILT))}, {}, (), "s", "b", (), {})
        texts = store.add_texts([TextObject("text", b"text"), TextObject("built.drv", to_bytes(aterm.serialise(drv)))])
        tree = store.add_source(str(source), "tree")
        store.import_nar(PathInfo(IMPORTED, digest("sha256", NAR), len(NAR), (tree,)), [NAR])
        with store.lock([BUILT]):
            if not store.is_valid(BUILT):
                temporary = store.layout.store + "/built-elsewhere"
                for leftover in (temporary, store.real_path(BUILT)):
                    os.system(f"chmod -R u+w {leftover} 2>/dev/null; rm -rf {leftover}")
                restore((NAR,), temporary, finish=False)
                os.rename(temporary, store.real_path(BUILT))
                store.register_built([BuiltOutput(BUILT, digest("sha256", NAR), len(NAR), (tree, BUILT), texts[1])])
        return [*texts, tree, IMPORTED, BUILT]


def run_child(root: Path, source: Path, moment: int) -> bool:
    """Whether the child was killed; False when it came to its end before the moment.

    Killing a process needs no fsync to be harmless (a power cut does), so most runs save the time.
    """
    child = os.fork()
    if child == 0:
        left = moment

        def count(event: str, _: tuple[object, ...]) -> None:
            nonlocal left
            if event in EVENTS:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(count)
            add_everything(root, source, durable=moment % 10 == 0)
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


@pytest.mark.parametrize("start", range(3))
def test_a_kill_at_any_moment(tmp_path: Path, start: int) -> None:
    make(tmp_path / "source", {b"dir": {b"file": b"contents" * 1000}, b"link": "dir"})
    moment, killed = start, True
    root = tmp_path / "R0"
    seen: set[int] = set()
    while killed:
        root = tmp_path / f"R{moment}"
        killed = run_child(root, tmp_path / "source", moment)
        store = LocalStore(str(root))
        assert verify(store, check_contents=True) == [], moment
        seen.add(len(store.all_paths()))
        store.closure(store.all_paths())
        store.close()
        moment += 3
    assert seen >= {0, 2, 3, 4, 5}


def test_after_crashes_at_many_moments_a_run_completes_and_leaves_no_rubbish(tmp_path: Path) -> None:
    make(tmp_path / "source", {b"dir": {b"file": b"contents" * 1000}, b"link": "dir"})
    root = tmp_path / "R"
    moment = 0
    while run_child(root, tmp_path / "source", moment):
        moment += 5
    paths = add_everything(root, tmp_path / "source")
    with LocalStore(str(root)) as store:
        assert store.all_paths() == sorted(paths)
        paths.append(store.add_text("new", b""))  # what the last crash left is cleared before the next new object
    with LocalStore(str(root)) as store:
        assert verify(store, check_contents=True) == []
        names = [name for name in os.listdir(store.layout.store) if not name.endswith(".lock")]
        assert sorted(names) == sorted([".links", *(path.base_name for path in paths)])
        assert os.listdir(store.layout.temp_roots) == []
