"""Descriptors, indexes and manifests: written in one spelling, read with every problem."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.image.descriptor import Descriptor, Platform, blob_name, is_digest, shortened
from imagetools.image.json_text import JsonTextError, read_json
from imagetools.image.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from imagetools.image.oci_manifest import LayoutJsonError, OciIndex, OciManifest, read_manifest

digests = st.binary(min_size=32, max_size=32).map(lambda data: f"sha256:{data.hex()}")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
descriptors = st.builds(
    Descriptor,
    st.sampled_from([OCI_CONFIG, OCI_MANIFEST]),
    digests,
    st.integers(0, 1 << 62),
    st.dictionaries(texts, texts, max_size=3),
    st.none() | st.builds(Platform, texts, texts, texts),
    st.lists(texts, max_size=2).map(tuple),
)


@given(st.lists(descriptors, max_size=3).map(tuple), st.dictionaries(texts, texts, max_size=2))
def test_what_is_written_is_read(items: tuple[Descriptor, ...], annotations: dict[str, str]) -> None:
    index = OciIndex(items, annotations)
    assert OciIndex.parse(index.document(), "index.json") == index
    if items:
        manifest = OciManifest(items[0], items[1:], annotations)
        assert OciManifest.parse(manifest.document(), "x") == manifest


def test_spelling() -> None:
    digest = "sha256:" + "0" * 64
    manifest = OciManifest(Descriptor(OCI_CONFIG, digest, 1), (Descriptor(OCI_LAYER_GZIP, digest, 2),), {"b": "ü", "a": "1"})
    assert manifest.document().decode() == (
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":'
        f'"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":1}},"layers":[{{"mediaType":'
        f'"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{digest}","size":2}}],"annotations":{{"b":"ü","a":"1"}}}}'
    )


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("sha256:" + "0" * 64, True),
        ("sha512:" + "f" * 128, True),
        ("sha256:" + "0" * 63, False),
        ("sha256:" + "A" * 64, False),
        ("sha512:" + "0" * 64, False),
        ("md5:" + "0" * 32, False),
        ("sha256:" + "0" * 64 + "\n", False),
        ("sha256:../../x", False),
        ("", False),
    ],
)
def test_digests(text: str, good: bool) -> None:
    assert is_digest(text) == good


def test_blob_name() -> None:
    assert blob_name("sha256:ab") == "blobs/sha256/ab"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x), max_leaves=8
    )
)
def test_no_exception_for_any_json(value: object) -> None:
    text = json.dumps({"schemaVersion": 2, "config": value, "layers": value, "annotations": value}).encode()
    manifest, problems = read_manifest(text)
    assert manifest is None and problems
    with pytest.raises(LayoutJsonError):
        OciManifest.parse(text, "x")


@given(st.binary(max_size=40))
def test_no_other_exception_for_any_bytes(data: bytes) -> None:
    with contextlib.suppress(JsonTextError):
        read_json(data)


def test_what_strangers_write_stays_on_one_line() -> None:
    assert shortened("a\nb\x1b[2J") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[2J"
    assert len(shortened("x" * 1000)) == 100
