import pytest

from imagetools.image.descriptor import Descriptor, Platform
from imagetools.image.media_types import DOCKER_INDEX, OCI_INDEX
from imagetools.image.platform_choice import choose, go_platform


def item(number: int, text: str, **annotations: str) -> Descriptor:
    os, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    notes = {"io.github.containers.compression.zstd": annotations["zstd"]} if annotations else {}
    return Descriptor("m", f"sha256:{number}", 1, notes, Platform(os, architecture, variant) if text else None)


@pytest.mark.parametrize(
    ("wanted", "items", "expected"),
    [
        ("amd64", ["linux/arm64", "linux/amd64", "linux/amd64"], 1),
        ("amd64", ["windows/amd64"], None),
        ("amd64", ["linux/amd64/v2"], None),
        ("amd64/v2", ["linux/amd64", "linux/amd64/v2"], 1),
        ("amd64/v3", ["linux/amd64", "linux/amd64/v2"], 0),
        ("arm64", ["linux/arm64/v8"], 0),
        ("arm64", ["linux/arm64/v8", "linux/arm64"], 1),
        ("arm64/v8", ["linux/arm64", "linux/arm64/v8"], 1),
        ("arm", ["linux/arm/v6", "linux/arm/v7"], None),
        ("arm/v7", ["linux/arm/v5", "linux/arm/v6"], 1),
        ("arm/v6", ["linux/arm/v7", "linux/arm/v5"], 1),
        ("arm/v7", ["linux/arm"], 0),
        ("amd64", [], None),
    ],
)
@pytest.mark.parametrize("kind", [DOCKER_INDEX, OCI_INDEX])
def test_choice(wanted: str, items: list[str], expected: int | None, kind: str) -> None:
    made = [item(number, text) for number, text in enumerate(items)]
    found = choose(made, kind, go_platform("linux", wanted))
    assert found == (None if expected is None else made[expected])


def test_an_index_of_oci_may_leave_the_platform_out() -> None:
    made = [item(0, ""), item(1, "linux/amd64")]
    assert choose(made, OCI_INDEX, go_platform("linux", "amd64")) is made[1]
    assert choose(made, OCI_INDEX, go_platform("linux", "arm64")) is made[0]
    assert choose(made, DOCKER_INDEX, go_platform("linux", "arm64")) is None


def test_zstd_comes_before_the_same_without() -> None:
    made = [item(0, "linux/amd64"), item(1, "linux/amd64", zstd="true"), item(2, "linux/amd64", zstd="true")]
    assert choose(made, OCI_INDEX, go_platform("linux", "amd64")) is made[1]
    assert choose(made, DOCKER_INDEX, go_platform("linux", "amd64")) is made[0]


@pytest.mark.parametrize(("name", "go"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64"), ("armv7l", "arm")])
def test_names_of_the_kernel(name: str, go: str) -> None:
    assert go_platform("linux", name) == Platform("linux", go)
