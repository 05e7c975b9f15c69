"""What `imagetools image inspect` prints."""

from pathlib import Path

from imagetools.app.ui.image_view import medium, view
from imagetools.image.inspection import inspect
from imagetools.image_io.archive_reader import read_facts
from tests.unit.image_io.layouts import TAR, Layout, layer_tar


def test_a_layout(tmp_path: Path) -> None:
    layout = Layout()
    config = {
        "created": "2024-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/x", "ü"], "User": "1\x1b[2J"},
        "history": [{}, {"comment": "top"}],
    }
    layout.index(layout.image([TAR, layer_tar("x")], config=config, manifest={"annotations": {"a": "b"}}, packed=False))
    facts = read_facts(layout.tar(tmp_path / "x.tar"))
    (image,) = inspect(facts)
    lines = view(image, medium(facts)).splitlines()
    assert lines == [
        "Name:      latest",
        "Medium:    OCI layout (tar)",
        f"ID:        {image.id}",
        f"Digest:    {image.digest}",
        "Platform:  linux/amd64",
        "Created:   2024-01-01T00:00:00Z",
        "Size:      20.0 KiB",
        "Config:",
        '  Cmd: ["/bin/x", "ü"]',
        "  User: 1",
        "Annotations:",
        "  a: b",
        "Layers (2):",
        f"    1  {image.layers[0].digest}  10.0 KiB",
        "       /nix/store/" + "0" * 32 + "-hello  38 bytes",
        f"    2  {image.layers[1].digest}  10.0 KiB",
        "       (top)",
        "       /nix  1 bytes",
    ]


def test_nothing_known(tmp_path: Path) -> None:
    layout = Layout()
    layout.index(layout.image([], tag=None))
    facts = read_facts(layout.write(tmp_path))
    (image,) = inspect(facts)
    text = view(image, medium(facts))
    assert (
        "Name:      (none)\nMedium:    OCI layout (folder)\n" in text
        and "Created:   (unknown)\nSize:      0 bytes\nLayers (0):\n" in text
    )
    assert image.document()["layers"] == []
