"""Names of result links, as nix-build gives them (row 6.036)."""

from imagetools.app.results import Result, link_names
from imagetools.formats.store_path import StorePath


def result(digest: int, name: str, output: str) -> Result:
    drv = StorePath(bytes([digest]) * 20, f"{name}.drv")
    path = StorePath(bytes([digest + 100]) * 20, name if output == "out" else f"{name}-{output}")
    return Result(drv, f"/nix/store/{drv}", output, path, f"/nix/store/{path}")


def test_each_derivation_gets_a_number_and_each_output_a_suffix() -> None:
    a, a_dev, b = result(1, "a", "out"), result(1, "a", "dev"), result(2, "b", "out")
    assert link_names([a, a_dev, b], "result") == {a: "result", a_dev: "result-dev", b: "result-2"}


def test_another_first_name() -> None:
    a, b = result(1, "a", "out"), result(2, "b", "lib")
    assert link_names([a, b], "out/x") == {a: "out/x", b: "out/x-2-lib"}
