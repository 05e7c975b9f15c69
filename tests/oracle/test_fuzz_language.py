"""Random programs have the same value here as in Nix 2.8, or fail in both.

A few hundred, always the same ones; IMAGETOOLS_FUZZ=5000 asks for that many others. Very many by hand, faster but not made small:
``python -m tests.oracle.fuzz 100000``.
"""

import os
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.fuzz.compare import Sides
from tests.oracle.fuzz.programs import programs
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

ASKED: Final = os.environ.get("IMAGETOOLS_FUZZ", "")
EXAMPLES: Final = int(ASKED or 500)
SLOW: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    need("nix")
    version = subprocess.run(["nix", "--version"], capture_output=True, text=True, check=True).stdout
    if " 2.8." not in version:
        pytest.skip(f"what differs is listed for Nix 2.8; this is {version.strip()}")
    found = Sides(tmp_path_factory.mktemp("fuzz"))
    yield found
    found.close()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=not ASKED, database=None, suppress_health_check=SLOW)
@given(program=programs())
def test_random_programs(sides: Sides, program: str) -> None:
    found = sides.difference(program)
    assert found is None, f"{program}\nours: {found[0]}\nNix:  {found[1]}"
