from collections.abc import Iterator

import pytest

from tests.unit.net.server import Server, running


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made
