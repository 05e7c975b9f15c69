"""``imagetools pkgs``: the embedded package set itself."""

from typing import Annotated

import typer

from imagetools.app.cli.arguments import Debug


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="pkgs")

    @group.callback()
    def pkgs() -> None:
        """Look after the embedded package set.

        That is what <nixpkgs> means where neither NIX_PATH nor -I names another."""

    @group.command()
    def lock(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
        debug: Debug = False,
    ) -> None:
        """Renew the locked versions of Debian packages, and show what changes.

        Asks this machine's apt, so run `apt-get update` (as root) first. Nothing is downloaded: the package lists hold the
        hashes.
        """
        del debug
        from imagetools.pkgs.lock import LOCK_FILE, apt_show, renew_file

        changes = renew_file(LOCK_FILE, apt_show, dry_run=dry_run)
        for change in changes:
            typer.echo(str(change))
        if not any(change.differs for change in changes):
            typer.echo("nothing to change")
