"""Images pushed and copied wrongly: names, options, places, images that lie."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case, Link
from tests.unit.image_io.layouts import good

LAYOUT: dict[str | bytes, str | bytes | Link] = {f"result/{path}": data for path, data in good().files.items()}


def push(*words: str) -> Case:
    return Case(["push", *words], LAYOUT)


CASES: Mapping[str, Case] = {
    "an image pushed without a name": push(),
    "an image pushed under a wrong name": push("Team/Web:1"),
    "an image pushed under half a digest": push("web@sha256:00"),
    "an image pushed to a host that is none": push("reg_istry.example:5000/web"),
    "an image pushed in another compression": push("web", "--compressor", "xz"),
    "an image pushed for all machines and one": push("web", "--all", "--platform", "linux/arm64"),
    "an image pushed for half a machine": push("web", "--platform", "arm64"),
    "an image pushed that is not there": push("web", "gone.tar"),
    "an image pushed from a place that is none": push("web", "containers-storage:web"),
    "an image copied to a registry without slashes": Case(["image", "copy", "result", "docker:web"], LAYOUT),
    "an image copied to a web page": Case(["image", "copy", "result", "https://registry.example/web"], LAYOUT),
    "an image copied to a path": Case(["image", "copy", "docker://web", "web.tar"], LAYOUT),
    "an index copied to a docker archive": Case(["image", "copy", "--all", "result", "docker-archive:web.tar"], LAYOUT),
}
