"""What is said where an image for several machines is copied for one of them."""

from pathlib import Path

import pytest

from imagetools.image.descriptor import Platform
from imagetools.image_io.copying import Surroundings, Wishes, copy_image
from imagetools.image_io.image_source import SourceImage
from imagetools.image_io.places import Place

from .layouts import INDEX, REF, Layout

HERE = Platform("linux", "amd64")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two machines, and what BuildKit puts beside them."""
    made = Layout()
    kinds = [{"os": "linux", "architecture": name} for name in ("amd64", "arm64")]
    images = [made.image(tag=None, config={"architecture": item["architecture"]}, platform=item) for item in kinds]
    beside = made.image(tag=None, config={"architecture": "unknown"}, platform={"os": "unknown", "architecture": "unknown"})
    beside["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    made.index(made.add_json(INDEX, {"schemaVersion": 2, "manifests": [*images, beside]}, annotations={REF: "1"}))
    made.write(tmp_path / "many")
    return tmp_path


def told(folder: Path, target: str, wishes: Wishes) -> list[tuple[str, tuple[str, ...]]]:
    heard: list[SourceImage] = []
    source = Place.parse(str(folder / "many"))
    copy_image(source, Place.parse(target), wishes, Surroundings({}), alone=heard.append)
    return [(str(image.platform), image.others) for image in heard]


def test_the_others_are_named(layout: Path) -> None:
    assert told(layout, f"oci:{layout}/a", Wishes(HERE)) == [("linux/amd64", ("linux/arm64",))]
    assert told(layout, f"oci-archive:{layout}/a.tar", Wishes(HERE)) == [("linux/amd64", ("linux/arm64",))]


def test_nothing_is_said_where_it_is_known_or_of_no_use(layout: Path) -> None:
    assert told(layout, f"oci:{layout}/whole", Wishes(HERE, whole=True)) == []
    assert told(layout, f"oci:{layout}/chosen", Wishes(HERE, picky=True)) == []
    assert told(layout, f"docker-archive:{layout}/one.tar:x", Wishes(HERE)) == []
