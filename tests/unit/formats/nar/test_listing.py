"""NAR listings: offsets point at the bytes; JSON both ways."""

import pytest
from hypothesis import given

from imagetools.formats.nar.listing import ListingError, Member, from_json, list_nar, to_json
from imagetools.kernel.bytestr import from_unicode
from tests.unit.formats.nar.trees import File, Folder, Link, Tree, encode, trees

TREE = Folder({b"bin": Folder({b"sh": File(b"#!", True)}), b"link": Link(b"bin/sh"), b"big": File(bytes(70_000))})


@given(trees())
def test_offsets_point_at_the_bytes(tree: Tree) -> None:
    data = encode(tree)
    for size in (1 << 20, 5):
        root = list_nar(data[start : start + size] for start in range(0, len(data), size))
        assert _same(tree, root, data)


def _same(tree: Tree, member: Member, data: bytes) -> bool:
    if isinstance(tree, File):
        found = data[member.offset : member.offset + member.size]
        return member.kind == "regular" and found == tree.data and member.executable == tree.executable
    if isinstance(tree, Link):
        return member.kind == "symlink" and member.target.encode("latin-1") == tree.target
    below = {name.encode("latin-1"): entry for name, entry in member.entries.items()}
    return (
        member.kind == "directory"
        and list(below) == sorted(tree.entries)
        and all(_same(tree.entries[name], entry, data) for name, entry in below.items())
    )


def test_json() -> None:
    text = to_json(list_nar([encode(TREE)]))
    assert text == (
        '{"root":{"entries":{"big":{"narOffset":232,"size":70000,"type":"regular"},'
        '"bin":{"entries":{"sh":{"executable":true,"narOffset":70584,"size":2,"type":"regular"}},"type":"directory"},'
        '"link":{"target":"bin/sh","type":"symlink"}},"type":"directory"},"version":1}'
    )
    assert from_json(text) == list_nar([encode(TREE)])


def test_walk_and_find() -> None:
    root = list_nar([encode(TREE)])
    assert [path for path, _ in root.walk()] == ["", "big", "bin", "bin/sh", "link"]
    assert [path for path, _ in root.walk("p")][:2] == ["p", "p/big"]
    found = root.find("/bin//sh")
    assert found is not None and found.executable
    assert root.find("") is root and root.find("bin/bash") is None and root.find("link/x") is None


def test_names_are_unicode_in_json_only() -> None:
    root = list_nar([encode(Folder({"ü".encode(): Link("ß".encode())}))])
    assert list(root.entries) == [from_unicode("ü")]
    assert '"ü":{"target":"ß"' in to_json(root)
    assert from_json(to_json(root)) == root
    with pytest.raises(ListingError) as caught:
        to_json(list_nar([encode(Folder({b"\xff": Link(b"x")}))]))
    assert caught.value.message == "bad NAR listing: the name 'ÿ' is not UTF-8"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"version":2,"root":{}}', "it is not of version 1"),
        ("[]", "it is not of version 1"),
        ('{"version":1}', "a member has no known type, or its fields are wrong"),
        ('{"version":1,"root":{"type":"fifo"}}', "a member has no known type, or its fields are wrong"),
        ('{"version":1,"root":{"type":"regular","size":-1}}', "a member has no known type, or its fields are wrong"),
        ('{"version":1,"root":{"type":"directory","entries":{"a":1}}}', "a member has no known type, or its fields are wrong"),
        ('{"version":1,"root":' + '{"type":"directory","entries":{"a":' * 2000, "its directories are nested too deeply"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(ListingError) as caught:
        from_json(text)
    assert caught.value.reason == reason
