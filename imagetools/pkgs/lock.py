"""The lock of the embedded package set: which version of each Debian package it uses, with the hash of its file.

The lock (debian.json) is data that the Nix files read. Renewing it asks the host's apt what the current versions are; nothing
is downloaded, since the package lists hold the hashes and are signed by the distribution. Refuses to run ``apt-get update``
(that needs root) and to name mirrors.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagetools.bundled.fetchers.fetchdeb import apt
from imagetools.bundled.fetchers.fetchdeb.fetch_deb import NoAptError, NoPackageListsError
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

LOCK_FILE = Path(__file__).with_name("debian.json")

Show = Callable[[str, str], str]
"""Package name and architecture to the text of ``apt-cache show`` (empty where apt does not know them)."""


class LockError(ImagetoolsError):
    """The lock file cannot be read or written."""

    def __init__(self, path: str, what: str, hint: str | None = None) -> None:
        super().__init__(f"the package lock '{path}' {what}", hint)
        self.path = path


@dataclass(frozen=True, slots=True)
class Locked:
    """One package for one architecture; ``hash`` is SRI."""

    version: str
    hash: str


Lock = Mapping[str, Mapping[str, Locked]]
"""Package name → Debian architecture → what is locked."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one entry; ``new`` is None where apt does not know the package for that architecture (the old one stays)."""

    package: str
    architecture: str
    old: Locked
    new: Locked | None

    def __str__(self) -> str:
        where = f"{self.package} ({self.architecture})"
        if self.new is None:
            return f"{where}: {self.old.version} stays, this machine's package lists do not have it"
        if self.new == self.old:
            return f"{where}: {self.old.version} is current"
        if self.new.version == self.old.version:
            return f"{where}: {self.old.version} has another hash now"
        return f"{where}: {self.old.version} → {self.new.version}"

    @property
    def differs(self) -> bool:
        return self.new is not None and self.new != self.old


def told(changes: Sequence[Change]) -> list[str]:
    """Lines for people: each entry that differs, and of the others how many there are and why they stay."""
    lines = [str(change) for change in changes if change.differs]
    current = sum(change.new == change.old for change in changes)
    if current:
        lines.append(f"{current} of {len(changes)} are current")
    for architecture in sorted({change.architecture for change in changes}):
        entries = [change for change in changes if change.architecture == architecture]
        unknown = [change.package for change in entries if change.new is None]
        if unknown:
            which = ", ".join(unknown) if len(unknown) < len(entries) else f"all {len(unknown)}"
            lines.append(f"{which} for {architecture}: not in this machine's package lists, so kept")
    return lines


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """Raises ``LockError``."""
    try:
        data = json.loads(path.read_text())
        return {
            package: {arch: Locked(entry["version"], entry["hash"]) for arch, entry in entries.items()}
            for package, entries in data["packages"].items()
        }
    except OSError as problem:
        raise LockError(str(path), f"cannot be read: {problem.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LockError(str(path), "is not in the form that this version of imagetools writes") from None


def write_lock(lock: Lock, path: Path = LOCK_FILE) -> None:
    """Write sorted JSON, by rename. Raises ``LockError``."""
    packages = {
        package: {arch: {"hash": entry.hash, "version": entry.version} for arch, entry in entries.items()}
        for package, entries in lock.items()
    }
    text = json.dumps({"packages": packages}, indent=2, sort_keys=True) + "\n"
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        hint = "imagetools is installed in a place that you may not write to; renew the lock in a checkout"
        raise LockError(str(path), f"cannot be written: {problem.strerror}", hint) from None


def renew(lock: Lock, show: Show) -> tuple[Lock, list[Change]]:
    """A lock with apt's current versions, and what changed; entries that apt does not know stay as they are."""
    renewed: dict[str, dict[str, Locked]] = {}
    changes: list[Change] = []
    for package, entries in sorted(lock.items()):
        renewed[package] = {}
        for architecture, old in sorted(entries.items()):
            new = current(package, architecture, show)
            renewed[package][architecture] = new or old
            changes.append(Change(package, architecture, old, new))
    return renewed, changes


def renew_file(path: Path, ask: Callable[[Iterable[tuple[str, str]]], Show], *, dry_run: bool = False) -> list[Change]:
    """Renew the lock at ``path``, and say what became of each entry; a dry run writes nothing. Raises ``LockError``."""
    lock = read_lock(path)
    renewed, changes = renew(
        lock, ask([(package, architecture) for package, entries in lock.items() for architecture in entries])
    )
    if not dry_run and any(change.differs for change in changes):
        write_lock(renewed, path)
    return changes


def current(package: str, architecture: str, show: Show) -> Locked | None:
    """The version that apt would install, or None where it knows none."""
    for found in apt.parse_show(show(package, architecture)):
        if found.package == package and found.architecture == architecture:
            return Locked(found.version, Hash.parse("sha256:" + found.sha256).sri())
    return None


def apt_show(packages: Iterable[tuple[str, str]]) -> Show:
    """Ask the host's apt once for all ``packages`` (name and architecture): each question costs it a second. Raises
    ``NoAptError`` or ``NoPackageListsError``, whose message names ``apt-get update``."""
    names = [f"{package}:{architecture}" for package, architecture in packages]
    if not os.path.exists("/usr/bin/apt-cache"):
        raise NoAptError
    if not apt.has_lists():
        raise NoPackageListsError(names[0].partition(":")[0] if names else "*")
    with tempfile.TemporaryDirectory(prefix="imagetools-apt-") as private:
        apt.prepare(private)
        argv = ["/usr/bin/apt-cache", *apt.options(private), "show", "--no-all-versions", "--", *names]
        done = subprocess.run(argv, env=apt.environment(private, {}), capture_output=True, check=False)
    # it fails where it does not know one of them, and tells of the others all the same
    stanzas: dict[str, list[str]] = {}
    for stanza in done.stdout.decode("utf-8", "replace").split("\n\n"):
        stanzas.setdefault(stanza.partition("\n")[0], []).append(stanza)
    return lambda package, architecture: "\n\n".join(stanzas.get(f"Package: {package}", ()))
