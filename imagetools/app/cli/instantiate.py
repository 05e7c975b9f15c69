"""``imagetools instantiate``: write derivations and print their paths, as ``nix-instantiate`` does."""

import json as json_format
from typing import Annotated, Final

from imagetools.app.cli.arguments import (
    Arg,
    ArgStr,
    Attributes,
    Explain,
    Expr,
    Files,
    ImportFromDerivation,
    Include,
    NoEvalCache,
    ProfileFile,
    PureEval,
    RestrictEval,
    Setting,
    ShowStats,
    ShowTrace,
    Store,
    System,
    pairs,
    settings_with,
)
from imagetools.app.cli.declare import Command, Option
from imagetools.app.ui.terminal import echo


def instantiate(
    files: Files = None,
    expr: Expr = False,
    attributes: Attributes = None,
    include: Include = None,
    arg: Arg = None,
    argstr: ArgStr = None,
    json: Annotated[
        bool, Option("--json", help="Print name, drvPath, outputName and outputs of each derivation as JSON.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Write nothing into the store: only print the paths.")] = False,
    pure_eval: PureEval = False,
    restrict_eval: RestrictEval = False,
    import_from_derivation: ImportFromDerivation = True,
    no_eval_cache: NoEvalCache = False,
    explain: Explain = False,
    option: Setting = None,
    profile: ProfileFile = None,
    show_stats: ShowStats = False,
    show_trace: ShowTrace = False,
    system: System = None,
    store: Store = None,
) -> None:
    """Write derivations and print their paths.

    The expressions must be worth derivations, as for `nix-instantiate`.

    A set or list of derivations gives them all. An output other than out is printed as PATH!OUTPUT, as nix-instantiate does.
    """
    del show_trace
    from imagetools.app.cli.expressions import derivations
    from imagetools.app.compose import Session
    from imagetools.app.watch import Watch

    settings = settings_with(option).changed(
        store=store,
        include=include or (),
        system=system,
        pure=pure_eval,
        restricted=restrict_eval,
        import_from_derivation=import_from_derivation,
        eval_cache=not no_eval_cache,
    )
    session = Session(
        settings, read_only=dry_run, explain=explain, watch=Watch(settings.environment, profile, show_stats=show_stats)
    )
    found = derivations(session, files, expr, attributes, pairs("--arg", arg), pairs("--argstr", argstr))
    if json:
        echo(json_format.dumps([session.describe(item) for item in found], indent=2))
        return
    for item in found:
        echo(item.drv_path if item.output == "out" else f"{item.drv_path}!{item.output}")


DECLARED: Final = Command("instantiate", instantiate)
