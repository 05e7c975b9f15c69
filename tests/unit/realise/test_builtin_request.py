"""The request file, both ways, and what the process makes of it."""

import pytest

from imagetools.app.builtin_main import Context, NotAnInputError, find
from imagetools.builtin.api import BuiltinError, ShellFailedError
from imagetools.formats.closure import Closure
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import Hash
from imagetools.realise.builtin_request import Request, read, write

A, B, C = (StorePath(bytes([n] * 20), name) for n, name in enumerate("abc"))
ZERO = Hash.zero("sha256")
INFOS = {
    A: PathInfo(A, ZERO, 120, (B,), B, ("key:sig",), None, 5, True),
    B: PathInfo(B, ZERO, 121, (), None, (), ContentAddress("nar", ZERO)),
    C: PathInfo(C, ZERO, 122),
}
REQUEST = Request(
    "x",
    {"a": "\xff\n"},
    {"out": "/s/out"},
    {"out": "/nix/store/out"},
    StoreDir(),
    "/r/nix/store",
    "/s",
    True,
    None,
    Closure([A, C], INFOS),
)


def test_both_ways() -> None:
    again = read(write(REQUEST))
    assert again.closure.members == REQUEST.closure.members
    assert again.closure.roots == REQUEST.closure.roots
    assert (again.env, again.outputs, again.store_prefix, again.network) == (REQUEST.env, REQUEST.outputs, "/r/nix/store", True)


def test_context() -> None:
    context = Context(REQUEST, None, "")
    join = context.store_dir.join
    assert list(context.closure([join(A) + "/bin"]).members) == sorted([A, B])
    with pytest.raises(NotAnInputError, match="is not an input of this derivation"):
        context.closure([join(StorePath(bytes([9] * 20), "z"))])
    assert context.real_path(join(A) + "/x") == f"/r/nix/store/{A.base_name}/x"
    assert context.real_path("/etc/x") == "/etc/x"
    assert context.shell(["cat"], input=b"text", capture=True) == b"text"
    with pytest.raises(ShellFailedError, match="program 'sh' failed with exit code 3"):
        context.shell(["sh", "-c", "exit 3"])
    with pytest.raises(BuiltinError, match="cannot run '/no/such': No such file or directory"):
        context.shell(["/no/such"])


def test_find() -> None:
    assert find("fetchurl").name == "fetchurl"
    with pytest.raises(BuiltinError, match="unsupported builtin builder 'x'") as caught:
        find("x")
    assert "fetchurl" in (caught.value.hint or "")
