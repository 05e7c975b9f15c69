"""Images to build on: what is read of them, which one is meant, and everything that is refused."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
import pyzstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagetools.archive.stream import ArchiveError
from imagetools.image.descriptor import Platform
from imagetools.image.manifest import ManifestError
from imagetools.image.oci_manifest import LayoutJsonError
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.archive_reader import NotAnImageError
from imagetools.image_io.base_choice import Wanted
from imagetools.image_io.base_image import BaseImage, open_base
from imagetools.image_io.block_stream import BlockStream
from imagetools.image_io.compressors import PlainSink
from imagetools.image_io.flatten_tar import Flattened
from imagetools.image_io.image_source import WhichImageError, WhichPlatformError
from imagetools.kernel.errors import ImagetoolsError

from . import layouts
from .archives import archive, file, folder, hard, hole, image, info, link, sha, tar, write

AMD64 = Platform("linux", "amd64")
HASH = "0" * 32
LIBC = f"{HASH}-libc"
HELLO = f"{HASH}-hello"
STORE = (folder("nix"), folder("nix/store"))
ONE = tar(*STORE, folder(f"nix/store/{LIBC}"), file(f"nix/store/{LIBC}/libc.so", b"code"))
TWO = tar(*STORE, folder(f"nix/store/{HELLO}"), link("bin", f"/nix/store/{HELLO}/bin"))

PACKERS = {
    "none": bytes,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": pyzstd.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def seen(path: str, tmp_path: Path, wanted: Wanted | None = None) -> tuple[BaseImage, list[bytes]]:
    with open_base(path, str(tmp_path), AMD64, wanted) as base:
        return base, [b"".join(base.open_layer(number)) for number in range(len(base.layers))]


@pytest.mark.parametrize("outer", PACKERS)
@pytest.mark.parametrize("inner", PACKERS)
def test_compressed_as_it_may_be(tmp_path: Path, outer: str, inner: str) -> None:
    packed = [PACKERS[inner](data) for data in (ONE, TWO)]
    path = write(tmp_path / "base", PACKERS[outer](archive(image((ONE, TWO), stored=packed))))
    base, tars = seen(path, tmp_path)
    assert tars == [ONE, TWO]
    assert base.names == ("base:1",) and base.platform == AMD64
    assert base.store_paths == {LIBC, HELLO}
    assert base.links == {b"bin": f"/nix/store/{HELLO}/bin".encode()}
    assert list(base.store_folders) == [b"nix", b"nix/store"]
    for layer, data, lies in zip(base.layers, (ONE, TWO), packed, strict=True):
        assert (layer.size, layer.diff_id.base16(), layer.compression) == (len(data), sha(data), inner)
        if inner in {"none", "gzip", "zstd"}:
            assert layer.blob is not None and (layer.blob.digest, layer.blob.size) == (f"sha256:{sha(lies)}", len(lies))
        else:
            assert layer.blob is None
        assert layer.place is not None and (layer.place.path, layer.place.compression) == (path, outer)
        if outer == "none":
            assert Path(path).read_bytes()[layer.place.offset :][: layer.place.size] == lies
    assert [dict(layer.history)["created_by"] for layer in base.layers] == ["layer 0", "layer 1"]
    assert os.listdir(tmp_path) == ["base"]


@pytest.mark.parametrize("form", ["folder", "tar"])
@pytest.mark.parametrize("packed", [True, False])
def test_layouts(tmp_path: Path, form: str, packed: bool) -> None:
    layout = layouts.Layout()
    layout.index(layout.image((ONE, TWO), packed=packed))
    path = layout.write(tmp_path / "base") if form == "folder" else layout.tar(tmp_path / "base")
    base, tars = seen(path, tmp_path)
    assert tars == [ONE, TWO]
    assert [layer.compression for layer in base.layers] == ["gzip" if packed else "none"] * 2
    assert base.environment == () and base.layers[0].history == ()


def test_what_upper_layers_hide(tmp_path: Path) -> None:
    other = f"{HASH}-other"
    layers = [
        ONE,
        tar(
            folder(f"nix/store/{HELLO}"), folder(f"nix/store/{other}"), link("bin", "usr/bin"), link("lib/x", "y"), link("a", "b")
        ),
        tar(file(f"nix/store/.wh.{LIBC}"), file(f"nix/store/{HELLO}/share/.wh.doc"), file(".wh.a"), folder("bin")),
        tar(folder(f"nix/store/{HELLO}"), file("lib/.wh..wh..opq"), link("lib/z", "y"), file(".wh..wh.plnk")),
    ]
    base, _ = seen(write(tmp_path / "base", archive(image(layers))), tmp_path)
    assert base.store_paths == {other, HELLO}
    assert base.links == {b"lib/z": b"y"}
    gone = [*layers, tar(file("nix/.wh..wh..opq"))]
    assert seen(write(tmp_path / "base", archive(image(gone))), tmp_path)[0].store_paths == set()
    gone = [*layers, tar(link("nix", "elsewhere"))]
    base, _ = seen(write(tmp_path / "base", archive(image(gone))), tmp_path)
    assert not base.store_paths and not base.store_folders


def test_half_of_a_store_object_is_none(tmp_path: Path) -> None:
    """An object that loses a part in the layer that repeats its folder is not whole."""
    layers = [ONE, tar(*STORE, folder(f"nix/store/{LIBC}"), file(f"nix/store/{LIBC}/.wh.libc.so"))]
    assert seen(write(tmp_path / "base", archive(image(layers))), tmp_path)[0].store_paths == set()


def test_names_as_nixpkgs_writes_them(tmp_path: Path) -> None:
    layer = tar(folder("/nix"), folder("./nix/store/"), folder(f"/nix/store/{LIBC}/"), file(f"/nix/store/{LIBC}/x"), folder("./"))
    assert seen(write(tmp_path / "base", archive(image((layer,)))), tmp_path)[0].store_paths == {LIBC}


def test_equal_layers(tmp_path: Path) -> None:
    base, tars = seen(write(tmp_path / "base", archive(image((ONE, TWO, ONE)))), tmp_path)
    assert tars == [ONE, TWO, ONE]
    assert [dict(layer.history)["created_by"] for layer in base.layers] == ["layer 0", "layer 1", "layer 2"]


def test_members_that_are_links(tmp_path: Path) -> None:
    """As docker save writes equal layers."""
    entry, members = image((ONE, TWO))
    first, second = entry["Layers"]
    files = [file(name, data) for name, data in members.items() if name != second]
    packed = tar(*files, link("x/layer.tar", f"../{first}"), file("manifest.json", json.dumps([entry]).encode()))
    with pytest.raises(BrokenImageError, match=f"{second}: it is missing"):
        seen(write(tmp_path / "base", packed), tmp_path)
    entry, members = image((ONE, ONE))
    entry["Layers"][1] = "x/layer.tar"
    files = [file(name, data) for name, data in members.items()]
    packed = tar(*files, link("x/layer.tar", f"../{first}"), file("manifest.json", json.dumps([entry]).encode()))
    assert seen(write(tmp_path / "base", packed), tmp_path)[1] == [ONE, ONE]


TAGS = [("one:1", "one:2"), ("docker.io/library/two:1",), (), ("host:5000/three:latest",)]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (Wanted(), 0),
        (Wanted("one"), 0),
        (Wanted("one", "2"), 0),
        (Wanted("two"), 1),
        (Wanted("docker.io/library/two", "1"), 1),
        (Wanted("docker.io/library/one", "1"), 0),
        (Wanted(None, "latest"), 3),
        (Wanted("host:5000/three"), 3),
    ],
)
@pytest.mark.parametrize("kind", ["archive", "layout"])
def test_which_image(tmp_path: Path, wanted: Wanted, number: int, kind: str) -> None:
    tars = [tar(file(str(place))) for place in range(len(TAGS))]
    if kind == "archive":
        path = write(tmp_path / "base", archive(*(image((data,), names) for data, names in zip(tars, TAGS, strict=True))))
    else:
        layout = layouts.Layout()
        items = []
        for data, names in zip(tars, TAGS, strict=True):
            made = layout.image((data,), tag=None)
            full = [{"annotations": {"io.containerd.image.name": name}} for name in names]
            items += [{**made, **more} for more in full] or [made]
        path = layout.index(*items).write(tmp_path / "base")
    assert seen(path, tmp_path, wanted)[1] == [tars[number]]


@pytest.mark.parametrize("wanted", [Wanted("four"), Wanted("one", "3"), Wanted(None, "3"), Wanted("library/two")])
def test_no_such_image(tmp_path: Path, wanted: Wanted) -> None:
    path = write(tmp_path / "base", archive(*(image((ONE,), names) for names in TAGS)))
    with pytest.raises(WhichImageError) as caught:
        seen(path, tmp_path, wanted)
    assert caught.value.message == f"there is no image '{wanted}'"
    assert caught.value.hint == "it has one:1, one:2, two:1, host:5000/three:latest"


def test_a_tag_alone_is_enough_for_a_layout(tmp_path: Path) -> None:
    layout = layouts.Layout()
    path = layout.index(layout.image((ONE,), tag="1"), layout.image((TWO,), tag="2")).write(tmp_path / "base")
    assert seen(path, tmp_path, Wanted(None, "2"))[1] == [TWO]
    with pytest.raises(WhichImageError):
        seen(path, tmp_path, Wanted("x", "2"))


def test_machines(tmp_path: Path) -> None:
    layout = layouts.Layout()
    items = [
        {**layout.image((data,), config={"architecture": cpu}), "platform": {"os": "linux", "architecture": cpu}}
        for cpu, data in (("arm64", ONE), ("amd64", TWO))
    ]
    index = layout.add_json(layouts.INDEX, {"schemaVersion": 2, "manifests": items}, annotations={layouts.REF: "x"})
    path = layout.index(index).write(tmp_path / "base")
    assert seen(path, tmp_path)[1] == [TWO]
    with pytest.raises(WhichPlatformError), open_base(path, str(tmp_path), Platform("linux", "s390x")):
        pass


def spoilt(**changes: Any) -> bytes:
    """An archive with fields of the config replaced."""
    return archive(image((ONE,), config=changes))


def with_member(*members: Any) -> bytes:
    return archive(image((tar(*STORE, *members),)))


def twice() -> bytes:
    entry, members = image((ONE,))
    manifest = file("manifest.json", json.dumps([entry]).encode())
    return tar(*(file(name, data) for name, data in members.items()), manifest, manifest)


def shortened_archive() -> bytes:
    return archive(image((ONE,)))[:2000]


def huge_header() -> bytes:
    """A pax header that says it has 1 GiB."""
    head = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    member = tarfile.TarInfo("x")
    member.type = b"x"
    member.size = 1 << 30
    head[:] = member.tobuf(tarfile.USTAR_FORMAT)
    return bytes(head)


def sizes_that_lie() -> bytes:
    member = tarfile.TarInfo("big")
    member.size = 1 << 40
    return archive(image((member.tobuf(tarfile.GNU_FORMAT) + bytes(1024),)))


def other_bytes() -> bytes:
    entry, members = image((ONE,))
    return archive((entry, {**members, entry["Layers"][0]: TWO}))


def packed_other_bytes() -> bytes:
    return archive(image((ONE,), stored=(gzip.compress(TWO),)))


def damaged_gzip() -> bytes:
    return archive(image((ONE,), stored=(gzip.compress(ONE)[:-20],)))


def other_config() -> bytes:
    entry, members = image((ONE,))
    return archive((entry, {**members, entry["Config"]: members[entry["Config"]] + b" "}))


def manifest_of(value: Any) -> bytes:
    return archive(image((ONE,)), **{"manifest.json": json.dumps(value).encode()})


def bomb() -> bytes:
    """Names of 100 MB in a pax header."""
    record = b"path=" + b"x/" * 300_000
    text = b"%d %b\n" % (len(record) + 8, record)
    member = tarfile.TarInfo("x")
    member.type = b"x"
    member.size = len(text)
    return archive(image((member.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512) + tar(file("y")),)))


HOSTILE: dict[str, tuple[bytes, type[ImagetoolsError], str]] = {
    "..": (with_member(file("../x")), BrokenImageError, "the member '../x' leaves the image's root"),
    "inner ..": (with_member(file("a/../../x")), BrokenImageError, "the member 'a/../../x' leaves the image's root"),
    "absolute ..": (with_member(file("/../x")), BrokenImageError, "the member '/../x' leaves the image's root"),
    "hard link out": (with_member(hard("x", "../../etc/passwd")), BrokenImageError, "the member '../../etc/passwd' leaves"),
    "whiteout out": (with_member(file("../.wh.x")), BrokenImageError, "the member '../.wh.x' leaves the image's root"),
    "long part": (with_member(file("x" * 300)), BrokenImageError, "is too long"),
    "long name": (bomb(), BrokenImageError, "is too long"),
    "control characters": (with_member(file("../\x1b[2J")), BrokenImageError, r"the member '../\x1b[2J' leaves"),
    "a hole": (
        archive(image((hole(1 << 60),))),
        BrokenImageError,
        "'hole' says that it has 1152921504606846976 bytes",
    ),
    "twice": (twice(), BrokenImageError, "manifest.json: the archive has this member twice"),
    "short": (shortened_archive(), ArchiveError, "it ends early"),
    "huge header": (huge_header(), ArchiveError, "an extended header larger than 1 MiB"),
    "huge header in a layer": (archive(image((huge_header(),))), ArchiveError, "an extended header larger than 1 MiB"),
    "sizes": (sizes_that_lie(), ArchiveError, "it ends early"),
    "other bytes": (other_bytes(), BrokenImageError, f"its diff ID is sha256:{sha(TWO)}, the config says sha256:{sha(ONE)}"),
    "packed other bytes": (packed_other_bytes(), BrokenImageError, f"its diff ID is sha256:{sha(TWO)}, the config says"),
    "damaged gzip": (damaged_gzip(), ArchiveError, "bad gzip data"),
    "other config": (other_config(), BrokenImageError, "its bytes have the digest"),
    "no layers in the config": (spoilt(rootfs={}), BrokenImageError, "it has no rootfs.diff_ids"),
    "more layers in the config": (
        spoilt(rootfs={"diff_ids": [f"sha256:{sha(ONE)}"] * 2}),
        BrokenImageError,
        "it has 2 diff_ids, the manifest has 1 layers",
    ),
    "no diff ID": (spoilt(rootfs={"diff_ids": ["sha256:x"]}), BrokenImageError, "a diff ID that is none, 'sha256:x'"),
    "environment": (spoilt(config={"Env": ["A=1", 2]}), BrokenImageError, "its Env is no list of strings"),
    "no manifest": (tar(file("x")), BrokenImageError, "manifest.json: it is missing"),
    "manifest of nothing": (manifest_of([]), ManifestError, "it is no list of images"),
    "manifest out": (manifest_of([{"Config": "../x", "Layers": []}]), ManifestError, "a member outside the archive"),
    "a folder as a layer": (
        tar(folder("x"), file("manifest.json", b'[{"Config":"x","Layers":[]}]')),
        BrokenImageError,
        "x: it is missing",
    ),
    "a device as a layer": (
        tar(info("x", tarfile.CHRTYPE), file("manifest.json", b'[{"Config":"x","Layers":[]}]')),
        BrokenImageError,
        "x: it is missing",
    ),
    "links in a circle": (
        tar(link("x", "y"), link("y", "x"), file("manifest.json", b'[{"Config":"x","Layers":[]}]')),
        BrokenImageError,
        "x: it is missing",
    ),
    "a text": (b"FROM scratch\n" * 100, NotAnImageError, "is a text, neither a docker archive nor an OCI layout"),
    "a script": (b"#!/bin/sh\n" * 100, NotAnImageError, "is a script, neither"),
    "nothing": (b"", NotAnImageError, "neither a docker archive nor an OCI layout"),
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("packed", [False, True])
def test_hostile_archives(tmp_path: Path, case: str, packed: bool) -> None:
    data, kind, sentence = HOSTILE[case]
    if packed and kind is NotAnImageError:
        pytest.skip("it is no archive then")
    path = write(tmp_path / "base", gzip.compress(data) if packed else data)
    with pytest.raises(kind) as caught, open_base(path, str(tmp_path), AMD64) as base:
        assert base.environment is not None
        for number in range(len(base.layers)):
            for _ in base.open_layer(number):
                pass
    assert sentence in caught.value.message
    assert os.listdir(tmp_path) == ["base"]


def broken_layout(case: str) -> layouts.Layout:
    layout = layouts.Layout()
    made = layout.image((ONE,))
    layer = layouts.blob(layouts.sha256(gzip.compress(ONE, mtime=0)))
    if case == "size":
        made = layout.image((ONE,), manifest={"layers": [layout.add(layouts.LAYER, gzip.compress(ONE, mtime=0)) | {"size": 7}]})
    elif case == "bytes":
        layout.files[layer] = gzip.compress(ONE, mtime=1)
    elif case == "missing":
        del layout.files[layer]
    elif case == "not compressed":
        made = layout.image((ONE,), manifest={"layers": [layout.add(layouts.LAYER, ONE)]})
    elif case == "unknown type":
        made = layout.image((ONE,), manifest={"layers": [layout.add("application/x", ONE)]})
    elif case == "deep":
        for _ in range(10):
            made = layout.add_json(layouts.INDEX, {"schemaVersion": 2, "manifests": [made]})
    elif case == "wide":
        for _ in range(7):
            made = layout.add_json(layouts.INDEX, {"schemaVersion": 2, "manifests": [made] * 1000})
    elif case == "itself":
        layout.files[layouts.blob("sha256:" + "0" * 64)] = b"{}"
        made = {"mediaType": layouts.INDEX, "digest": "sha256:" + "0" * 64, "size": 2}
    elif case == "digest":
        made["digest"] = "sha256:../../../etc/passwd"
    return layout.index(made)


@pytest.mark.parametrize(
    ("case", "kind", "sentence"),
    [
        ("size", BrokenImageError, "bytes instead of 7"),
        ("bytes", BrokenImageError, "its bytes have the digest"),
        ("missing", BrokenImageError, "it is missing"),
        (
            "not compressed",
            BrokenImageError,
            "its media type is application/vnd.oci.image.layer.v1.tar+gzip, its compression none",
        ),
        ("unknown type", BrokenImageError, "the media type 'application/x' of the layer"),
        ("deep", BrokenImageError, "indexes are nested deeper than 8"),
        ("itself", BrokenImageError, "its bytes have the digest"),
        ("digest", LayoutJsonError, "manifest 1 has a digest that is none"),
    ],
)
def test_hostile_layouts(tmp_path: Path, case: str, kind: type[ImagetoolsError], sentence: str) -> None:
    path = broken_layout(case).write(tmp_path / "base")
    with pytest.raises(kind) as caught:
        seen(path, tmp_path)
    assert sentence in caught.value.message


def test_an_index_of_indexes_of_indexes(tmp_path: Path) -> None:
    """1000 to the power of 7 ways lead to one image."""
    path = broken_layout("wide").write(tmp_path / "base")
    assert seen(path, tmp_path)[1] == [ONE]


def test_a_link_out_of_a_layout(tmp_path: Path) -> None:
    layout = layouts.good()
    path = layout.write(tmp_path / "base")
    name = next(name for name in layout.files if name.startswith("blobs"))
    (tmp_path / "base" / name).rename(tmp_path / "outside")
    (tmp_path / "base" / name).symlink_to(tmp_path / "outside")
    with pytest.raises(BrokenImageError, match="it cannot be read"):
        seen(path, tmp_path)


def test_devices_are_part_of_images(tmp_path: Path) -> None:
    node = info("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3)
    path = write(tmp_path / "base", with_member(folder("dev"), node, info("pipe", tarfile.FIFOTYPE)))
    _, (data,) = seen(path, tmp_path)
    with tarfile.open(fileobj=io.BytesIO(data)) as layer:
        assert "dev/null" in layer.getnames()


@pytest.mark.parametrize("good", [True, False])
def test_long_digests(tmp_path: Path, good: bool) -> None:
    packed = gzip.compress(ONE, mtime=0)
    layout = layouts.Layout()
    described = layout.add(layouts.LAYER, packed)
    digest = "sha512:" + hashlib.sha512(packed if good else b"").hexdigest()
    layout.files[layouts.blob(digest)] = layout.files.pop(layouts.blob(described["digest"]))
    made = layout.image((ONE,), manifest={"layers": [{**described, "digest": digest}]})
    path = layout.index(made).write(tmp_path / "base")
    if good:
        base, tars = seen(path, tmp_path)
        assert tars == [ONE] and base.layers[0].blob is not None
        assert base.layers[0].blob.digest == f"sha256:{sha(packed)}"
    else:
        with pytest.raises(BrokenImageError, match="its bytes have the digest sha512:"):
            seen(path, tmp_path)


def test_times_that_are_none(tmp_path: Path) -> None:
    told = [
        {"created": "yesterday", "comment": "c"},
        {"created": "0001-01-01T00:00:00Z", "empty_layer": True},
        {"created": "0001-01-01T00:00:00Z", "created_by": 7, "author": "a"},
    ]
    base, _ = seen(write(tmp_path / "base", archive(image((ONE, TWO), config={"history": told}))), tmp_path)
    assert [dict(layer.history) for layer in base.layers] == [
        {"comment": "c"},
        {"created": "0001-01-01T00:00:00Z", "author": "a"},
    ]
    base, _ = seen(write(tmp_path / "base", archive(image((ONE, TWO), config={"history": told[:1]}))), tmp_path)
    assert [layer.history for layer in base.layers] == [(), ()]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 9000), junk=st.binary(min_size=1, max_size=3), packed=st.booleans())
def test_damage_is_an_error_of_ours(tmp_path: Path, place: int, junk: bytes, packed: bool) -> None:
    """Whatever is changed: an image that can be flattened, or an error with a sentence."""
    whole = archive(image((ONE, TWO), stored=(gzip.compress(ONE, mtime=0), TWO)))
    data = bytearray(gzip.compress(whole, mtime=0) if packed else whole)
    place %= len(data)
    data[place : place + len(junk)] = junk
    path = write(tmp_path / "base", bytes(data))
    try:
        with open_base(path, str(tmp_path), AMD64) as base, BlockStream(PlainSink(io.BytesIO())) as stream:
            assert base.environment is not None
            Flattened(base).write(stream)
    except ImagetoolsError as error:
        assert error.message


def test_folders_that_names_make_known(tmp_path: Path) -> None:
    layers = [
        tar(file("a/b/c/d"), folder("e"), folder("f/g"), file("h"), folder("i/j/k"), link("l", "x")),
        tar(file("i/.wh.j"), file("e"), folder("l"), file("m/.wh.n")),
    ]
    base, _ = seen(write(tmp_path / "base", archive(image(layers))), tmp_path)
    assert base.upper_folders == {b"a", b"a/b", b"f", b"f/g", b"i", b"l"}


def test_many_whiteouts_and_many_links(tmp_path: Path) -> None:
    """Each is looked at once."""
    number = 10_000
    lower = tar(*(link(f"d/{place}", "x") for place in range(number)))
    upper = tar(*(file(f"d/.wh.{place}") for place in range(number - 1)))
    base, _ = seen(write(tmp_path / "base", archive(image((lower, upper)))), tmp_path)
    assert list(base.links) == [f"d/{number - 1}".encode()]
