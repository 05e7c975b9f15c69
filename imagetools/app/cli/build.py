"""``imagetools build``: evaluate, realise, and leave links to the results."""

import json as json_format
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.building import Cores, Jobs, KeepFailed, NoSandbox
from imagetools.app.cli.declare import Command, Option
from imagetools.app.cli.evaluation import Definition, Evaluation
from imagetools.app.ui.terminal import echo

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.results import Result


def build(
    definition: Definition,
    *,
    out_link: Annotated[str, Option("-o", "--out-link", metavar="NAME", help="Name of the link to the result.")] = "result",
    no_out_link: Annotated[bool, Option("--no-out-link", "--no-link", help="Make no link; the result may be collected.")] = False,
    print_logical: Annotated[bool, Option("--print-logical", help="Print /nix/store/... instead of where it lies.")] = False,
    json: Annotated[bool, Option("--json", help="Print derivations, outputs and links as JSON.")] = False,
    dry_run: Annotated[
        bool,
        Option("--dry-run", help="Do nothing: list what would be built and fetched (--json: as JSON)."),
    ] = False,
    check: Annotated[
        bool, Option("--check", help="Build again what is there already, and compare: is it the same, bit for bit?")
    ] = False,
    jobs: Jobs = None,
    cores: Cores = None,
    timeout: Annotated[
        float | None, Option("--timeout", metavar="SECONDS", min=0, help="Stop a build that takes longer (0: never).")
    ] = None,
    max_silent_time: Annotated[
        float | None,
        Option("--max-silent-time", metavar="SECONDS", min=0, help="Stop a build that says nothing for so long."),
    ] = None,
    max_log_size: Annotated[
        int | None,
        Option("--max-log-size", metavar="BYTES", min=0, help="Stop a build that writes more (0: no limit)."),
    ] = None,
    keep_going: Annotated[bool, Option("-k", "--keep-going", help="After a failure, go on with what does not need it.")] = False,
    keep_failed: KeepFailed = False,
    no_build_output: Annotated[
        bool, Option("-Q", "--no-build-output", help="Do not show what builders print (it is kept in the log).")
    ] = False,
    verbose: Annotated[bool, Option("-L", "--print-build-logs", help="Show all that builders print, on a terminal too.")] = False,
    no_sandbox: NoSandbox = False,
    evaluation: Evaluation,
) -> None:
    """Build definitions; print where results are.

    FILE is a Nix expression (default: ./default.nix), -A selects an attribute of it. Each result gets a link: result, then
    result-2 and so on, with -OUTPUT for outputs other than out. As long as a link exists, its result is kept.

    Exit code: 0 built, 1 error, 100 a build failed, 101 it took too long, 102 a fixed output had another hash, 104 --check
    found a difference; after several failures (--keep-going) the bits of these codes together, such as 103.

    Examples: imagetools build examples/hello.nix | imagetools build -A web.image images.nix -o web.tar.gz
    """
    if check and dry_run:
        raise ArgumentError("--check and --dry-run exclude each other")
    from imagetools.app.compose import Session
    from imagetools.app.results import link_results

    settings = evaluation.settings(definition.include).changed(
        sandbox=False if no_sandbox else None,
        cores=cores,
        max_jobs=jobs,
        timeout=timeout,
        max_silent=max_silent_time,
        max_log=max_log_size,
        keep_going=keep_going,
        keep_failed=keep_failed,
    )
    session = Session(
        settings,
        hide_output=no_build_output,
        verbose=verbose,
        explain=evaluation.explain,
        watch=evaluation.watch(settings),
    )
    found = definition.derivations(session)
    results = [session.result(item) for item in found]
    if not results:
        echo("warning: nothing to build: there is no derivation in what was named", err=True)
    if dry_run:
        _show_plan(session, results, json)
        return
    session.realise(results, check=check)
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
        echo(json_format.dumps(described, indent=2))
        return
    for result in results:
        echo(result.output_path if print_logical else session.store.real_path(result.path))


def _show_plan(session: "Session", results: "list[Result]", json: bool) -> None:
    """What a build would do, as ``nix-build --dry-run`` says it; as JSON on standard output."""
    from imagetools.app.ui.progress import sentences
    from imagetools.realise.plan import plan_ready

    plan = session.plan(results)
    store_dir = session.store.store_dir
    if json:
        described = [{"drvPath": store_dir.join(step.drv), "outputs": step.derivation.output_paths()} for step in plan.steps]
        fetched = [store_dir.join(path) for path in sorted(plan.fetches)]
        ready = plan_ready(plan)
        sizes = {"downloadSize": ready.download_size, "unpackedSize": ready.unpacked_size}
        echo(json_format.dumps({"willBuild": described, "willFetch": fetched, **sizes}, indent=2))
        return
    for line in sentences(plan_ready(plan), store_dir):
        echo(line, err=True)


DECLARED: Final = Command("build", build)
