"""How git is called: its environment and configuration, and which URLs and revisions it may be given. Pure text.

Shared by whoever runs the host's git: the builder of fetchgit inside the sandbox, and fetching while evaluating. Neither the
machine's nor the person's configuration may change what comes, nothing may ask, and nothing of a repository may run: no hooks,
no templates, no file-system monitor, no filters, no transport but the known ones. All configuration is in one file (not in
``GIT_CONFIG_COUNT``), because git takes such variables away from the processes it starts for other repositories. This module
refuses to run anything.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.redact import redact

REMOTE_PROTOCOLS: Final = ("git", "http", "https", "ssh")
STALLED: Final = 120  # seconds without a byte after which a download through http is given up
CONFIG_FILE: Final = "gitconfig"
CREDENTIALS_FILE: Final = "git-credentials"
PROXY_VARIABLES: Final = (
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
)
_HELPER: Final = re.compile(r"[A-Za-z0-9]+::")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP: Final = re.compile(r"(?:[^/@:\s]+@)?(?:[^/:\s\[\]]+|\[[0-9A-Fa-f:.]+\]):")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HEX: Final = re.compile(r"[0-9a-f]+")
_BAD_IN_REVISION: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/$|^/|\.lock(/|$)|(^|/)\.|\.$")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class GitUrlError(ImagetoolsError):
    """A URL that git shall not be given; ``url`` has its secrets taken out."""

    def __init__(self, url: str, reason: str) -> None:
        shown = redact(url)
        super().__init__(
            f"cannot fetch from '{shown}': {reason}",
            "a git repository is named by https://, http://, ssh://, git:// or file://, by user@host:path, or by a full path",
        )
        self.url = shown


class GitRevisionError(ImagetoolsError):
    """A text that cannot be the name of a commit, tag or branch."""

    def __init__(self, revision: str, reason: str) -> None:
        super().__init__(
            f"'{revision}' cannot be a git revision: {reason}",
            "a revision is a commit (40 hexadecimal digits), a tag or branch, a full name like refs/heads/main, or HEAD",
        )
        self.revision = revision


def protocol(url: str) -> str:
    """The transport that git takes for ``url``: ``file``, ``git``, ``http``, ``https`` or ``ssh``. Raises GitUrlError."""
    if not url:
        raise GitUrlError(url, "the URL is empty")
    if url.startswith("-"):
        raise GitUrlError(url, "it begins with '-', so git would take it for an option")
    if _CONTROL.search(url):
        raise GitUrlError(url, "it holds a control character")
    if helper := _HELPER.match(url):
        raise GitUrlError(url, f"git's transport helpers ('{helper.group()}') are not allowed, since they can run programs")
    if scheme := _SCHEME.match(url):
        name = scheme.group(1).lower()
        name = {"git+ssh": "ssh", "ssh+git": "ssh"}.get(name, name)
        if name not in (*REMOTE_PROTOCOLS, "file"):
            raise GitUrlError(url, f"git has no transport '{name}' here")
        if name != "file":
            host = urlsplit(url).netloc.rpartition("@")[2]
            if not host or host.startswith("-"):
                raise GitUrlError(url, "it names no host" if not host else "its host begins with '-'")
        return name
    if url.startswith("/"):
        return "file"
    if (scp := _SCP.match(url)) and not url[scp.end() :].startswith("-"):
        if scp.group().rpartition("@")[2].startswith("-"):
            raise GitUrlError(url, "its host begins with '-'")
        return "ssh"
    raise GitUrlError(url, "it is neither a URL nor a full path")


def check_revision(revision: str) -> None:
    """Raises GitRevisionError for what git could take for an option, a range, a path or an expression."""
    if not revision:
        raise GitRevisionError(revision, "it is empty")
    if revision.startswith("-"):
        raise GitRevisionError(revision, "it begins with '-', so git would take it for an option")
    if _BAD_IN_REVISION.search(revision) or revision == "@":
        raise GitRevisionError(revision, "no git reference may be called so")


def is_commit(revision: str) -> bool:
    """Whether it is the full name of an object."""
    return _COMMIT.fullmatch(revision) is not None


def is_hexadecimal(revision: str) -> bool:
    """Whether it may be the (shortened) name of an object."""
    return _HEX.fullmatch(revision) is not None


def split_credentials(url: str) -> tuple[str, str | None]:
    """``https://u:p@h/x`` → (``https://h/x``, ``https://u:p@h``): what git shall be given and say, and a line of its file of
    credentials. Only of http and https; the password may be empty (a token for a name)."""
    parts = urlsplit(url) if url.lower().startswith(("http://", "https://")) else None
    if parts is None or "@" not in parts.netloc:
        return url, None
    login, _, host = parts.netloc.rpartition("@")
    name, _, password = login.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    keep = "%:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;="
    return bare, f"{parts.scheme.lower()}://{quote(name, safe=keep)}:{quote(password, safe=keep)}@{host}"


def environment(
    home: str,
    protocols: Sequence[str],
    *,
    path: str,
    ca_file: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment of a git process.

    ``home`` is a private folder that holds CONFIG_FILE (see ``configuration``) and, where there are any, ``.netrc`` and
    CREDENTIALS_FILE. ``variables`` is where the proxies stand. ``protocols`` are the transports that may be used, for
    submodules too.
    """
    given = variables or {}
    env = {
        "PATH": path,
        "HOME": home,
        "XDG_CONFIG_HOME": f"{home}/.config",
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": home,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": f"{home}/{CONFIG_FILE}",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(sorted(protocols)),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "false",
    }
    env |= {name: given[name] for name in PROXY_VARIABLES if given.get(name)}
    if ca_file is not None:
        env["GIT_SSL_CAINFO"] = ca_file
    return env


def configuration(
    *,
    credentials: str | None = None,
    lfs: bool = False,
    workers: int = 1,
    proxies: Sequence[tuple[str, str]] = (),
    include: str | None = None,
    any_owner: bool = False,
) -> str:
    """The text of CONFIG_FILE.

    ``credentials`` is a file with lines of ``split_credentials``; ``proxies`` are pairs of a URL's beginning and its proxy;
    ``include`` is a configuration file of the person's choice, which wins; ``any_owner`` also takes repositories that belong to
    another user (for a builder, to whom everything on the host does).
    """
    sections: list[tuple[str, list[tuple[str, str]]]] = [
        (
            "core",
            [
                ("hooksPath", "/dev/null"),
                ("fsmonitor", "false"),
                ("attributesFile", "/dev/null"),
                ("excludesFile", "/dev/null"),
                ("autocrlf", "false"),
                ("fsync", "none"),
            ],
        ),
        ("init", [("defaultBranch", "master")]),
        ("gc", [("auto", "0")]),
        ("maintenance", [("auto", "false")]),
        ("advice", [("detachedHead", "false")]),
        ("submodule", [("recurse", "false")]),
        ("fetch", [("recurseSubmodules", "false")]),
        ("checkout", [("workers", str(workers))]),
        ("http", [("lowSpeedLimit", "1"), ("lowSpeedTime", str(STALLED))]),
        ("credential", [("helper", ""), *([("helper", f"store --file={credentials}")] if credentials else [])]),
    ]
    if any_owner:
        sections.append(("safe", [("directory", "*")]))
    if lfs:
        commands = [("process", "git-lfs filter-process"), ("smudge", "git-lfs smudge -- %f"), ("clean", "git-lfs clean -- %f")]
        sections.append(('filter "lfs"', [*commands, ("required", "true")]))
    sections += [(f"http {_quoted(prefix)}", [("proxy", proxy)]) for prefix, proxy in proxies]
    if include is not None:
        sections.append(("include", [("path", include)]))
    lines: list[str] = []
    for name, values in sections:
        lines.append(f"[{name}]")
        lines += [f"\t{key} = {_quoted(value)}" for key, value in values]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A value as a configuration file wants it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
