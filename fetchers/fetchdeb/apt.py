"""The host's apt, used without touching its state: where it looks, what it knows, one download.

Every path that apt writes is redirected into the build's folder, so that it works as an ordinary user and beside a running
apt; the package lists stay the host's. Refuses to update them: that needs root, and is the host owner's decision.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

LISTS = "/var/lib/apt/lists"
PROXY_VARIABLES = (
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version that the lists know; ``sha256`` in base 16, ``filename`` relative to whatever mirror the host uses."""

    package: str
    version: str
    architecture: str
    sha256: str
    filename: str


def has_lists(folder: str = LISTS) -> bool:
    """Whether ``apt-get update`` has ever run here: is there any list of binary packages?"""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any("_Packages" in name for name in names)


def options(private: str, lists: str = LISTS) -> list[str]:
    """apt's options that keep everything it writes below ``private`` (see ``prepare``)."""
    settings = {
        "Dir::State": f"{private}/state",
        "Dir::State::lists": lists,
        "Dir::State::status": f"{private}/status",
        "Dir::Cache": f"{private}/cache",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Dir::Log": f"{private}/log",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",  # no second change of user: the build's own is powerless already
        "Acquire::Retries": "3",
        "Acquire::Languages": "none",
        "quiet": "1",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def prepare(private: str) -> None:
    """Make the folders and the empty status file that ``options`` names."""
    for folder in ("state", "cache/archives/partial", "log", "tmp", "download"):
        os.makedirs(f"{private}/{folder}", exist_ok=True)
    with open(f"{private}/status", "wb"):
        pass


def environment(private: str, given: Mapping[str, str]) -> dict[str, str]:
    """A small environment for apt: English messages, private temporary folder, the proxies of ``given``."""
    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": private, "TMPDIR": f"{private}/tmp"}
    env.update({key: given[key] for key in PROXY_VARIABLES if given.get(key)})
    return env


def parse_show(text: str) -> Iterator[Version]:
    """The stanzas of ``apt-cache show`` that name a file (installed versions without one are left out)."""
    for stanza in text.replace("\r\n", "\n").split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            key, colon, value = line.partition(":")
            if colon and not line[:1].isspace():
                fields.setdefault(key.lower(), value.strip())
        if {"package", "version", "architecture", "sha256", "filename"} <= fields.keys():
            yield Version(fields["package"], fields["version"], fields["architecture"], fields["sha256"], fields["filename"])


def wanted(package: str, version: str, architecture: str) -> str:
    """apt's spelling of one exact package."""
    return f"{package}={version}" if architecture == "all" else f"{package}:{architecture}={version}"


def file_name(package: str, version: str, architecture: str) -> str:
    """The name a .deb has in an archive: without the epoch, which Debian leaves out and a store name may not hold (``:``)."""
    return f"{package}_{version.partition(':')[2] or version}_{architecture}.deb"


def downloaded(folder: str) -> Sequence[str]:
    """The .deb files in ``folder``, full paths."""
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".deb")]
