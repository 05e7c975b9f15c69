"""``imagetools run``: a program of the store, with the store at /nix/store."""

import os
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import Include, attribute_names
from imagetools.app.cli.building import Cores, Jobs, Unrecorded
from imagetools.app.cli.declare import Argument, Command, Option

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.results import Result


def run_program(
    path: Annotated[
        str,
        Argument(
            metavar="PATH", help="A store path, a result link, a program inside one; or a Nix file (with -E: an expression)."
        ),
    ],
    arguments: Annotated[list[str] | None, Argument(metavar="[ARGS]...", help="Handed to the program.")] = None,
    *,
    expr: Annotated[bool, Option("-E", "--expr", help="PATH is a Nix expression: build it and run it.")] = False,
    attributes: Annotated[
        str | None,
        Option(
            "-A",
            "--attr",
            metavar="ATTR",
            help="PATH is a Nix file: build this attribute of it and run it.",
            autocompletion=attribute_names,
        ),
    ] = None,
    include: Include = None,
    no_sandbox: Annotated[bool, Option("--no-sandbox", help="If something must be built: without isolation.")] = False,
    jobs: Jobs = None,
    cores: Cores = None,
    evaluation: Unrecorded,
) -> None:
    """Run a program of the store.

    The host is as it is, and the store appears at /nix/store, read-only, for this program and what it starts: so programs
    find their libraries and scripts their interpreters, wherever the store really lies. Environment, working folder,
    terminal, signals and exit code are the program's own.

    A package means its main program: bin/NAME with the name of the package (of meta.mainProgram, where it is built from a
    Nix file), or the only program in bin.

    As an ordinary user this needs user namespaces; set-user-id programs such as sudo do not work inside.

    Examples: imagetools run result --version | imagetools run ./result/bin/hello | imagetools run -A hello '<nixpkgs>'
    """
    from imagetools.app.compose import Session, close_stores
    from imagetools.app.paths import place_of
    from imagetools.app.programs import program_in
    from imagetools.formats.store_path import StorePath
    from imagetools.sandbox.store_view import StoreView

    settings = evaluation.settings(include).changed(
        sandbox=False if no_sandbox else None,
        cores=cores,
        max_jobs=jobs,
    )
    session = Session(settings)
    if expr or attributes is not None or is_nix_file(path):
        place, preferred = built(session, path, expr, attributes)
    else:
        found, rest = place_of(session.store, path)
        place, preferred = session.store.store_dir.join(found) + rest, ()
    program = program_in(session.store, place, preferred)
    folder = os.path.dirname(session.store.real_path(StorePath(bytes(20), "x")))
    view = StoreView(settings.store_dir, folder)
    close_stores()
    view.execute(os.fsencode(program), [os.fsencode(word) for word in (program, *(arguments or ()))])


def is_nix_file(text: str) -> bool:
    """Whether PATH can only mean something to evaluate: ``<name>``, ``x.nix``, a folder with a default.nix."""
    if text.startswith("<") and text.endswith(">"):
        return True
    return (text.endswith(".nix") and os.path.isfile(text)) or os.path.isfile(os.path.join(text, "default.nix"))


def built(session: "Session", text: str, expr: bool, attribute: str | None) -> tuple[str, tuple[str, ...]]:
    """Evaluate and build; the logical path of the result and the name of its main program, where it says one."""
    from imagetools.app.cli.expressions import values
    from imagetools.app.programs import SeveralProgramsError
    from imagetools.instantiate.find import NoDerivationError
    from imagetools.lang.values.model import Attrs

    def work() -> "tuple[Result, tuple[str, ...]]":
        (value,) = values(session, [text], expr, [attribute] if attribute else None)
        value = session.evaluator.auto_call(value, {})
        found = session.find(value)
        if len(found) > 1:
            raise SeveralProgramsError([item.name for item in found])
        if not found:
            raise NoDerivationError
        session.flush()
        machine = session.evaluator.machine
        meta = machine.force(value.d["meta"]) if isinstance(value, Attrs) and "meta" in value.d else None
        if isinstance(meta, Attrs) and "mainProgram" in meta.d:
            return session.result(found[0]), (machine.string(meta.d["mainProgram"], "while evaluating meta.mainProgram"),)
        return session.result(found[0]), ()

    result, preferred = session.run(work)
    session.realise([result])
    return result.output_path, preferred


DECLARED: Final = Command("run", run_program, passes_on=True)
