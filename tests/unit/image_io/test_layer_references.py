"""Which store paths the files of an image refer to."""

import io
import tarfile
from collections.abc import Iterator

from imagetools.image.why import ROOT
from imagetools.image_io.layer_references import layer_references

A, B, C = ("a" * 32 + "-app", "b" * 32 + "-bash", "c" * 32 + "-curl")
NAMES = {name[:32]: name for name in (A, B, C)}


class Layers:
    """Members that are layers."""

    def __init__(self, **layers: bytes) -> None:
        self._layers = layers

    def __contains__(self, name: object, /) -> bool:
        return name in self._layers

    def size(self, name: str) -> int:
        return len(self._layers[name])

    def pieces(self, name: str, start: int = 0) -> Iterator[bytes]:
        yield self._layers[name][start:]


def layer(**files: str) -> bytes:
    """``@`` before a target makes a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            if text.startswith("@"):
                member.type, member.linkname = tarfile.SYMTYPE, text[1:]
                tar.addfile(member)
            else:
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def test_each_with_the_first_file_that_refers() -> None:
    members = Layers(
        low=layer(
            **{
                f"nix/store/{A}/bin/one": f"x {B} {A}",
                f"nix/store/{A}/bin/two": f"{B}/{C}",
                f"nix/store/{B}": "a single file",
                f"./nix/store/{C}/link": f"@/nix/store/{B}",
            }
        ),
        high=layer(**{"bin/app": f"@/nix/store/{A}/bin/one", "etc/note": "z" * 32}),
    )
    assert layer_references(members, ["low", "high", "low"], NAMES) == {
        A: {B: "bin/one", A: "bin/one", C: "bin/two"},
        C: {B: "link"},
        ROOT: {A: "/bin/app"},
    }


def test_a_single_file_names_itself() -> None:
    members = Layers(low=layer(**{f"nix/store/{B}": f"see {C}"}))
    assert layer_references(members, ["low"], NAMES) == {B: {C: "itself"}}
