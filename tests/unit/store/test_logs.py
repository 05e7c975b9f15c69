"""Build logs."""

import bz2
import os
from pathlib import Path

import pytest

from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.store.layout import Layout
from imagetools.store.logs import LogDamagedError, LogFile, read_log

DRV = StorePath(bytes(20), "thing.drv")


def test_plain_while_running_packed_afterwards(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), StoreDir())
    where = tmp_path / "nix/var/log/nix/drvs/00" / ("0" * 30 + "-thing.drv")
    log = LogFile(layout, DRV)
    log.write(b"one\n")
    assert where.read_bytes() == b"one\n"
    assert read_log(layout, DRV) == b"one\n"
    log.write(b"two\n" * 100_000)
    log.close()
    assert os.listdir(where.parent) == [where.name + ".bz2"]
    assert bz2.decompress(Path(f"{where}.bz2").read_bytes()) == read_log(layout, DRV) == b"one\n" + b"two\n" * 100_000


def test_a_newer_log_replaces_the_older(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), StoreDir())
    for text in (b"first", b"second"):
        with LogFile(layout, DRV) as log:
            log.write(text)
    assert read_log(layout, DRV) == b"second"
    unfinished = LogFile(layout, DRV)
    unfinished.write(b"third")
    assert read_log(layout, DRV) == b"third"
    unfinished.close()


def test_a_damaged_log_is_named(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), StoreDir())
    LogFile(layout, DRV).close()
    path = layout.log_path(DRV) + ".bz2"
    Path(path).write_bytes(b"not bzip2")
    with pytest.raises(LogDamagedError) as caught:
        read_log(layout, DRV)
    assert caught.value.message == f"the build log '{path}' is damaged: Invalid data stream"
