"""Images that were made to do harm: what inspect, validate and copy say of them, and that nothing is left behind."""

import gzip
import hashlib
import json
import tarfile
from collections.abc import Mapping

from tests.golden.bad_input.case import Case, Link
from tests.unit.image_io.archives import hole
from tests.unit.image_io.layouts import INDEX, MANIFEST, REF, Layout, blob, layer_tar, sha256
from tests.unit.image_io.test_archive_reader import Member, special, tar


def members(layers: list[bytes], *more: Member, **manifest: object) -> list[Member]:
    """Of a docker archive; ``manifest`` replaces fields of its entry."""
    rootfs = {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    entry = {"Config": name, "RepoTags": ["x:1"], "Layers": [f"{number}.tar" for number in range(len(layers))], **manifest}
    named = [(f"{number}.tar", layer) for number, layer in enumerate(layers)]
    return [*more, *named, (name, config), ("manifest.json", json.dumps([entry]).encode())]


def over(data: bytes, *words: str, more: Mapping[str | bytes, str | bytes | Link] | None = None) -> Case:
    """A command line over ``image.tar``."""
    return Case(["image", *words], {"image.tar": data, **(more or {})})


NO_ENGINE = {"DOCKER_HOST": "unix:///work/no.sock"}


def loading(data: bytes) -> Case:
    return Case(["load", "image.tar"], {"image.tar": data}, NO_ENGINE)


def loading_layout(layout: Layout) -> Case:
    return Case(["load", "layout"], {f"layout/{path}": data for path, data in layout.files.items()}, NO_ENGINE)


def over_layout(layout: Layout, *words: str, more: Mapping[str | bytes, str | bytes | Link] | None = None) -> Case:
    files: dict[str | bytes, str | bytes | Link] = {f"layout/{path}": data for path, data in layout.files.items()}
    return Case(["image", *words], {**files, **(more or {})})


LAYER = layer_tar("x")
UNSAFE = tar(
    ("../up", b"x"),
    ("/etc/passwd", b"x"),
    ("etc/../../up", b"x"),
    special("etc", tarfile.SYMTYPE, "/etc"),
    ("etc/shadow", b"x"),
    special("out", tarfile.LNKTYPE, "../../etc/shadow"),
    special("nowhere", tarfile.LNKTYPE, "/etc/shadow"),
    ("twice", b"1"),
    ("twice", b"2"),
    (".wh...", b""),
    ("a\x1b[2Jb\nc", b""),
)


def huge_header() -> bytes:
    """A name of two megabytes in a layer."""
    return tar(*members([tar(("x" * (2 << 20), b""))]))


def huge_outer_header() -> bytes:
    """An extended header that says it has a gibibyte."""
    return lying(special("x", tarfile.XHDTYPE).tobuf(), 1 << 30)


def lying(data: bytes, size: int) -> bytes:
    """The first member says that it has ``size`` bytes."""
    head = bytearray(data[:512])
    head[124:136] = (1 << 95 | size).to_bytes(12, "big") if size >= 1 << 33 else b"%011o\0" % size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[512:]


def linked_in_a_circle() -> bytes:
    found = [item for item in members([LAYER]) if isinstance(item, tuple) and item[0] != "0.tar"]
    return tar(special("0.tar", tarfile.SYMTYPE, "1.tar"), special("1.tar", tarfile.SYMTYPE, "0.tar"), *found)


def nested() -> Layout:
    layout = Layout()
    item = layout.image()
    for _ in range(12):
        item = layout.add_json(INDEX, {"schemaVersion": 2, "manifests": [item, item]})
    return layout.index(item)


def outside() -> tuple[Layout, dict[str | bytes, str | bytes | Link]]:
    """A layout whose layer is a link to a file of the host."""
    layout = Layout()
    layout.index(layout.image([LAYER], packed=False))
    del layout.files[blob(sha256(LAYER))]
    return layout, {f"layout/{blob(sha256(LAYER))}": Link("/etc/passwd")}


def lying_layout() -> Layout:
    """Every size is another one."""
    layout = Layout()
    item = layout.image([LAYER], packed=False)
    manifest = json.loads(layout.files[blob(item["digest"])])
    for part in (manifest["config"], *manifest["layers"]):
        part["size"] += 1
    return layout.index({**layout.add_json(MANIFEST, manifest), "size": 1 << 62})


def bad_index() -> Layout:
    """One good image, and three that are wrong in other ways."""
    layout = Layout()
    good = layout.image(tag=None, platform={"os": "linux", "architecture": "amd64"})
    other = layout.image([layer_tar("arm")], tag=None, platform={"os": "linux", "architecture": "arm64"})
    gone = layout.image([layer_tar("gone")], tag=None, platform={"os": "linux", "architecture": "s390x"}, packed=False)
    del layout.files[blob(sha256(layer_tar("gone")))]
    bad = layout.image([UNSAFE], tag=None, platform={"os": "linux", "architecture": "amd64"}, packed=False)
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": [good, other, gone, bad]}))


def two_machines() -> Layout:
    layout = Layout()
    images = [
        layout.image(tag=None, config={"architecture": name}, platform={"os": "linux", "architecture": name})
        for name in ("amd64", "arm64")
    ]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}))


def elsewhere() -> Layout:
    layout = Layout()
    images = [
        layout.image(tag=None, config={"architecture": name}, platform={"os": "linux", "architecture": name})
        for name in ("s390x", "riscv64")
    ]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}, annotations={REF: "x:1"}))


TWICE = tar(*members([LAYER]), ("0.tar", LAYER), *members([LAYER], RepoTags=["evil:1"])[-1:])
HALF = gzip.compress(tar(*members([LAYER])), mtime=0)[:150]
MISSING = tar(*members([LAYER])[1:])
OUTSIDE_LAYOUT, OUTSIDE_FILES = outside()
FOREIGN = tar(*members([LAYER], Layers=["../../../etc/passwd"]))
OTHER_CONFIG = tar(*members([LAYER])).replace(b'"os": "linux"', b'"os": "hurd "')
OTHER_LAYER = tar(("0.tar", layer_tar("y")), *members([LAYER])[1:])

CASES: Mapping[str, Case] = {
    "validating a layer with everything unsafe": over(tar(*members([UNSAFE])), "validate", "image.tar"),
    "validating an archive with strange members": over(
        tar(special("null", tarfile.CHRTYPE), special("disk", tarfile.BLKTYPE), ("../up", b""), ("/abs", b""), *members([LAYER])),
        "validate",
        "image.tar",
    ),
    "validating members twice": over(TWICE, "validate", "image.tar"),
    "copying members that are there twice": over(TWICE, "copy", "image.tar", "oci:new"),
    "validating a huge header": over(huge_header(), "validate", "image.tar"),
    "inspecting a huge header": over(huge_outer_header(), "inspect", "image.tar"),
    "copying from a huge header": over(huge_outer_header(), "copy", "image.tar", "oci:new"),
    "validating an archive that lies about a size": over(lying(tar(*members([LAYER])), 1 << 40), "validate", "image.tar"),
    "inspecting an archive that lies about a size": over(lying(tar(*members([LAYER])), 1 << 40), "inspect", "image.tar"),
    "copying an archive that lies about a size": over(lying(tar(*members([LAYER])), 1 << 40), "copy", "image.tar", "oci:new"),
    "validating a file of an exbibyte": over(tar(*members([hole(1 << 60)])), "validate", "image.tar"),
    "validating an archive without its layer": over(MISSING, "validate", "image.tar"),
    "inspecting an archive without its layer": over(MISSING, "inspect", "image.tar"),
    "copying an archive without its layer": over(MISSING, "copy", "image.tar", "oci:new"),
    "validating an archive with another layer": over(OTHER_LAYER, "validate", "image.tar"),
    "copying an archive with another layer": over(OTHER_LAYER, "copy", "image.tar", "docker-archive:new.tar"),
    "validating an archive that names a file of the host": over(FOREIGN, "validate", "image.tar"),
    "inspecting an archive that names a file of the host": over(FOREIGN, "inspect", "image.tar"),
    "copying an archive that names a file of the host": over(FOREIGN, "copy", "image.tar", "oci:new"),
    "validating links in a circle": over(linked_in_a_circle(), "validate", "image.tar"),
    "copying links in a circle": over(linked_in_a_circle(), "copy", "image.tar", "oci:new"),
    "validating half of a compressed archive": over(
        gzip.compress(tar(*members([LAYER])), mtime=0)[:150], "validate", "image.tar"
    ),
    "copying half of a compressed archive": over(HALF, "copy", "image.tar", "oci:new"),
    "validating indexes nested without end": over_layout(nested(), "validate", "layout"),
    "inspecting indexes nested without end": over_layout(nested(), "inspect", "layout"),
    "validating a layer that is a link to the host": over_layout(OUTSIDE_LAYOUT, "validate", "layout", more=OUTSIDE_FILES),
    "inspecting a layer that is a link to the host": over_layout(OUTSIDE_LAYOUT, "inspect", "layout", more=OUTSIDE_FILES),
    "copying a layer that is a link to the host": over_layout(OUTSIDE_LAYOUT, "copy", "layout", "oci:new", more=OUTSIDE_FILES),
    "validating a layout that lies about sizes": over_layout(lying_layout(), "validate", "layout"),
    "copying a layout that lies about sizes": over_layout(lying_layout(), "copy", "layout", "oci:new"),
    "validating an index with three bad images": over_layout(bad_index(), "validate", "layout"),
    "asking why a path is there that is not": over(tar(*members([LAYER])), "inspect", "image.tar", "--why", "openssl"),
    "asking why with a name that two paths have": over(
        tar(*members([layer_tar("0" * 32 + "-x-1", "1" * 32 + "-x-2")])), "inspect", "image.tar", "--why", "x"
    ),
    "asking why of an image for several machines": over_layout(
        two_machines(), "inspect", "layout", "--why", "x", "--platform", "linux/riscv64"
    ),
    "asking why of nothing": over_layout(Layout().index(), "inspect", "layout", "--why", "x"),
    "inspecting for a machine that it is not there for": over_layout(
        two_machines(), "inspect", "layout", "--platform", "linux/riscv64"
    ),
    "loading members that are there twice": loading(TWICE),
    "loading a huge header": loading(huge_outer_header()),
    "loading an archive that lies about a size": loading(lying(tar(*members([LAYER])), 1 << 40)),
    "loading an archive that names a file of the host": loading(FOREIGN),
    "loading a text": loading(b"x"),
    "loading half of a compressed archive": loading(HALF),
    "loading an archive with another config": loading(OTHER_CONFIG),
    "loading indexes nested without end": loading_layout(nested()),
    "loading a layout that lies about sizes": loading_layout(lying_layout()),
    "loading what is not there for this machine": loading_layout(elsewhere()),
    "validating an archive with another config": over(OTHER_CONFIG, "validate", "image.tar"),
    "copying an archive with another config": over(OTHER_CONFIG, "copy", "image.tar", "oci:new"),
    "contents that collide": Case(
        ["build", "x.nix"],
        {
            "x.nix": """with import <nixpkgs> { };
dockerTools.buildImage {
  name = "x";
  copyToRoot = map (path: builtins.path { inherit path; }) [ ./first ./second ./third ];
}
""",
            "first/etc/motd": "x",
            "first/bin/sh/deep": "x",
            "second/etc": "x",
            "third/bin/sh": "x",
        },
    ),
    "contents that are no folder": Case(
        [
            "build",
            "-E",
            'with import <nixpkgs> { }; dockerTools.buildImage { name = "x"; copyToRoot = [ (builtins.toFile "y" "") ]; }',
        ]
    ),
}
