"""``imagetools key``: the key pairs that binary caches are signed with (rows 6.082, 7.012)."""

import os
import sys
from typing import Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Command, Group
from imagetools.app.ui.terminal import echo


def generate(
    name: Annotated[str, Argument(metavar="NAME", help="The key's name, such as cache.example.org-1.")],
    secret: Annotated[str, Argument(metavar="SECRET", help="File for the secret key; only you can read it.")],
    public: Annotated[
        str | None, Argument(metavar="[PUBLIC]", help="File for the public key (default: it is only printed).")
    ] = None,
) -> None:
    """Make a key pair; print the public key, for --trusted-public-keys.

    Files are never overwritten. As `nix-store --generate-binary-cache-key NAME SECRET PUBLIC`.

    Example: imagetools key generate cache.example.org-1 cache.secret cache.public
    """
    from imagetools.formats.signing import SecretKey

    made = SecretKey.from_seed(name, os.urandom(32))
    _write(secret, str(made), 0o600)
    if public is not None:
        _write(public, str(made.public), 0o644)
    echo(str(made.public))


def public(
    secret: Annotated[str, Argument(metavar="SECRET", help="File with a secret key; - reads standard input.")] = "-",
) -> None:
    """Print the public key that belongs to a secret key."""
    from imagetools.app.caches import KeyFileError
    from imagetools.formats.signing import SecretKey

    if secret == "-":
        text = sys.stdin.read()
    else:
        try:
            with open(secret, encoding="latin-1") as file:
                text = file.read()
        except OSError as error:
            raise KeyFileError(f"cannot read '{secret}': {error.strerror}") from None
    echo(str(SecretKey.parse(text).public))


def _write(path: str, text: str, mode: int) -> None:
    from imagetools.app.caches import KeyFileError

    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise ArgumentError(f"'{path}' exists already", hint="a key is never overwritten: choose another name") from None
    except OSError as error:
        raise KeyFileError(f"cannot write '{path}': {error.strerror}") from None
    try:
        with open(fd, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        os.unlink(path)  # half a key is none
        raise KeyFileError(f"cannot write '{path}': {error.strerror}") from None


DECLARED: Final = Group(
    "key",
    "Make keys that sign binary caches.",
    Command("generate", generate),
    Command("public", public),
)
