"""What `imagetools image inspect` prints."""

import io
import tarfile
from pathlib import Path

from imagetools.app.ui.image_view import index_view, medium, reason_view, view
from imagetools.image.inspected_index import indexes_of
from imagetools.image.inspection import inspect
from imagetools.image.why import CONFIG, ROOT, Reason, Step
from imagetools.image_io.archive_reader import read_facts
from tests.unit.image_io.layouts import INDEX, REF, TAR, Layout, layer_tar, sha256


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


def machines(*names: str) -> Layout:
    layout = Layout()
    images = [
        layout.image(
            [TAR, layer_tar(name)],
            tag=None,
            packed=False,
            config={"architecture": name},
            platform={"os": "linux", "architecture": name},
        )
        for name in names
    ]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "1"}))


def test_an_index(tmp_path: Path) -> None:
    facts = read_facts(machines("amd64", "s390x").write(tmp_path))
    images = inspect(facts)
    (index,) = indexes_of(images)
    assert index_view(index, medium(facts)).splitlines() == [
        "Name:      1",
        "Medium:    OCI layout (folder)",
        f"Index:     {index.digest}",
        "Size:      30.0 KiB as it lies there",
        "Shared:    1 layer, 10.0 KiB",
        "Machines (2):",
        f"  linux/amd64  {images[0].digest}  20.0 KiB",
        f"  linux/s390x  {images[1].digest}  20.0 KiB",
    ]
    assert index.document()["platforms"] == {"linux/amd64": images[0].digest, "linux/s390x": images[1].digest}
    assert index.document()["sharedLayers"] == [sha256(TAR)]


def test_folders_as_deep_as_wanted(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, size in (("usr/lib/a/x", 5), ("usr/lib/b", 2000), ("usr/bin/c", 1), ("etc/.wh.d", 0), ("e", 9), ("f", 8)):
            member = tarfile.TarInfo(name)
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    layout = Layout()
    layout.index(layout.image([out.getvalue()], packed=False))
    (image,) = inspect(read_facts(layout.write(tmp_path)))

    def tree(depth: int) -> list[str]:
        return view(image, "", depth).splitlines()[9:]

    outermost = ["       /usr  2.0 KiB, 3 files", "       /e  9 bytes", "       /f  8 bytes", "       /etc/d  removed"]
    assert tree(0) == outermost[3:]
    assert tree(1) == outermost
    assert tree(3) == [
        outermost[0],
        "         /usr/lib  2.0 KiB, 2 files",
        "           /usr/lib/b  2.0 KiB",
        "           /usr/lib/a  5 bytes",
        "         /usr/bin  1 bytes",
        "           /usr/bin/c  1 bytes",
        *outermost[1:],
    ]


def test_a_reason(tmp_path: Path) -> None:
    layout = Layout()
    layout.index(layout.image(packed=False))
    (image,) = inspect(read_facts(layout.write(tmp_path)))
    hello, app, env = ("0" * 32 + "-hello", "1" * 32 + "-app", "2" * 32 + "-env")
    way = (Step(CONFIG, app, "Cmd"), Step(app, hello, "bin/app"))
    referrers = {app: "bin/app", env: "bin/hello", ROOT: "/bin/hello"}
    assert reason_view(Reason(hello, way, referrers), image).splitlines() == [
        f"Path:      /nix/store/{hello}",
        "Layer:     1, 38 bytes",
        "Why:       the config, Cmd",
        f"           └─ {app}",
        f"              └─ {hello}  (bin/app)",
        "Also named by:",
        f"  {env}  (bin/hello)",
        "  /bin/hello",
    ]
    assert "neither the config nor" in reason_view(Reason(hello, (), {}), image)
