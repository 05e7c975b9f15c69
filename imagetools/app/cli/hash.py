"""``imagetools hash``: hashes of files and trees, and hashes in other notations, as ``nix hash`` prints them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Command, Group, Option, Options
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.kernel.hashes import Hash

Known = Annotated[
    str | None,
    Option("--type", metavar="ALGO", help="The algorithm, where a hash does not name it: md5, sha1, sha256, sha512."),
]
Paths = Annotated[list[str], Argument(metavar="PATH...", help="What to hash.")]
Hashes = Annotated[list[str], Argument(metavar="HASH...", help="Hashes in any notation: SRI, ALGO:HASH, or with --type bare.")]

NOTATIONS: "dict[str, Callable[[Hash], str]]" = {
    "--base16": lambda value: value.base16(),
    "--base32": lambda value: value.base32(),
    "--base64": lambda value: value.base64(),
    "--sri": lambda value: value.sri(),
}


class Hashing(Options):
    """Which hash, and how to print it."""

    type: Annotated[str, Option("--type", metavar="ALGO", help="md5, sha1, sha256 or sha512.")] = "sha256"
    base16: Annotated[bool, Option("--base16", help="Print base 16.")] = False
    base32: Annotated[bool, Option("--base32", help="Print Nix's base 32.")] = False
    base64: Annotated[bool, Option("--base64", help="Print base 64.")] = False
    sri: Annotated[bool, Option("--sri", help="Print SRI, such as sha256-...= (the default).")] = False

    def notation(self) -> "Callable[[Hash], str]":
        """How to print. Raises ArgumentError where several are wanted."""
        wanted = {"--base16": self.base16, "--base32": self.base32, "--base64": self.base64, "--sri": self.sri}
        names = [name for name, on in wanted.items() if on]
        if len(names) > 1:
            raise ArgumentError(f"{names[0]} and {names[1]} exclude each other")
        return NOTATIONS[names[0] if names else "--sri"]


def file(paths: Paths, hashing: Hashing) -> None:
    """Print the hashes of files: of their bytes, nothing else.

    That is what `sha256sum` computes, and fetchurl asks for. A symlink is followed.

    Example: imagetools hash file --type sha512 image.tar.gz
    """
    from imagetools.store.fs_nar import file_hash

    show = hashing.notation()
    _check(hashing.type)
    for path in paths:
        echo(show(file_hash(path, hashing.type)[0]))


def path(paths: Paths, hashing: Hashing) -> None:
    """Print the hashes of files or folders as NARs.

    That covers names, contents, symlinks and the executable bit, and nothing else; it is what `nix-hash` computes, and
    outputHashMode = "recursive" asks for.

    Example: imagetools hash path --base32 source/
    """
    from imagetools.store.fs_nar import nar_hash

    show = hashing.notation()
    _check(hashing.type)
    for path in paths:
        echo(show(nar_hash(path, hashing.type)[0]))


def _conversion(name: str, what: str) -> Command:
    def convert(hashes: Hashes, type: Known = None) -> None:
        from imagetools.kernel.hashes import Hash

        _check(type)
        for text in hashes:
            echo(NOTATIONS[f"--{name}"](Hash.parse(text, type)))

    return Command(f"to-{name}", convert, about=f"Print hashes in {what}.")


def _check(algo: str | None) -> None:
    from imagetools.kernel.hashes import check_algorithm

    if algo is not None:
        check_algorithm(algo)


DECLARED: Final = Group(
    "hash",
    """Hash files and trees, and convert hashes.

The hashes are those of `nix hash` and of outputHash in fixed-output derivations: a file's for outputHashMode = "flat", a
path's (of its NAR) for "recursive".""",
    Command("file", file),
    Command("path", path),
    _conversion("sri", "SRI, such as sha256-...="),
    _conversion("base16", "base 16"),
    _conversion("base32", "Nix's base 32"),
    _conversion("base64", "base 64"),
)
