"""``imagetools hash``: hashes of files and trees, and hashes in other notations, as ``nix hash`` prints them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from imagetools.app.cli.arguments import ArgumentError, Debug

if TYPE_CHECKING:
    from imagetools.kernel.hashes import Hash

Base16 = Annotated[bool, typer.Option("--base16", help="Print base 16.")]
Base32 = Annotated[bool, typer.Option("--base32", help="Print Nix's base 32.")]
Base64 = Annotated[bool, typer.Option("--base64", help="Print base 64.")]
Sri = Annotated[bool, typer.Option("--sri", help="Print SRI, such as sha256-...= (the default).")]
Type = Annotated[str, typer.Option("--type", metavar="ALGO", help="md5, sha1, sha256 or sha512.")]
Known = Annotated[
    str | None,
    typer.Option("--type", metavar="ALGO", help="The algorithm, where a hash does not name it: md5, sha1, sha256, sha512."),
]
Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="What to hash.")]
Hashes = Annotated[
    list[str], typer.Argument(metavar="HASH...", help="Hashes in any notation: SRI, ALGO:HASH, or with --type bare.")
]

NOTATIONS: "dict[str, Callable[[Hash], str]]" = {
    "--base16": lambda value: value.base16(),
    "--base32": lambda value: value.base32(),
    "--base64": lambda value: value.base64(),
    "--sri": lambda value: value.sri(),
}


def notation(**wanted: bool) -> "Callable[[Hash], str]":
    """How to print, from the flags. Raises ArgumentError where there is more than one."""
    names = [f"--{name}" for name, on in wanted.items() if on]
    if len(names) > 1:
        raise ArgumentError(f"{names[0]} and {names[1]} exclude each other")
    return NOTATIONS[names[0] if names else "--sri"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Hash files and trees, and convert hashes.")
    app.add_typer(group, name="hash")

    @group.callback()
    def hashes() -> None:
        """Hash files and trees, and convert hashes.

        The hashes are those of `nix hash` and of outputHash in fixed-output derivations: a file's for outputHashMode = "flat", a
        path's (of its NAR) for "recursive"."""

    @group.command()
    def file(
        paths: Paths,
        type: Type = "sha256",
        base16: Base16 = False,
        base32: Base32 = False,
        base64: Base64 = False,
        sri: Sri = False,
        debug: Debug = False,
    ) -> None:
        """Print the hashes of files: of their bytes, nothing else.

        That is what `sha256sum` computes, and fetchurl asks for. A symlink is followed.

        Example: imagetools hash file --type sha512 image.tar.gz
        """
        del debug
        from imagetools.store.fs_nar import file_hash

        show = notation(base16=base16, base32=base32, base64=base64, sri=sri)
        _check(type)
        for path in paths:
            typer.echo(show(file_hash(path, type)[0]))

    @group.command()
    def path(
        paths: Paths,
        type: Type = "sha256",
        base16: Base16 = False,
        base32: Base32 = False,
        base64: Base64 = False,
        sri: Sri = False,
        debug: Debug = False,
    ) -> None:
        """Print the hashes of files or folders as NARs.

        That covers names, contents, symlinks and the executable bit, and nothing else; it is what `nix-hash` computes, and
        outputHashMode = "recursive" asks for.

        Example: imagetools hash path --base32 source/
        """
        del debug
        from imagetools.store.fs_nar import nar_hash

        show = notation(base16=base16, base32=base32, base64=base64, sri=sri)
        _check(type)
        for path in paths:
            typer.echo(show(nar_hash(path, type)[0]))

    for name, what in (
        ("sri", "SRI, such as sha256-...="),
        ("base16", "base 16"),
        ("base32", "Nix's base 32"),
        ("base64", "base 64"),
    ):
        _conversion(group, name, what)


def _conversion(group: typer.Typer, name: str, what: str) -> None:
    @group.command(name=f"to-{name}", help=f"Print hashes in {what}.")
    def convert(hashes: Hashes, type: Known = None, debug: Debug = False) -> None:
        del debug
        from imagetools.kernel.hashes import Hash

        _check(type)
        for text in hashes:
            typer.echo(NOTATIONS[f"--{name}"](Hash.parse(text, type)))


def _check(algo: str | None) -> None:
    from imagetools.kernel.hashes import check_algorithm

    if algo is not None:
        check_algorithm(algo)
