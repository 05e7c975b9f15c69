"""``imagetools build``: evaluate, realise, and leave links to the results."""

import json as json_format
import sys
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
    def build(
        files: Files = None,
        expr: Expr = False,
        attributes: Attributes = None,
        include: Include = None,
        arg: Arg = None,
        argstr: ArgStr = None,
        out_link: Annotated[
            str, typer.Option("-o", "--out-link", metavar="NAME", help="Name of the link to the result.")
        ] = "result",
        no_out_link: Annotated[
            bool, typer.Option("--no-out-link", "--no-link", help="Make no link; the result may be collected.")
        ] = False,
        print_logical: Annotated[
            bool, typer.Option("--print-logical", help="Print /nix/store/... instead of where it lies.")
        ] = False,
        json: Annotated[bool, typer.Option("--json", help="Print derivations, outputs and links as JSON.")] = False,
        jobs: Annotated[
            int | None,
            typer.Option(
                "-j", "--max-jobs", metavar="N", min=0, help="How many builds run at once (0: only what sets preferLocalBuild)."
            ),
        ] = None,
        cores: Annotated[
            int | None, typer.Option("--cores", metavar="N", min=0, help="NIX_BUILD_CORES for builders (0: all).")
        ] = None,
        timeout: Annotated[
            float | None, typer.Option("--timeout", metavar="SECONDS", min=0, help="Stop a build that takes longer (0: never).")
        ] = None,
        max_silent_time: Annotated[
            float | None,
            typer.Option("--max-silent-time", metavar="SECONDS", min=0, help="Stop a build that says nothing for so long."),
        ] = None,
        keep_going: Annotated[
            bool, typer.Option("-k", "--keep-going", help="After a failure, go on with what does not need it.")
        ] = False,
        keep_failed: Annotated[
            bool, typer.Option("-K", "--keep-failed", help="Keep the build folder of a failed build.")
        ] = False,
        no_build_output: Annotated[
            bool, typer.Option("-Q", "--no-build-output", help="Do not show what builders print (it is kept in the log).")
        ] = False,
        verbose: Annotated[
            bool, typer.Option("-L", "--print-build-logs", help="Show all that builders print, on a terminal too.")
        ] = False,
        no_sandbox: Annotated[
            bool, typer.Option("--no-sandbox", help="Build without isolation: results may depend on this machine.")
        ] = False,
        pure_eval: PureEval = False,
        restrict_eval: RestrictEval = False,
        show_trace: ShowTrace = False,
        system: System = None,
        store: Store = None,
        debug: Debug = False,
    ) -> None:
        """Build definitions; print where results are.

        FILE is a Nix expression (default: ./default.nix), -A selects an attribute of it. Each result gets a link: result, then
        result-2 and so on, with -OUTPUT for outputs other than out. As long as a link exists, its result is kept.

        Exit code: 0 built, 1 error, 100 a build failed, 101 timed out, 102 a fixed output had another hash.

        Examples: imagetools build examples/hello.nix | imagetools build -A web.image images.nix -o web.tar.gz
        """
        del show_trace, debug
        from imagetools.app.cli.expressions import derivations
        from imagetools.app.compose import Session
        from imagetools.app.results import Result, link_results
        from imagetools.app.settings import read_settings
        from imagetools.app.ui.progress import watch

        settings = read_settings().changed(
            store=store,
            include=include or (),
            sandbox=False if no_sandbox else None,
            cores=cores,
            max_jobs=jobs,
            timeout=timeout,
            max_silent=max_silent_time,
            system=system,
            pure=pure_eval,
            restricted=restrict_eval,
        )
        session = Session(settings)

        def instantiate() -> list[Result]:
            found = derivations(session, files, expr, attributes, pairs("--arg", arg), pairs("--argstr", argstr))
            session.flush()
            return [session.result(item) for item in found]

        results = session.run(instantiate)
        if not results:
            typer.echo("warning: nothing to build: there is no derivation in what was named", err=True)
        progress = watch(sys.stderr, settings.environment, session.store.store_dir, hide_output=no_build_output, verbose=verbose)
        with progress:
            session.realise(results, progress, keep_going=keep_going, keep_failed=keep_failed)
        links = {} if no_out_link else link_results(session.store, results, out_link)
        if json:
            described = [
                {
                    "drvPath": result.drv_path,
                    "outputs": {result.output: result.output_path},
                    "physical": session.store.real_path(result.path),
                    "link": links.get(result),
                }
                for result in results
            ]
            typer.echo(json_format.dumps(described, indent=2))
            return
        for result in results:
            typer.echo(result.output_path if print_logical else session.store.real_path(result.path))
