"""``imagetools prefetch attr``: the right hashes for fetchers that stand in a definition already."""

import json as json_format
from typing import Final

from imagetools.app.cli.arguments import ShowTrace
from imagetools.app.cli.declare import Command
from imagetools.app.cli.evaluation import Definition
from imagetools.app.cli.prefetch_options import FetchingAnew
from imagetools.app.ui.terminal import echo


def attr(definition: Definition, fetching: FetchingAnew, show_trace: ShowTrace = False) -> None:
    """Fetch anew what fetchers in a definition name, whatever hash they have, and print the right hashes.

    As `nix-prefetch-url -A ATTR FILE`: for a definition whose version was changed. -A names what a fetcher gives, such as
    tool.src; without it, everything that FILE evaluates to is fetched.

    Example: imagetools prefetch attr images.nix -A tool.src
    """
    del show_trace
    from imagetools.app.prefetching import refetch
    from imagetools.kernel.hashes import check_algorithm

    check_algorithm(fetching.type)
    session = fetching.session(definition.include)
    found = session.run(lambda: list(definition.values(session)))
    join = session.store.store_dir.join
    fetched = [one for value in found for one in refetch(session, value, algo=fetching.type)]
    if fetching.json:
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
        for line in (one.hash.sri(), *([join(one.path)] if fetching.print_path else [])):
            echo(line)


DECLARED: Final = Command("attr", attr)
