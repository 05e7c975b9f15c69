"""``imagetools instantiate``: write derivations and print their paths, as ``nix-instantiate`` does."""

import json as json_format
from typing import Annotated

import typer

from imagetools.app.cli.arguments import (
    Arg,
    ArgStr,
    Attributes,
    Debug,
    Expr,
    Files,
    Include,
    PureEval,
    RestrictEval,
    ShowTrace,
    Store,
    System,
    pairs,
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def instantiate(
        files: Files = None,
        expr: Expr = False,
        attributes: Attributes = None,
        include: Include = None,
        arg: Arg = None,
        argstr: ArgStr = None,
        json: Annotated[
            bool, typer.Option("--json", help="Print name, drvPath, outputName and outputs of each derivation as JSON.")
        ] = False,
        pure_eval: PureEval = False,
        restrict_eval: RestrictEval = False,
        show_trace: ShowTrace = False,
        system: System = None,
        store: Store = None,
        debug: Debug = False,
    ) -> None:
        """Write derivations and print their paths.

        The expressions must be worth derivations, as for `nix-instantiate`.

        A set or list of derivations gives them all. An output other than out is printed as PATH!OUTPUT, as nix-instantiate does.
        """
        del show_trace, debug
        from imagetools.app.cli.expressions import derivations
        from imagetools.app.compose import Session
        from imagetools.app.settings import read_settings

        settings = read_settings().changed(
            store=store, include=include or (), system=system, pure=pure_eval, restricted=restrict_eval
        )
        session = Session(settings)

        def work() -> list[str]:
            found = derivations(session, files, expr, attributes, pairs("--arg", arg), pairs("--argstr", argstr))
            session.flush()
            if json:
                return [json_format.dumps([session.describe(item) for item in found], indent=2)]
            return [item.drv_path if item.output == "out" else f"{item.drv_path}!{item.output}" for item in found]

        for line in session.run(work):
            typer.echo(line)
