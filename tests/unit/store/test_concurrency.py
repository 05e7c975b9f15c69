"""Many processes and threads at one store."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.hashes import digest
from imagetools.store.local import LocalStore
from imagetools.store.ports import TextObject
from imagetools.store.verify import verify
from tests.unit.store.trees import SAMPLE, make, nar_of

NAR = nar_of(SAMPLE)


def add(store: LocalStore, source: Path, number: int) -> None:
    """The same and different objects, in different orders."""
    shared = [TextObject(f"shared-{index}", b"x" * index) for index in range(30)]
    own = [TextObject(f"own-{number}-{index}", b"y") for index in range(10)]
    items = shared + own
    base = store.add_text("base", b"")
    tree = store.add_source(str(source), "tree")
    info = PathInfo(StorePath(b"i" * 20, "imported"), digest("sha256", NAR), len(NAR), (base, tree))
    store.import_nar(info, [NAR])
    for _ in range(3):
        store.add_texts(items[number:] + items[:number])
    assert len(store.closure([info.path])) == 3


def fork(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in that many processes; all must end well."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * count


def check(root: Path, count: int) -> None:
    with LocalStore(str(root)) as store:
        assert len(store.all_paths()) == 3 + 30 + count * 10
        assert verify(store, check_contents=True) == []
        left = set(os.listdir(store.layout.store)) - {path.base_name for path in store.all_paths()}
        assert left == {".links"}


def test_eight_processes_from_the_very_beginning(tmp_path: Path) -> None:
    make(tmp_path / "source", SAMPLE)
    root = tmp_path / "R"

    def work(number: int) -> None:
        with LocalStore(str(root)) as store:
            add(store, tmp_path / "source", number)

    fork(8, work)
    check(root, 8)


def test_eight_threads_with_one_store(tmp_path: Path) -> None:
    make(tmp_path / "source", SAMPLE)
    failed: list[BaseException] = []
    with LocalStore(str(tmp_path / "R")) as store:

        def work(number: int) -> None:
            try:
                add(store, tmp_path / "source", number)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    check(tmp_path / "R", 8)
