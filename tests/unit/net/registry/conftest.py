from collections.abc import Iterator

import pytest

from tests.servers.fault_proxy import FaultProxy, faulty
from tests.servers.registry import Registry, running


@pytest.fixture
def small() -> Iterator[Registry]:
    with running() as made:
        yield made


@pytest.fixture
def proxy(small: Registry) -> Iterator[FaultProxy]:
    """Before the small registry."""
    with faulty(small.host) as made:
        yield made
