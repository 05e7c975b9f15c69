"""``imagetools pkgs``: the embedded package set itself."""

from typing import Annotated, Final

from imagetools.app.cli.declare import Command, Group, Option
from imagetools.app.ui.terminal import echo


def lock(
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would change, and change nothing.")] = False,
) -> None:
    """Renew the locked versions of Debian packages, and show what changes.

    Asks this machine's apt, so run `apt-get update` (as root) first. Nothing is downloaded: the package lists hold the
    hashes.
    """
    from imagetools.pkgs.lock import LOCK_FILE, apt_show, renew_file, told

    changes = renew_file(LOCK_FILE, apt_show, dry_run=dry_run)
    for line in told(changes):
        echo(line)
    if not any(change.differs for change in changes):
        echo("nothing to change")


DECLARED: Final = Group(
    "pkgs",
    """Look after the embedded package set.

That is what <nixpkgs> means where neither NIX_PATH nor -I names another.""",
    Command("lock", lock),
)
