"""What git meant when it failed: its own words (``LC_ALL=C``) sorted into a few kinds, each with a next step. Pure text.

Shared by whoever runs git. Refuses to hide git's words: who shows a failure shows its last lines too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imagetools.net.redact import redact_text
from imagetools.net.troubles import LATER


@dataclass(frozen=True, slots=True)
class GitFailure:
    """``kind`` is one of the names below or ``unknown``; ``reason`` completes "cannot fetch from 'URL': ..."."""

    kind: str
    reason: str
    hint: str | None = None

    @property
    def may_pass(self) -> bool:
        """Whether another try may well succeed."""
        return self.kind in {"broken", "busy", "timeout"}


_KINDS: Final[tuple[tuple[str, str, str, str | None], ...]] = (
    (
        "protocol",
        r"transport '([^']*)' not allowed",
        "the transport '{0}' is not allowed",
        "repositories (and the submodules they name) are fetched through https, http, ssh and git only",
    ),
    (
        "path",
        r"invalid path '([^']*)'",
        "it holds a path that no repository may hold: '{0}'",
        "such a path could write outside of the checkout; whoever made it may mean harm",
    ),
    (
        "path",
        r"untracked working tree files would be overwritten by checkout:\s+(\S+)",
        "it holds a path that no repository may hold: '{0}'",
        "such a path could write outside of the checkout; whoever made it may mean harm",
    ),
    (
        "no commit",
        r"Cannot switch branch to a non-commit|expected commit type",
        "that revision is no commit",
        "a tree of files has no history: fetch it without leaveDotGit",
    ),
    (
        "submodule",
        r"No url found for submodule path '([^']*)'|invalid value for '(?:submodule\.)([^']*)'",
        "its submodule '{0}' has no usable entry in .gitmodules",
        "without submodules: fetchSubmodules = false",
    ),
    (
        "certificate",
        r"SSL certificate problem|server certificate verification failed|certificate subject name",
        "the server's certificate is not trusted",
        "if the certificate is your own, name its authority: NIX_SSL_CERT_FILE=FILE",
    ),
    (
        "login",
        r"Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|returned error: 40[13]"
        r"|Permission denied \(|Host key verification failed|HTTP Basic: Access denied|Invalid username or password",
        "the server wants a login, or has no such repository",
        "name a login in a netrc file (--netrc-file FILE, a line `machine HOST login NAME password WORD`), and check the URL",
    ),
    (
        "repository",
        r"repository '[^']*' not found|returned error: 404|does not appear to be a git repository"
        r"|access denied or repository not exported|not a git repository|does not exist|[Rr]epository not found",
        "there is no git repository",
        "check the URL; a repository on this machine is named by its full path",
    ),
    (
        "host",
        r"[Cc]ould not resolve (?:host|hostname)|unable to look up|Name or service not known|failure in name resolution",
        "the host is not known",
        "check the host's name in the URL and this machine's network",
    ),
    (
        "refused",
        r"Connection refused|Failed to connect|Couldn't connect|No route to host|Network is unreachable",
        "the host does not answer there",
        "check the port in the URL, and whether this machine needs a proxy (https_proxy)",
    ),
    ("timeout", r"timed out|Timeout was reached|Operation too slow", "the server did not answer in time", LATER),
    ("busy", r"returned error: (?:429|5\d\d)", "the server is busy or broken", LATER),
    (
        "revision",
        r"couldn't find remote ref|did not contain [0-9a-f]{40}"
        r"|invalid reference|not our ref|unadvertised object|[Pp]athspec '[^']*' did not match|reference is not a tree"
        r"|bad object|unable to read tree|not a valid object|Not a valid|unknown revision|bad revision|[Rr]emote branch",
        "the repository has no such revision",
        "name a commit, a tag or a branch that it has",
    ),
    (
        "broken",
        r"early EOF|hung up unexpectedly|RPC failed|[Cc]onnection reset|Empty reply|unexpected disconnect"
        r"|transfer closed|Broken pipe|invalid index-pack output|index-pack failed|Recv failure"
        r"|Could not read from remote",
        "the connection broke",
        "try again; a large repository comes in smaller pieces with sparseCheckout",
    ),
    ("disk", r"No space left on device", "the disk is full", "make room and try again"),
)
_PREFIX: Final = re.compile(r"^(?:remote: )?(?:fatal|error|warning): ")


def explain(lines: Sequence[str]) -> GitFailure:
    """The kind of a failure from what git wrote, most telling kind first."""
    text = "\n".join(lines)
    for kind, pattern, reason, hint in _KINDS:
        if found := re.search(pattern, text):
            return GitFailure(kind, reason.format(*(group for group in found.groups() if group is not None)), hint)
    return GitFailure("unknown", last_words(lines) or "git failed without a word", "look at the URL, and at what was said before")


def last_words(lines: Sequence[str]) -> str:
    """The last line in which git complains, without its ``fatal:``; secrets of URLs taken out."""
    for wanted in (r"^fatal: ", r"^error: ", r"\S"):
        for line in reversed(lines):
            if re.search(wanted, line):
                return redact_text(_PREFIX.sub("", line).strip())
    return ""
