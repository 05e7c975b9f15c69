"""The NAR writer: equal to the definition, and no wrong tree gets out."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given

from imagetools.formats.nar.writer import NarWriteError, NarWriter, file_nar
from imagetools.kernel.base32 import encode as base32
from tests.unit.formats.nar.trees import File, Folder, Tree, encode, push, trees


def write(tree: Tree, whole: bool = True) -> bytes:
    out: list[bytes] = []
    writer = NarWriter(out.append)
    push(tree, writer, whole)
    writer.finish()
    assert writer.size == len(b"".join(out))
    return b"".join(out)


@given(trees())
def test_equals_the_definition(tree: Tree) -> None:
    assert write(tree) == encode(tree)
    assert write(tree, whole=False) == encode(tree)


def test_vectors() -> None:
    """Appendix A: the folder ``test`` with a file ``world`` (001 nix-hash)."""
    nar = write(Folder({b"world": File(b"hello\n")}))
    assert hashlib.md5(nar).hexdigest() == "8179d3caeff1869b5ba1744e5a245c04"
    sha1 = hashlib.sha1(nar).digest()
    assert sha1.hex() == "e4fd8ba5f7bbeaea5ace89fe10255536cd60dab6"
    assert base32(sha1) == "nvd61k9nalji1zl9rrdfmsmvyyjqpzg4"


def test_one_file() -> None:
    assert file_nar(b"x", True) == write(File(b"x", True))
    assert file_nar(b"") == write(File(b""))


def test_small_pieces_leave_together_and_large_ones_untouched() -> None:
    out: list[bytes] = []
    writer = NarWriter(out.append)
    big = bytes(1 << 20)
    tree = Folder({b"a%03d" % number: File(b"x" * 100) for number in range(100)} | {b"b": File(big), b"c": File(b"")})
    push(tree, writer)
    writer.finish()
    assert b"".join(out) == encode(tree)
    assert len(out) == 3
    assert out[1] is big


Calls = list[tuple[str, tuple[object, ...]]]


def play(calls: Calls) -> None:
    writer = NarWriter(lambda _: None)
    for name, arguments in calls:
        call: Callable[..., object] = getattr(writer, name)
        call(*arguments)
    writer.finish()


FILE: tuple[str, tuple[object, ...]] = ("contents", (b"", False))


def named(*names: bytes) -> Calls:
    calls: Calls = [("directory", ())]
    for name in names:
        calls += [("entry", (name,)), FILE]
    return [*calls, ("close", ())]


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([], "it is not complete"),
        ([FILE, FILE], "a node comes where none is due"),
        ([("directory", ()), FILE], "a node comes where none is due"),
        ([("directory", ())], "it is not complete"),
        ([("close", ())], "a directory is closed that is not open, or in which an entry has no node"),
        (
            [("directory", ()), ("entry", (b"a",)), ("close", ())],
            "a directory is closed that is not open, or in which an entry has no node",
        ),
        ([("entry", (b"a",))], "the entry 'a' comes outside of a directory"),
        ([("directory", ()), ("entry", (b"a",)), ("entry", (b"b",))], "the entry 'b' comes outside of a directory"),
        ([("regular", (3, False)), ("data", (b"abcd",))], "a file has 1 bytes more than announced (did it change meanwhile?)"),
        ([("regular", (3, False)), ("end", ())], "a file lacks 3 announced bytes (did it change meanwhile?)"),
        ([("regular", (3, False)), FILE], "a node comes where none is due"),
        ([("regular", (3, False))], "it is not complete"),
        ([("regular", (-1, False))], "a file cannot have -1 bytes"),
        ([("end", ())], "no file is open"),
        ([("data", (b"a",))], "a file has 1 bytes more than announced (did it change meanwhile?)"),
        ([("symlink", (b"",))], "the link target '' is empty"),
        ([("symlink", (b"a\0",))], "the link target 'a\0' contains a zero byte"),
        ([("symlink", (b"x" * 4096,))], f"the link target '{'x' * 4096}' is longer than 4095 bytes"),
        (named(b"b", b"a"), "the name 'a' comes after 'b'; names must be sorted by their bytes"),
        (named(b"a", b"a"), "the name 'a' comes twice"),
        (named(b""), "the name '' is empty"),
        (named(b"a", b""), "the name '' is empty"),
        (named(b"."), "the name '.' stands for a directory itself"),
        (named(b".."), "the name '..' stands for a directory itself"),
        (named(b"a/b"), "the name 'a/b' contains a slash"),
        (named(b"a\0"), "the name 'a\0' contains a zero byte"),
        (named(b"x" * 256), f"the name '{'x' * 256}' is longer than 255 bytes"),
    ],
)
def test_refused(calls: Calls, reason: str) -> None:
    with pytest.raises(NarWriteError) as caught:
        play(calls)
    assert caught.value.message == f"cannot write this tree as a NAR: {reason}"
