"""``imagetools prefetch``: fetch once, print the hash, and the call that fetches the same from now on."""

from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli import prefetch_attribute, prefetch_docker, prefetch_repositories
from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Command, Group, Option
from imagetools.app.cli.prefetch_options import Expected, Fetching, Url, run

if TYPE_CHECKING:
    from imagetools.app.fetcher_call import Argument as Value
    from imagetools.app.fetcher_call import FetcherCall

FlatRoot = Annotated[
    bool, Option("--no-strip-root", help="Keep what is at the top of the archive, be it one folder or many files.")
]


def url(
    url: Url,
    hash: Expected = None,
    *,
    unpack: Annotated[bool, Option("--unpack", help="Unpack the archive that comes: the same as `prefetch zip`.")] = False,
    executable: Annotated[bool, Option("--executable", help="Set the executable bit.")] = False,
    flat_root: FlatRoot = False,
    fetching: Fetching,
) -> None:
    """Fetch one file, as fetchurl does, and print its hash and the call.

    The file goes where `nix-prefetch-url` puts it: under its hash and the last part of URL. A file:///... URL adds a file of
    this machine, which is one way to satisfy requireFile.

    Exit code: 0 fetched, 1 error, 102 it has another hash than HASH.

    Examples: imagetools prefetch url https://example.org/tool-1.0.tar.gz | imagetools prefetch url --unpack
    https://example.org/tool-1.0.tar.gz
    """
    from imagetools.app.fetcher_call import FetcherCall, file_name

    name = fetching.name
    if unpack:
        if executable:
            raise ArgumentError("--unpack and --executable exclude each other")
        run(fetching, hash, _zip(url, name, None, flat_root))
        return
    if flat_root:
        raise ArgumentError("--no-strip-root means something with --unpack only")
    chosen = name or file_name(url)
    arguments: dict[str, Value] = {"url": url}
    arguments |= {"name": chosen} if chosen else {}
    run(fetching, hash, FetcherCall("fetchurl", arguments | ({"executable": True} if executable else {})))


def zip(
    url: Url,
    hash: Expected = None,
    *,
    flat_root: FlatRoot = False,
    extension: Annotated[
        str | None,
        Option("--extension", metavar="EXT", help="Kind of archive, such as tar.gz, where URL does not tell."),
    ] = None,
    fetching: Fetching,
) -> None:
    """Fetch an archive (zip, tar) and unpack it, as fetchzip does; print the hash of the folder and the call.

    The hash is that of `nix-prefetch-url --unpack`.

    Example: imagetools prefetch zip https://example.org/tool-1.0.zip
    """
    run(fetching, hash, _zip(url, fetching.name, extension, flat_root))


def _zip(url: str, name: str | None, extension: str | None, flat_root: bool) -> "FetcherCall":
    from imagetools.app.fetcher_call import FetcherCall

    arguments: dict[str, Value] = {"url": url}
    arguments |= {"name": name} if name else {}
    arguments |= {"extension": extension} if extension else {}
    return FetcherCall("fetchzip", arguments | ({"stripRoot": False} if flat_root else {}))


def patch(
    url: Url,
    hash: Expected = None,
    *,
    relative: Annotated[
        str | None, Option("--relative", metavar="FOLDER", help="What changes in this folder only, seen from it.")
    ] = None,
    strip_len: Annotated[int | None, Option("--strip-len", metavar="N", min=0, help="Take N folders off the names.")] = None,
    extra_prefix: Annotated[str | None, Option("--extra-prefix", metavar="TEXT", help="Put this before the names.")] = None,
    include: Annotated[
        list[str] | None, Option("--include", metavar="PATTERN", help="Keep these files only. Repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, Option("--exclude", metavar="PATTERN", help="Leave these files out. Repeatable.")
    ] = None,
    hunk: Annotated[list[int] | None, Option("--hunk", metavar="N", min=1, help="Keep these hunks only. Repeatable.")] = None,
    revert: Annotated[bool, Option("--revert", help="Turn the patch round.")] = False,
    decode: Annotated[
        str | None, Option("--decode", metavar="COMMAND", help="Pass it through this first, such as: base64 -d.")
    ] = None,
    fetching: Fetching,
) -> None:
    """Fetch a patch and put it in order, as fetchpatch2 does; print its hash and the call.

    Example: imagetools prefetch patch --strip-len 1 https://example.org/fix.patch
    """
    from imagetools.app.fetcher_call import FetcherCall, file_name

    chosen = fetching.name or file_name(url)
    wanted: dict[str, Value | None] = {
        "url": url,
        "name": chosen,
        "relative": relative,
        "stripLen": strip_len,
        "decode": decode,
        "extraPrefix": extra_prefix,
        "includes": tuple(include) if include else None,
        "excludes": tuple(exclude) if exclude else None,
        "hunks": tuple(hunk) if hunk else None,
        "revert": revert or None,
    }
    call = FetcherCall("fetchpatch2", {name: value for name, value in wanted.items() if value is not None})
    run(fetching, hash, call)


DECLARED: Final = Group(
    "prefetch",
    """Fetch something now, and print its hash and the call that fetches it.

What comes stays in the store, so a definition with the printed call downloads nothing. Secrets in URLs are used, but
never printed.""",
    Command("url", url),
    Command("zip", zip),
    *prefetch_repositories.DECLARED,
    Command("patch", patch),
    prefetch_docker.DECLARED,
    prefetch_attribute.DECLARED,
)
