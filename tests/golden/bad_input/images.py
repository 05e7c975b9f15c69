"""Images that are wrong, or are asked for wrongly, and definitions of bundles and layouts with wrong arguments."""

from collections.abc import Mapping, Sequence

from tests.golden.bad_input.case import Case, Link
from tests.unit.image_io.layouts import INDEX, MANIFEST, TAR, Layout, blob, good, layer_tar, sha256

SET = "with import <nixpkgs> { }; ociTools."
NOWHERE = "sha256:" + "0" * 64


def over(layout: Layout, *words: str, name: str = "layout", more: Mapping[str | bytes, str | bytes | Link] | None = None) -> Case:
    """A command line over a layout."""
    files: dict[str | bytes, str | bytes | Link] = {f"{name}/{path}": data for path, data in layout.files.items()}
    return Case(["image", *words], {**files, **(more or {})})


def plain() -> Layout:
    layout = Layout()
    return layout.index(layout.image(packed=False))


def everything_wrong() -> Layout:
    layout = Layout()
    image = layout.image([TAR, b"no tar" * 200], packed=False, config={"rootfs": {"diff_ids": [sha256(b"x")]}, "os": 1})
    other = layout.image([layer_tar("a")], packed=False)
    layout.index(
        image, other, {"mediaType": "a/b", "digest": NOWHERE, "size": 1}, {"mediaType": MANIFEST, "digest": "sha256:../../x"}
    )
    layout.files[blob(sha256(layer_tar("a")))] += b"\0"
    layout.files["oci-layout"] = b'{"imageLayoutVersion":"2"}'
    return layout


def itself() -> Layout:
    name = sha256(b"loop")
    layout = Layout().index({"mediaType": INDEX, "digest": name, "size": 0})
    layout.files[blob(name)] = layout.files["index.json"]
    return layout


def without(text: bytes) -> Layout:
    """A layout whose layer is gone, or other bytes."""
    layout = plain()
    if text:
        layout.files[blob(sha256(TAR))] = text
    else:
        del layout.files[blob(sha256(TAR))]
    return layout


def wrong_diff_id() -> Layout:
    layout = Layout()
    return layout.index(layout.image(packed=False, config={"rootfs": {"diff_ids": [sha256(b"x")]}}))


def with_index(text: bytes) -> Layout:
    layout = plain()
    layout.files["index.json"] = text
    return layout


def two_images() -> Layout:
    layout = Layout()
    return layout.index(layout.image(tag="1", packed=False), layout.image([layer_tar("x")], tag="2", packed=False))


def twice() -> Layout:
    layout = Layout()
    return layout.index(layout.image(packed=False), layout.image([layer_tar("x")], packed=False))


def two_machines() -> Layout:
    layout = Layout()
    platforms = [{"os": "linux", "architecture": name} for name in ("arm64", "s390x")]
    images = [layout.image(tag=None, packed=False, config={"variant": item["architecture"]}, platform=item) for item in platforms]
    return layout.index(layout.add_json(INDEX, {"schemaVersion": 2, "manifests": images}))


def definition(text: str) -> Case:
    return Case(["eval", "-E", f"({SET}{text}).drvPath"])


def copying(layout: Layout, target: str, source: str = "layout", options: Sequence[str] = ()) -> Case:
    return over(layout, "copy", source, target, *options)


CASES: Mapping[str, Case] = {
    "a layout with everything wrong at once": over(everything_wrong(), "validate", "layout"),
    "a layout with a missing layer": over(without(b""), "validate", "oci:layout"),
    "a layout with a truncated layer": over(without(TAR[:1000]), "validate", "layout"),
    "a layout whose index points to itself": over(itself(), "validate", "layout"),
    "a layout with endless JSON": over(with_index(b"[" * 90_000), "validate", "layout"),
    "a layout with huge JSON": over(with_index(b'{"a":"' + b"x" * (9 << 20) + b'"}'), "validate", "layout"),
    "inspecting a layout without index": over(Layout(), "inspect", "layout"),
    "inspecting a layout whose layer is missing": over(without(b""), "inspect", "layout"),
    "inspecting an image that is not there": Case(["image", "inspect", "nothing"]),
    "inspecting something else": Case(["image", "inspect", "x.nix"], {"x.nix": "1\n"}),
    "inspecting a folder": Case(["image", "inspect", "folder"], {"folder/file": ""}),
    "inspecting a script that writes an image": Case(["image", "inspect", "x"], {"x": "#!/bin/sh\n" + "# \n" * 200}),
    "inspecting a name that is not there": over(two_images(), "inspect", "oci:layout:3"),
    "inspecting an image in a registry by a wrong name": Case(["image", "inspect", "docker://Alpine"]),
    "copying a layer that is missing": copying(without(b""), "oci:new"),
    "copying a layer that is truncated": copying(without(TAR[:1000]), "docker-archive:new.tar"),
    "copying a layer with other bytes": copying(without(bytes(len(TAR))), "oci:new"),
    "copying a layer that is not what the config says": copying(wrong_diff_id(), "docker-archive:new.tar"),
    "copying a digest that leaves the layout": copying(
        Layout().index({"mediaType": MANIFEST, "digest": "sha256:../../x", "size": 1}), "oci:new"
    ),
    "copying an index that points to itself": copying(itself(), "oci:new"),
    "copying an unknown media type": copying(Layout().index({"mediaType": "a/b", "digest": NOWHERE, "size": 1}), "oci:new"),
    "copying one of two images": copying(two_images(), "oci:new"),
    "copying a tag that is not there": copying(two_images(), "oci:new", "oci:layout:3"),
    "copying for a machine that it is not there for": copying(two_machines(), "oci:new", options=["--platform", "linux/amd64"]),
    "copying a name that is there twice": copying(twice(), "oci:new"),
    "copying to a path": copying(plain(), "new.tar"),
    "copying to a registry by a wrong name": copying(plain(), "docker://example.org/X"),
    "copying over a file": over(plain(), "copy", "layout", "docker-archive:there", more={"there": "x"}),
    "copying into a folder with something else": over(plain(), "copy", "layout", "oci:there", more={"there/file": "x"}),
    "copying into a folder that is not there": copying(plain(), "oci:no/such/folder"),
    "copying as what it is not": copying(plain(), "oci:new", "docker-archive:layout"),
    "copying with a wrong name": copying(plain(), "docker-archive:new.tar:Hello:1"),
    "copying with an unknown compressor": copying(plain(), "oci:new", options=["--compressor", "xz"]),
    "copying with a wrong platform": copying(plain(), "oci:new", options=["--platform", "amd64"]),
    "copying to an engine that does not answer": Case(
        ["image", "copy", "layout", "docker-daemon:x:1"],
        {f"layout/{path}": data for path, data in good().files.items()},
        {"DOCKER_HOST": "unix:///work/no.sock"},
    ),
    "a bundle without arguments": definition("buildContainer { args = [ ]; }"),
    "a bundle whose arguments are no list": definition('buildContainer { args = "/bin/sh"; }'),
    "a mount that is not absolute": definition('buildContainer { args = [ "x" ]; mounts.x = { type = "a"; source = "b"; }; }'),
    "a mount that leaves the root": definition(
        'buildContainer { args = [ "x" ]; mounts."/a/../.." = { type = "a"; source = "b"; }; }'
    ),
    "a mount without a source": definition('buildContainer { args = [ "x" ]; mounts."/x" = { type = "a"; }; }'),
    "a mount with something unknown": definition(
        'buildContainer { args = [ "x" ]; mounts."/x" = { type = "a"; source = "b"; option = [ ]; }; }'
    ),
    "a layout in an unknown format": definition('buildLayout { name = "x"; format = "zip"; }'),
    "a layout with an unknown compressor": definition('buildLayout { name = "x"; compressor = "xz"; }'),
    "a layout with an annotation that is no string": definition('buildLayout { name = "x"; annotations.a = 1; }'),
    "a layout for machine and machines": definition(
        'buildLayout { name = "x"; architecture = "arm64"; architectures = [ "amd64" ]; }'
    ),
    "a layout for no machine": definition('buildLayout { name = "x"; architectures = [ ]; }'),
    "a layout for machines that are no list": definition('buildLayout { name = "x"; architectures = "amd64"; }'),
    "a layout for a machine twice": definition('buildLayout { name = "x"; architectures = [ "amd64" "arm64" "amd64" ]; }'),
    "a layout for a machine with a strange name": definition('buildLayout { name = "x"; architectures = [ "x86-64" ]; }'),
    "a layout for a number": definition('buildLayout { name = "x"; architectures = [ 386 ]; }'),
    "a layout whose contents depend on an unknown system": definition(
        'buildLayout { name = "x"; architectures = [ "z80" ]; contents = machine: [ machine.system ]; }'
    ),
    "a layout whose function wants something else": definition(
        'buildLayout { name = "x"; architectures = [ "amd64" ]; contents = { cpu, ... }: [ cpu ]; }'
    ),
    "a layout whose tag is a function": definition(
        'buildLayout { name = "x"; architectures = [ "amd64" ]; tag = machine: "x"; }'
    ),
    "a layout with contents twice": definition('buildLayout { name = "x"; contents = [ ]; copyToRoot = [ bash ]; }'),
    "a layout with a bad name": definition('buildLayout { name = "x:1"; }'),
}
