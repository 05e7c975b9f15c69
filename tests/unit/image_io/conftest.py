from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.registry import Registry, running

from .layouts import TAR, Layout, layer_tar


@pytest.fixture
def server() -> Iterator[Registry]:
    """A registry in memory."""
    with running() as made:
        yield made


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """An image of three layers, two of them equal, as a folder."""
    made = Layout()
    made.index(made.image([TAR, layer_tar("1" * 32 + "-world"), TAR], tag="latest"))
    return Path(made.write(tmp_path / "layout"))
