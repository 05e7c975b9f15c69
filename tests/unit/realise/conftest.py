"""A world for each test; skipped where the host forbids namespaces."""

from collections.abc import Iterator

import pytest

from tests.unit.realise.world import World
from tests.unit.sandbox.cage import base_for, need_namespaces


@pytest.fixture(scope="session")
def _namespaces() -> None:
    need_namespaces()


@pytest.fixture
def world(_namespaces: None) -> Iterator[World]:
    with base_for(None) as root:
        made = World(root)
        yield made
        made.close()
