"""``imagetools prefetch attr``: the right hashes for fetchers that stand in a definition already."""

import json as json_format
from typing import Final

from imagetools.app.cli.arguments import (
    Arg,
    ArgStr,
    Attributes,
    Expr,
    Files,
    Include,
    NoSandbox,
    Setting,
    ShowTrace,
    Store,
    pairs,
    settings_with,
)
from imagetools.app.cli.declare import Command
from imagetools.app.cli.prefetch_options import Json, PrintPath, Quiet, Type
from imagetools.app.ui.terminal import echo


def attr(
    files: Files = None,
    expr: Expr = False,
    attributes: Attributes = None,
    include: Include = None,
    arg: Arg = None,
    argstr: ArgStr = None,
    type: Type = "sha256",
    print_path: PrintPath = False,
    json: Json = False,
    quiet: Quiet = False,
    store: Store = None,
    no_sandbox: NoSandbox = False,
    option: Setting = None,
    show_trace: ShowTrace = False,
) -> None:
    """Fetch anew what fetchers in a definition name, whatever hash they have, and print the right hashes.

    As `nix-prefetch-url -A ATTR FILE`: for a definition whose version was changed. -A names what a fetcher gives, such as
    tool.src; without it, everything that FILE evaluates to is fetched.

    Example: imagetools prefetch attr images.nix -A tool.src
    """
    del show_trace
    from imagetools.app.cli.expressions import values
    from imagetools.app.compose import Session
    from imagetools.app.prefetching import refetch
    from imagetools.kernel.hashes import check_algorithm

    check_algorithm(type)
    settings = settings_with(option).changed(store=store, include=include or (), sandbox=False if no_sandbox else None)
    session = Session(settings, hide_output=quiet)
    found = session.run(lambda: list(values(session, files, expr, attributes, pairs("--arg", arg), pairs("--argstr", argstr))))
    join = session.store.store_dir.join
    fetched = [one for value in found for one in refetch(session, value, algo=type)]
    if json:
        rows = [
            {
                "name": one.path.name,
                "hash": one.hash.sri(),
                "specified": one.specified.sri(),
                "path": join(one.path),
                "physicalPath": session.store.real_path(one.path),
            }
            for one in fetched
        ]
        echo(json_format.dumps(rows, indent=2))
        return
    for one in fetched:
        for line in (one.hash.sri(), *([join(one.path)] if print_path else [])):
            echo(line)


DECLARED: Final = Command("attr", attr)
