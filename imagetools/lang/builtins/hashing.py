"""Hashes and placeholders."""

from typing import Final

from imagetools.formats.addressing import placeholder as placeholder_of
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import SIZES, Hash, HashError, digest
from imagetools.lang.builtins.attrsets import required
from imagetools.lang.builtins.files import real_path
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine


class UnknownHashAlgorithm(EvalError):
    """Not one of md5, sha1, sha256, sha512."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(f"unknown hash algorithm '{algorithm}', expect 'md5', 'sha1', 'sha256', or 'sha512'")
        self.algorithm = algorithm


def algorithm(m: Machine, v: object, what: str) -> str:
    """The name of a hash algorithm."""
    name = m.string(v, what)
    if name not in SIZES:
        raise UnknownHashAlgorithm(name)
    return name


def hash_string(m: Machine, type_: object, s: object) -> object:
    """The hash of the bytes of a string, in base 16; ``type`` is "md5", "sha1", "sha256" or "sha512".

    Fails on another ``type``. Example: ``builtins.hashString "md5" ""`` is "d41d8cd98f00b204e9800998ecf8427e". Row 5.087.
    """
    algo = algorithm(m, type_, "while evaluating the first argument passed to builtins.hashString")
    text, _ = m.string_ctx(s, "while evaluating the second argument passed to builtins.hashString")
    return digest(algo, to_bytes(text)).base16()


def hash_file(m: Machine, type_: object, p: object) -> object:
    """The hash of the bytes of a file, in base 16; ``type`` as for ``hashString``. Fails where the file cannot be read, and on
    another ``type``. Example: ``builtins.hashFile "sha256" ./x``. Row 5.088.
    """
    algo = algorithm(m, type_, "while evaluating the first argument passed to builtins.hashFile")
    return digest(algo, m.io.read_file(real_path(m, p))).base16()


def convert_hash(m: Machine, args: object) -> object:
    """A hash in another notation: ``{ hash, hashAlgo, toHashFormat }``, the format being "base16", "nix32", "base64" or
    "sri"; ``hashAlgo`` may be left out where the hash names it. Since Nix 2.19.

    Fails on a hash or a format that is none. Example: ``builtins.convertHash { hash =
    "md5:d41d8cd98f00b204e9800998ecf8427e"; toHashFormat = "sri"; }`` is "md5-1B2M2Y8AsgTpgAmY7PhCfg==".
    """
    attrs = m.attrs(args, "while evaluating the first argument passed to builtins.convertHash")
    text = m.string(required(m, attrs, "hash", "convertHash"), "while evaluating the attribute 'hash'")
    algo: str | None = None
    if "hashAlgo" in attrs.d:
        algo = algorithm(m, attrs.d["hashAlgo"], "while evaluating the attribute 'hashAlgo'")
    form = m.string(required(m, attrs, "toHashFormat", "convertHash"), "while evaluating the attribute 'toHashFormat'")
    try:
        found = Hash.parse(text, algo)
    except HashError as error:
        raise EvalError(error.message) from None
    if form == "base16":
        return found.base16()
    if form == "base32":
        m.io.trace('warning: "base32" is a deprecated alias for hash format "nix32".')
    if form in ("nix32", "base32"):
        return found.base32()
    if form == "base64":
        return found.base64()
    if form == "sri":
        return found.sri()
    raise EvalError(f"unknown hash format '{form}', expect 'base16', 'base32', 'base64', or 'sri'")


def placeholder(m: Machine, output: object) -> object:
    """A text that stands for the path of an output of the derivation that it is used in, until that is built.

    Example: ``placeholder "out"`` is "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9". Row 5.110.
    """
    return placeholder_of(m.string(output, "while evaluating the first argument passed to builtins.placeholder"))


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("hashString", hash_string, "type", "s"),
    builtin("hashFile", hash_file, "type", "p"),
    builtin("convertHash", convert_hash, "args"),
    plain("placeholder", placeholder, "output"),
)
