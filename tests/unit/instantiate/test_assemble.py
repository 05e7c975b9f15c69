"""From collected attributes to a derivation, against paths that real Nix 2.8 computed."""

from collections.abc import Callable

import pytest

from imagetools.formats.store_path import StoreDir
from imagetools.instantiate.assemble import AssemblyError, Parts, assemble, read_algo, read_mode, read_outputs
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

STORE = StoreDir("/nix/store")


def nothing_known(path: str) -> Hash:
    raise AssertionError(path)


def parts(**changes: object) -> Parts:
    made = Parts("x")
    made.builder = "/b"
    made.system = "s"
    made.env = {"name": "x", "builder": "/b", "system": "s"}
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_simple_derivation() -> None:
    # nix-instantiate -E 'derivation { name = "x"; builder = "/b"; system = "s"; }'
    done = assemble(parts(), STORE, nothing_known)
    assert done.derivation.output_paths() == {"out": "/nix/store/irfh3cry3rcd0iby28idy248a9jnp02n-x"}
    assert done.derivation.env["out"] == done.derivation.output_paths()["out"]


def test_a_fixed_output_follows_from_name_and_hash_alone() -> None:
    # row 1.004 and Appendix A: flat sha256 of hello-2.10.tar.gz
    hash_ = "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i"
    for builder in ("/b", "/other"):
        made = Parts("hello-2.10.tar.gz")
        made.builder, made.system, made.output_hash, made.output_hash_algo = builder, "s", hash_, "sha256"
        done = assemble(made, STORE, nothing_known)
        assert done.derivation.output_paths() == {"out": "/nix/store/3x7dwzq014bblazs7kq20p9hyzz0qh8g-hello-2.10.tar.gz"}


def test_an_empty_hash_means_all_zeros() -> None:
    made = parts(output_hash="", output_hash_algo="sha256")
    fixed = assemble(made, STORE, nothing_known).derivation.fixed_output()
    assert fixed is not None
    assert fixed.hash == Hash.zero("sha256")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"builder": ""}, "required attribute 'builder' missing"),
        ({"system": ""}, "required attribute 'system' missing"),
        ({"name": "x.drv"}, "derivation names are not allowed to end in '.drv'"),
        ({"outputs": ["out", "dev"], "output_hash": "", "output_hash_algo": "sha256"}, "multiple outputs are not supported"),
    ],
)
def test_what_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(AssemblyError, match=message):
        assemble(parts(**changes), STORE, nothing_known)


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (read_outputs, ["out", "out"], "duplicate derivation output 'out'"),
        (read_outputs, ["drvPath"], "invalid derivation output name 'drvPath'"),
        (read_outputs, [], "empty set of outputs"),
        (read_mode, "zip", "invalid value 'zip' for 'outputHashMode'"),
        (read_algo, "crc32", "unknown hash algorithm 'crc32'"),
    ],
)
def test_special_attributes_are_checked(read: Callable[[object], object], value: object, message: str) -> None:
    with pytest.raises(ImagetoolsError, match=message):
        read(value)
