"""``imagetools prefetch``: fetch once, print the hash, and the call that fetches the same from now on."""

import json as json_format
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imagetools.app.cli.arguments import ArgumentError, Debug, NoSandbox, Store

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.fetcher_call import Argument, FetcherCall
    from imagetools.net.git_remote import Resolved

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
Url = Annotated[str, typer.Argument(metavar="URL", help="Where it is.", show_default=False)]
Expected = Annotated[
    str | None,
    typer.Argument(metavar="[HASH]", help="The hash that is expected: nothing is downloaded if that is in the store."),
]
Hash = Annotated[str | None, typer.Option("--hash", metavar="HASH", help="The hash that is expected, in any notation.")]
Type = Annotated[
    str,
    typer.Option(
        "--type",
        metavar="ALGO",
        help="md5, sha1, sha256 or sha512.",
        autocompletion=lambda incomplete: [name for name in ALGORITHMS if name.startswith(incomplete)],
    ),
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name in the store.")]
PrintPath = Annotated[bool, typer.Option("--print-path", help="Print the store path after the hash.")]
Json = Annotated[bool, typer.Option("--json", help="Print hash, path, arguments and expression as JSON.")]
Quiet = Annotated[bool, typer.Option("-Q", "--no-build-output", help="Do not show what happens on the way.")]
FlatRoot = Annotated[
    bool, typer.Option("--no-strip-root", help="Keep what is at the top of the archive, be it one folder or many files.")
]
Submodules = Annotated[bool, typer.Option("--fetch-submodules", help="Submodules as well.")]
Deep = Annotated[bool, typer.Option("--deep-clone", help="The whole history (and .git).")]
DotGit = Annotated[bool, typer.Option("--leave-dotGit", "--leave-dot-git", help="Leave .git there.")]
Sparse = Annotated[
    list[str] | None, typer.Option("--sparse-checkout", metavar="FOLDER", help="This folder of the repository only. Repeatable.")
]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What all the commands have in common."""

    expected: str | None
    type: str
    print_path: bool
    json: bool
    quiet: bool
    store: str | None
    no_sandbox: bool


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="prefetch")

    @group.callback()
    def prefetch() -> None:
        """Fetch something now, and print its hash and the call that fetches it.

        What comes stays in the store, so a definition with the printed call downloads nothing. Secrets in URLs are used, but
        never printed."""

    _register_files(group)
    _register_git(group)
    _register_patch(group)


def _register_files(group: typer.Typer) -> None:
    @group.command()
    def url(
        url: Url,
        hash: Expected = None,
        unpack: Annotated[
            bool, typer.Option("--unpack", help="Unpack the archive that comes: the same as `prefetch zip`.")
        ] = False,
        executable: Annotated[bool, typer.Option("--executable", help="Set the executable bit.")] = False,
        flat_root: FlatRoot = False,
        type: Type = "sha256",
        name: Name = None,
        print_path: PrintPath = False,
        json: Json = False,
        quiet: Quiet = False,
        store: Store = None,
        no_sandbox: NoSandbox = False,
        debug: Debug = False,
    ) -> None:
        """Fetch one file, as fetchurl does, and print its hash and the call.

        The file goes where `nix-prefetch-url` puts it: under its hash and the last part of URL. A file:///... URL adds a file of
        this machine, which is one way to satisfy requireFile.

        Exit code: 0 fetched, 1 error, 102 it has another hash than HASH.

        Examples: imagetools prefetch url https://example.org/tool-1.0.tar.gz | imagetools prefetch url --unpack
        https://example.org/tool-1.0.tar.gz
        """
        del debug
        from imagetools.app.fetcher_call import FetcherCall, file_name

        wishes = _Wishes(hash, type, print_path, json, quiet, store, no_sandbox)
        if unpack:
            if executable:
                raise ArgumentError("--unpack and --executable exclude each other")
            _run(wishes, _zip(url, name, None, flat_root))
            return
        if flat_root:
            raise ArgumentError("--no-strip-root means something with --unpack only")
        chosen = name or file_name(url)
        arguments: dict[str, Argument] = {"url": url}
        arguments |= {"name": chosen} if chosen else {}
        _run(wishes, FetcherCall("fetchurl", arguments | ({"executable": True} if executable else {})))

    @group.command()
    def zip(
        url: Url,
        hash: Expected = None,
        flat_root: FlatRoot = False,
        extension: Annotated[
            str | None,
            typer.Option("--extension", metavar="EXT", help="Kind of archive, such as tar.gz, where URL does not tell."),
        ] = None,
        type: Type = "sha256",
        name: Name = None,
        print_path: PrintPath = False,
        json: Json = False,
        quiet: Quiet = False,
        store: Store = None,
        no_sandbox: NoSandbox = False,
        debug: Debug = False,
    ) -> None:
        """Fetch an archive (zip, tar) and unpack it, as fetchzip does; print the hash of the folder and the call.

        The hash is that of `nix-prefetch-url --unpack`.

        Example: imagetools prefetch zip https://example.org/tool-1.0.zip
        """
        del debug
        _run(_Wishes(hash, type, print_path, json, quiet, store, no_sandbox), _zip(url, name, extension, flat_root))


def _zip(url: str, name: str | None, extension: str | None, flat_root: bool) -> "FetcherCall":
    from imagetools.app.fetcher_call import FetcherCall

    arguments: dict[str, Argument] = {"url": url}
    arguments |= {"name": name} if name else {}
    arguments |= {"extension": extension} if extension else {}
    return FetcherCall("fetchzip", arguments | ({"stripRoot": False} if flat_root else {}))


def _git_arguments(submodules: bool, deep: bool, dot_git: bool, sparse: list[str] | None) -> "dict[str, Argument]":
    arguments: dict[str, Argument] = {"fetchSubmodules": True} if submodules else {}
    arguments |= {"deepClone": True} if deep else {}
    arguments |= {"leaveDotGit": True} if dot_git else {}
    return arguments | ({"sparseCheckout": tuple(sparse)} if sparse else {})


def _register_git(group: typer.Typer) -> None:
    @group.command()
    def git(
        url: Url,
        rev: Annotated[
            str | None, typer.Option("--rev", metavar="REV", help="A commit, tag, branch or refs/... (default: HEAD).")
        ] = None,
        submodules: Submodules = False,
        deep: Deep = False,
        dot_git: DotGit = False,
        sparse: Sparse = None,
        hash: Hash = None,
        type: Type = "sha256",
        name: Name = None,
        print_path: PrintPath = False,
        json: Json = False,
        quiet: Quiet = False,
        store: Store = None,
        no_sandbox: NoSandbox = False,
        debug: Debug = False,
    ) -> None:
        """Fetch a revision of a git repository, as fetchgit does; print the hash of the folder and the call.

        A branch or tag is looked up first, so that the call names the commit it means now.

        Example: imagetools prefetch git https://example.org/tool.git --rev v1.0
        """
        del debug
        from imagetools.app.fetcher_call import FetcherCall
        from imagetools.net.git_commands import is_commit

        wishes = _Wishes(hash, type, print_path, json, quiet, store, no_sandbox)
        session = _session(wishes)
        commit = rev if rev and is_commit(rev) else _resolve(session, url, rev or "HEAD").commit
        arguments: dict[str, Argument] = {"url": url, "rev": commit}
        arguments |= {"name": name} if name else {}
        more: dict[str, Argument] = {"fetchSubmodules": False} | _git_arguments(submodules, deep, dot_git, sparse)
        _run(wishes, FetcherCall("fetchgit", arguments | more), session)

    @group.command()
    def github(
        owner: Annotated[str, typer.Argument(metavar="OWNER", help="Owner of the repository.", show_default=False)],
        repo: Annotated[str, typer.Argument(metavar="REPO", help="Name of the repository.", show_default=False)],
        rev: Annotated[
            str | None, typer.Argument(metavar="[REV]", help="A commit, tag or branch (default: the branch that is shown first).")
        ] = None,
        base: Annotated[
            str, typer.Option("--github-base", metavar="DOMAIN", help="A GitHub (or Gitea) of one's own.")
        ] = "github.com",
        submodules: Submodules = False,
        deep: Deep = False,
        dot_git: DotGit = False,
        sparse: Sparse = None,
        hash: Hash = None,
        type: Type = "sha256",
        name: Name = None,
        print_path: PrintPath = False,
        json: Json = False,
        quiet: Quiet = False,
        store: Store = None,
        no_sandbox: NoSandbox = False,
        debug: Debug = False,
    ) -> None:
        """Fetch a repository of GitHub, as fetchFromGitHub does; print the hash of the folder and the call.

        A branch is looked up first, so that the call names the commit it means now; a tag stays a tag.

        Example: imagetools prefetch github NixOS patchelf 0.18.0
        """
        del debug
        from imagetools.app.fetcher_call import FetcherCall
        from imagetools.net.git_commands import is_commit

        wishes = _Wishes(hash, type, print_path, json, quiet, store, no_sandbox)
        session = _session(wishes)
        arguments: dict[str, Argument] = {"owner": owner, "repo": repo}
        if rev is not None and is_commit(rev):
            arguments["rev"] = rev
        else:
            found = _resolve(session, f"https://{base}/{owner}/{repo}.git", rev or "HEAD")
            arguments |= {"tag": found.tag} if found.tag is not None else {"rev": found.commit}
        arguments |= {"name": name} if name else {}
        arguments |= {"githubBase": base} if base != "github.com" else {}
        _run(wishes, FetcherCall("fetchFromGitHub", arguments | _git_arguments(submodules, deep, dot_git, sparse)), session)


def _register_patch(group: typer.Typer) -> None:
    @group.command()
    def patch(
        url: Url,
        hash: Expected = None,
        relative: Annotated[
            str | None, typer.Option("--relative", metavar="FOLDER", help="What changes in this folder only, seen from it.")
        ] = None,
        strip_len: Annotated[
            int | None, typer.Option("--strip-len", metavar="N", min=0, help="Take N folders off the names.")
        ] = None,
        extra_prefix: Annotated[
            str | None, typer.Option("--extra-prefix", metavar="TEXT", help="Put this before the names.")
        ] = None,
        include: Annotated[
            list[str] | None, typer.Option("--include", metavar="PATTERN", help="Keep these files only. Repeatable.")
        ] = None,
        exclude: Annotated[
            list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="Leave these files out. Repeatable.")
        ] = None,
        hunk: Annotated[
            list[int] | None, typer.Option("--hunk", metavar="N", min=1, help="Keep these hunks only. Repeatable.")
        ] = None,
        revert: Annotated[bool, typer.Option("--revert", help="Turn the patch round.")] = False,
        decode: Annotated[
            str | None, typer.Option("--decode", metavar="COMMAND", help="Pass it through this first, such as: base64 -d.")
        ] = None,
        type: Type = "sha256",
        name: Name = None,
        print_path: PrintPath = False,
        json: Json = False,
        quiet: Quiet = False,
        store: Store = None,
        no_sandbox: NoSandbox = False,
        debug: Debug = False,
    ) -> None:
        """Fetch a patch and put it in order, as fetchpatch2 does; print its hash and the call.

        Example: imagetools prefetch patch --strip-len 1 https://example.org/fix.patch
        """
        del debug
        from imagetools.app.fetcher_call import FetcherCall, file_name

        chosen = name or file_name(url)
        wanted: dict[str, Argument | None] = {
            "url": url,
            "name": chosen,
            "relative": relative,
            "stripLen": strip_len,
            "decode": decode,
            "extraPrefix": extra_prefix,
            "includes": tuple(include) if include else None,
            "excludes": tuple(exclude) if exclude else None,
            "hunks": tuple(hunk) if hunk else None,
            "revert": revert or None,
        }
        call = FetcherCall("fetchpatch2", {name: value for name, value in wanted.items() if value is not None})
        _run(_Wishes(hash, type, print_path, json, quiet, store, no_sandbox), call)


def _session(wishes: _Wishes) -> "Session":
    from imagetools.app.compose import Session
    from imagetools.app.settings import read_settings

    settings = read_settings().changed(store=wishes.store, sandbox=False if wishes.no_sandbox else None)
    return Session(settings, hide_output=wishes.quiet)


def _resolve(session: "Session", url: str, revision: str) -> "Resolved":
    from imagetools.net.git_remote import Access, resolve

    settings = session.settings
    try:
        netrc = Path(settings.netrc).read_text("utf-8", "replace")
    except OSError:
        netrc = ""
    access = Access(settings.environment.get("PATH", os.defpath), settings.ca_file, netrc, settings.environment)
    return resolve(url, revision, access)


def _run(wishes: _Wishes, call: "FetcherCall", session: "Session | None" = None) -> None:
    from imagetools.app.prefetching import prefetch
    from imagetools.kernel.hashes import Hash, check_algorithm

    check_algorithm(wishes.type)
    expected = Hash.parse(wishes.expected, wishes.type) if wishes.expected is not None else None
    session = session or _session(wishes)
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
        typer.echo(json_format.dumps(described, indent=2))
    else:
        for line in (sri, *([path] if wishes.print_path else []), expression):
            typer.echo(line)
    if call.has_secret:
        typer.echo("note: *** stands for a secret that is not printed; a netrc file can hold it instead of the URL", err=True)
