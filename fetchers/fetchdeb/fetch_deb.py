"""``builtin:fetchdeb``: a Debian package by name, version and architecture, as the host's apt finds it.

No address stands in the derivation: mirrors, proxies, signatures and passwords are the host's own configuration, and the
output's hash says what must come. Runs with the host's /usr, /etc/apt and package lists visible read-only.
"""

import os
import shutil
from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError, ShellFailedError

from . import apt

_HINT_UPDATE = "run `sudo apt-get update` on this machine, then try again"
_HINT_LOCK = "run `sudo apt-get update`, then `imagetools pkgs lock` to renew the lock of the embedded package set"
_HINT_FOREIGN = "for another architecture than the machine's own: sudo dpkg --add-architecture {0} && sudo apt-get update"


class NoAptError(BuiltinError):
    """The host has no apt-get."""

    fault = "host"

    def __init__(self) -> None:
        super().__init__(
            "this machine has no apt-get, which fetches the Debian packages of the embedded package set",
            "use a Debian or Ubuntu machine, or name another package set: imagetools build -I nixpkgs=PATH",
        )


class NoPackageListsError(BuiltinError):
    """apt has no package lists yet (a bare machine)."""

    fault = "host"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"apt has no package lists on this machine, so it cannot find the Debian package '{package}'", _HINT_UPDATE
        )
        self.package = package


class VersionGoneError(BuiltinError):
    """apt knows the package, but not (or no longer) in the version that is locked."""

    fault = "host"

    def __init__(self, package: str, version: str, architecture: str, available: list[str], foreign: bool) -> None:
        known = "it has " + ", ".join(available) if available else "it knows no such package"
        hint = _HINT_LOCK if available else _HINT_FOREIGN.format(architecture) if foreign else _HINT_UPDATE
        super().__init__(f"apt has no version {version} of the Debian package '{package}' ({architecture}); {known}", hint)
        self.package = package
        self.version = version
        self.architecture = architecture
        self.available = tuple(available)


class DebDownloadError(BuiltinError):
    """apt knows the version, but could not download it (its lines stand in the log above)."""

    fault = "host"

    def __init__(self, package: str, version: str) -> None:
        super().__init__(
            f"apt could not download version {version} of the Debian package '{package}'",
            "if apt said 404 Not Found, its package lists are older than the mirror: " + _HINT_LOCK,
        )
        self.package = package
        self.version = version


class FetchDeb:
    """The builder behind fetchdeb."""

    name: ClassVar[str] = "fetchdeb"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = (
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/etc/apt",
        "/etc/dpkg",
        "/etc/ssl",
        "/etc/ca-certificates",
        "/var/lib/apt",
        "/var/lib/dpkg",
    )

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        package, version, architecture = (_attribute(ctx, key) for key in ("package", "version", "architecture"))
        if not os.path.exists("/usr/bin/apt-get"):
            raise NoAptError
        if not apt.has_lists(_lists()):
            raise NoPackageListsError(package)
        private = os.path.join(ctx.scratch, "apt")
        apt.prepare(private)
        env = apt.environment(private, ctx.env)
        argv = ["/usr/bin/apt-get", *apt.options(private), "download", "--", apt.wanted(package, version, architecture)]
        try:
            ctx.shell(argv, env=env, cwd=f"{private}/download")
        except ShellFailedError:
            raise _explain(ctx, private, package, version, architecture) from None
        files = apt.downloaded(f"{private}/download")
        if len(files) != 1:
            raise DebDownloadError(package, version)
        shutil.move(files[0], ctx.outputs["out"])
        os.chmod(ctx.outputs["out"], 0o644)


def _lists() -> str:
    return apt.LISTS


def _attribute(ctx: BuiltinContext, key: str) -> str:
    value = ctx.env.get(key, "")
    if not value:
        raise MissingAttributeError(FetchDeb.name, key)
    if value.startswith("-") or any(char in value for char in " \t\n/="):
        raise BuiltinError(f"builtin:fetchdeb: '{value}' cannot be the {key} of a Debian package")
    return value


def _explain(ctx: BuiltinContext, private: str, package: str, version: str, architecture: str) -> BuiltinError:
    """Why the download failed: ask apt what versions it knows."""
    name = package if architecture == "all" else f"{package}:{architecture}"
    try:
        text = ctx.shell(
            ["/usr/bin/apt-cache", *apt.options(private), "show", "--", name], env=apt.environment(private, ctx.env), capture=True
        ).decode("utf-8", "replace")
    except ShellFailedError:
        text = ""
    known = [found.version for found in apt.parse_show(text) if found.package == package]
    if version in known:
        return DebDownloadError(package, version)
    return VersionGoneError(package, version, architecture, known, _is_foreign(ctx, architecture))


def _is_foreign(ctx: BuiltinContext, architecture: str) -> bool:
    """Whether packages of this architecture are not the machine's own."""
    if architecture == "all":
        return False
    try:
        own = ctx.shell(["/usr/bin/dpkg", "--print-architecture"], capture=True).decode("ascii", "replace").strip()
    except ShellFailedError:
        return True
    return architecture != own
