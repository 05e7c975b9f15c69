"""``imagetools store``: look into the store, add to it, check it; the questions are those of ``nix-store --query``."""

import json as json_format
import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli import store_gc, store_sign
from imagetools.app.cli.arguments import ArgumentError, Store
from imagetools.app.cli.declare import Argument, Command, Group, Option
from imagetools.app.ui.terminal import echo
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.formats.store_path import StorePath
    from imagetools.store.local import LocalStore

Paths = Annotated[
    list[str], Argument(metavar="PATH...", help="Store paths, logical or physical, or result links.", show_default=False)
]
Json = Annotated[bool, Option("--json", help="Print JSON.")]


class StoreDamagedError(ImagetoolsError):
    """``verify`` has found something; each problem was printed where it was found."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} store path{'s are' if count > 1 else ' is'} not as registered")
        self.count = count


def _open(store: str | None) -> "LocalStore":
    from imagetools.app.compose import open_store
    from imagetools.app.settings import read_settings

    return open_store(read_settings().changed(store=store))


def _paths(store: "LocalStore", texts: list[str]) -> "list[StorePath]":
    from imagetools.app.paths import store_path_of

    return [store_path_of(store, text) for text in texts]


def query(
    paths: Paths,
    outputs: Annotated[bool, Option("--outputs", help="The outputs of derivations (what is asked by default).")] = False,
    references: Annotated[bool, Option("--references", help="What the paths refer to directly.")] = False,
    requisites: Annotated[bool, Option("-R", "--requisites", help="The closure: the paths and all that they need.")] = False,
    referrers: Annotated[bool, Option("--referrers", help="What refers to the paths directly.")] = False,
    referrers_closure: Annotated[
        bool, Option("--referrers-closure", help="The paths and all that refers to them, directly or not.")
    ] = False,
    deriver: Annotated[bool, Option("--deriver", help="The derivation that made each path.")] = False,
    hash: Annotated[bool, Option("--hash", help="The SHA-256 of each path's NAR.")] = False,
    size: Annotated[bool, Option("--size", help="The size of each path's NAR in bytes.")] = False,
    roots: Annotated[bool, Option("--roots", help="Which links keep the paths from being collected.")] = False,
    tree: Annotated[bool, Option("--tree", help="The closure of each path as a tree.")] = False,
    use_output: Annotated[
        bool, Option("-u", "--use-output", help="Of a derivation in the store: ask about its outputs.")
    ] = False,
    include_outputs: Annotated[
        bool, Option("--include-outputs", help="With --requisites: the outputs of derivations as well.")
    ] = False,
    physical: Annotated[bool, Option("--physical", help="Print where the paths really lie.")] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Ask how objects of the store hang together.

    One question at a time; answers and their order are those of `nix-store --query`: paths come with dependencies first.

    Examples: imagetools store query -R result | imagetools store query --roots /nix/store/...-hello
    """
    from imagetools.app.store_answers import answer

    wanted = {
        "outputs": outputs,
        "references": references,
        "requisites": requisites,
        "referrers": referrers,
        "referrers-closure": referrers_closure,
        "deriver": deriver,
        "hash": hash,
        "size": size,
        "roots": roots,
        "tree": tree,
    }
    questions = [name for name, on in wanted.items() if on] or ["outputs"]
    if len(questions) > 1:
        raise ArgumentError(f"--{questions[0]} and --{questions[1]} exclude each other", hint="ask one question at a time")
    opened = _open(store)
    answered = answer(
        opened, questions[0], _paths(opened, paths), use_output=use_output, include_outputs=include_outputs, physical=physical
    )
    if json:
        echo(json_format.dumps(answered.value, indent=2))
        return
    for line in answered.lines:
        echo(line)


def info(
    paths: Paths,
    recursive: Annotated[bool, Option("-r", "--recursive", help="Everything in the closures of the paths.")] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Show what is registered about objects.

    With --json as `nix path-info --json` prints it (of Nix 2.8), and with the closure's size and where the object lies.

    Example: imagetools store info --json result
    """
    from imagetools.app.store_answers import describe, describe_lines
    from imagetools.store.questions import dependencies_first, info_of

    opened = _open(store)
    wanted = _paths(opened, paths)
    if recursive:
        wanted = dependencies_first(opened, opened.closure(wanted).members)
    infos = [info_of(opened, path) for path in wanted]
    if json:
        echo(json_format.dumps([describe(opened, info) for info in infos], indent=2))
        return
    for at, info in enumerate(infos):
        for line in ([""] if at else []) + describe_lines(opened, info):
            echo(line)


def add(
    paths: Annotated[list[str], Argument(metavar="PATH...", help="Files or folders to copy into the store.")],
    name: Annotated[str | None, Option("--name", metavar="NAME", help="Name of the object (default: that of the file).")] = None,
    flat: Annotated[bool, Option("--flat", help="Address a file by its bytes alone, as fetchurl does, not as a NAR.")] = False,
    fixed: Annotated[
        str | None,
        Option("--fixed", metavar="ALGO", help="The same with this algorithm, as `nix-store --add-fixed ALGO`."),
    ] = None,
    recursive: Annotated[
        bool, Option("--recursive", help="With --fixed: as a NAR, so that folders and executable files can be added.")
    ] = False,
    algo: Annotated[str | None, Option("--algo", metavar="ALGO", help="md5, sha1, sha256 (the default) or sha512.")] = None,
    physical: Annotated[bool, Option("--physical", help="Print where the objects lie.")] = False,
    store: Store = None,
) -> None:
    """Copy files or folders into the store; print their paths.

    Without options as `nix-store --add`; permissions, times and owners become those that every store object has. With --fixed
    a file gets the path of a fixed output of its name and hash: that is how the files of requireFile are added.

    Examples: imagetools store add --name source ./src | imagetools store add --fixed sha256 hello-2.12.tar.gz
    """
    if name is not None and len(paths) > 1:
        raise ArgumentError("--name can be given for one path only")
    if fixed is not None and algo is not None:
        raise ArgumentError("--fixed and --algo exclude each other")
    if recursive and flat:
        raise ArgumentError("--recursive and --flat exclude each other")
    opened = _open(store)
    for path in paths:
        added = opened.add_source(
            path,
            os.path.basename(os.path.abspath(path)) if name is None else name,
            method="flat" if flat or (fixed is not None and not recursive) else "nar",
            algo=fixed or algo or "sha256",
        )
        echo(opened.real_path(added) if physical else opened.store_dir.join(added))


def verify(
    check_contents: Annotated[
        bool, Option("--check-contents", help="Read everything, and compare its hash with what is registered.")
    ] = False,
    store: Store = None,
) -> None:
    """Check that everything in the store is there and whole.

    Nothing is repaired. Exit code: 0 all is well, 1 something is missing or was changed.
    """
    from imagetools.app.settings import read_settings
    from imagetools.app.ui.terminal import is_live
    from imagetools.store.verify import verify as verify_store

    opened = _open(store)
    if not os.path.exists(opened.layout.schema):
        echo(f"there is no store at '{opened.layout.root}' yet, so nothing to check", err=True)
        return
    live = is_live(sys.stderr, read_settings().environment) and check_contents
    count = 0

    def show(path: "StorePath") -> None:
        nonlocal count
        count += 1
        if live:
            sys.stderr.write(f"\r\x1b[K[{count}] {path.name}")
            sys.stderr.flush()

    problems = verify_store(opened, check_contents=check_contents, on_path=show)
    if live:
        sys.stderr.write("\r\x1b[K")
    for problem in problems:
        echo(str(problem), err=True)
    if problems:
        raise StoreDamagedError(len(problems))
    echo(f"{count} store path{'s' if count != 1 else ''} checked, nothing is wrong", err=True)


DECLARED: Final = Group(
    "store",
    "Look into the store, add to it, check it, clean it up.",
    Command("query", query),
    Command("info", info),
    Command("add", add),
    Command("verify", verify),
    *store_gc.DECLARED,
    store_sign.DECLARED,
)
