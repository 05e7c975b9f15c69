"""What holds for every test, and which comparisons are worth running in both forms of the product."""

import gc
import os

import pytest

# Builds in tests ask no cache of the world, unless a test names one.
os.environ["IMAGETOOLS_SUBSTITUTERS"] = ""

BOTH_FORMS = (
    "test_build_command",
    "test_builtins",
    "test_eval",
    "test_examples",
    "test_formats",
    "test_fuzz_language",
    "test_import_from_derivation",
    "test_instantiate",
    "test_language_suite",
    "test_nixpkgs_lib_suite",
    "test_parse",
    "test_pkgs_lib",
    "test_pkgs_paths",
    "test_restricted_eval",
    "test_store_cases",
    "test_structured_attrs",
)
"""The oracle tests of what is compiled: formats, language, evaluation. The others spend their time in processes and on disks."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("oracle") is None or item.path.name.startswith(BOTH_FORMS):
            item.add_marker("both_forms")


def pytest_collection_finish() -> None:
    """Python's collector need not look at thousands of tests again and again; commands run without it anyway.

    It stays as it is where the compiled form is tested, which has to live with it.
    """
    if os.environ.get("IMAGETOOLS_EXPECT_MODE") != "compiled":
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
