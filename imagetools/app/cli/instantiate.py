"""``imagetools instantiate``: write derivations and print their paths, as ``nix-instantiate`` does."""

import json as json_format
from typing import Annotated, Final

from imagetools.app.cli.declare import Command, Option
from imagetools.app.cli.evaluation import Definition, Evaluation
from imagetools.app.ui.terminal import echo


def instantiate(
    definition: Definition,
    *,
    json: Annotated[
        bool, Option("--json", help="Print name, drvPath, outputName and outputs of each derivation as JSON.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Write nothing into the store: only print the paths.")] = False,
    evaluation: Evaluation,
) -> None:
    """Write derivations and print their paths.

    The expressions must be worth derivations, as for `nix-instantiate`.

    A set or list of derivations gives them all. An output other than out is printed as PATH!OUTPUT, as nix-instantiate does.
    """
    from imagetools.app.compose import Session

    settings = evaluation.settings(definition.include)
    session = Session(settings, read_only=dry_run, explain=evaluation.explain, watch=evaluation.watch(settings))
    found = definition.derivations(session)
    if json:
        echo(json_format.dumps([session.describe(item) for item in found], indent=2))
        return
    for item in found:
        echo(item.drv_path if item.output == "out" else f"{item.drv_path}!{item.output}")


DECLARED: Final = Command("instantiate", instantiate)
