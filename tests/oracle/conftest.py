"""Every image that a test here builds is looked at by all who can; what many tests need is built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.commands import BUILT
from tests.oracle.packages import Furnish, furnisher
from tests.oracle.whole_images import look_at_once


@pytest.fixture(autouse=True)
def images_are_whole(tmp_path: Path) -> Iterator[None]:
    """After the test, so that it is the one which fails, and before its folder goes."""
    del tmp_path
    yield
    while BUILT:
        look_at_once(BUILT.pop())


@pytest.fixture(scope="session")
def furnish(tmp_path_factory: pytest.TempPathFactory) -> Furnish:
    return furnisher(tmp_path_factory)
