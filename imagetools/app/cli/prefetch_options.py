"""What the commands of ``imagetools prefetch`` have in common: options, a session, and what is printed."""

import json as json_format
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from imagetools.app.cli.arguments import Setting, Store, settings_with
from imagetools.app.cli.building import NoSandbox
from imagetools.app.cli.declare import Argument, Option, Options
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.fetcher_call import FetcherCall

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


def algorithms(parameters: Mapping[str, object], rest: Sequence[str], incomplete: str) -> list[str]:
    """The algorithms that ``--type`` could go on with, for the shell."""
    del parameters, rest
    return [name for name in ALGORITHMS if name.startswith(incomplete)]


Url = Annotated[str, Argument(metavar="URL", help="Where it is.", show_default=False)]
Expected = Annotated[
    str | None,
    Argument(metavar="[HASH]", help="The hash that is expected: nothing is downloaded if that is in the store."),
]
HashOption = Annotated[str | None, Option("--hash", metavar="HASH", help="The hash that is expected, in any notation.")]


class Fetching(Options):
    """How one thing is fetched, and what is printed."""

    type: Annotated[
        str,
        Option(
            "--type",
            metavar="ALGO",
            help="md5, sha1, sha256 or sha512.",
            autocompletion=algorithms,
        ),
    ] = "sha256"
    name: Annotated[str | None, Option("--name", metavar="NAME", help="Name in the store.")] = None
    print_path: Annotated[bool, Option("--print-path", help="Print the store path after the hash.")] = False
    json: Annotated[bool, Option("--json", help="Print hash, path, arguments and expression as JSON.")] = False
    quiet: Annotated[bool, Option("-Q", "--no-build-output", help="Do not show what happens on the way.")] = False
    store: Store = None
    no_sandbox: NoSandbox = False
    option: Setting = None

    def session(self, include: Sequence[str] | None = None) -> "Session":
        """What fetches."""
        from imagetools.app.compose import Session

        settings = settings_with(self.option).changed(
            store=self.store, include=include or (), sandbox=False if self.no_sandbox else None
        )
        return Session(settings, hide_output=self.quiet)


class FetchingAnew(Fetching, without=("name",)):
    """Of what has its name already."""


class FetchingImage(Fetching, without=("type", "name")):
    """Of an image, which has names of its own."""


def run(
    wishes: Fetching,
    expected: str | None,
    call: "FetcherCall",
    session: "Session | None" = None,
    *,
    only_arguments: bool = False,
) -> None:
    """Fetch, and print as wished; ``only_arguments``: no more than the set that the function takes."""
    from imagetools.app.prefetching import prefetch
    from imagetools.kernel.hashes import Hash, check_algorithm

    check_algorithm(wishes.type)
    wanted = Hash.parse(expected, wishes.type) if expected is not None else None
    session = session or wishes.session()
    done = prefetch(session, call, algo=wishes.type, expected=wanted)
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
