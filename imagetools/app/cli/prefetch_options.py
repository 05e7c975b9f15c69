"""What the commands of ``imagetools prefetch`` have in common: options, a session, and what is printed."""

import json as json_format
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from imagetools.app.cli.arguments import settings_with
from imagetools.app.cli.declare import Argument, Option
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.fetcher_call import FetcherCall

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
Url = Annotated[str, Argument(metavar="URL", help="Where it is.", show_default=False)]
Expected = Annotated[
    str | None,
    Argument(metavar="[HASH]", help="The hash that is expected: nothing is downloaded if that is in the store."),
]
Type = Annotated[
    str,
    Option(
        "--type",
        metavar="ALGO",
        help="md5, sha1, sha256 or sha512.",
        autocompletion=lambda incomplete: [name for name in ALGORITHMS if name.startswith(incomplete)],
    ),
]
Name = Annotated[str | None, Option("--name", metavar="NAME", help="Name in the store.")]
PrintPath = Annotated[bool, Option("--print-path", help="Print the store path after the hash.")]
Json = Annotated[bool, Option("--json", help="Print hash, path, arguments and expression as JSON.")]
Quiet = Annotated[bool, Option("-Q", "--no-build-output", help="Do not show what happens on the way.")]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all the commands have in common."""

    expected: str | None
    type: str
    print_path: bool
    json: bool
    quiet: bool
    store: str | None
    no_sandbox: bool
    option: list[str] | None


def new_session(wishes: Wishes) -> "Session":
    """What fetches, with what the command line says."""
    from imagetools.app.compose import Session

    settings = settings_with(wishes.option).changed(store=wishes.store, sandbox=False if wishes.no_sandbox else None)
    return Session(settings, hide_output=wishes.quiet)


def run(wishes: Wishes, call: "FetcherCall", session: "Session | None" = None, *, only_arguments: bool = False) -> None:
    """Fetch, and print as wished; ``only_arguments``: no more than the set that the function takes."""
    from imagetools.app.prefetching import prefetch
    from imagetools.kernel.hashes import Hash, check_algorithm

    check_algorithm(wishes.type)
    expected = Hash.parse(wishes.expected, wishes.type) if wishes.expected is not None else None
    session = session or new_session(wishes)
    done = prefetch(session, call, algo=wishes.type, expected=expected)
    sri, path = done.hash.sri(), session.store.store_dir.join(done.path)
    expression = call.expression(sri)
    if wishes.json:
        described = {
            "hash": sri,
            "path": path,
            "physicalPath": session.store.real_path(done.path),
            "name": done.path.name,
            "function": call.function,
            "arguments": call.shown_arguments(),
            "expression": expression,
        }
        echo(json_format.dumps(described, indent=2))
    else:
        lines = [call.argument_set(sri)] if only_arguments else [sri, expression]
        for line in (*lines[:-1], *([path] if wishes.print_path else []), lines[-1]):
            echo(line)
    if call.has_secret:
        echo("note: *** stands for a secret that is not printed; a netrc file can hold it instead of the URL", err=True)
