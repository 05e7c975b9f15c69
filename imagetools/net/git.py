"""The host's git, called while evaluating: once to get what is elsewhere, once to read what is there.

The two have different environments. Getting (``network``) uses the person's own configuration, keys and credential helpers, as
Nix does: that is how private repositories are reached; it never asks, and knows no transports that run programs. Reading (all
else) sees no configuration of the machine or the person, so that what comes out is the repository's alone. Which commands make
up a fetch is for who knows Nix's rules.
"""

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final
from urllib.parse import urlsplit

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net import programs
from imagetools.net.credentials import Login, Netrc, split_login
from imagetools.net.git_commands import REMOTE_PROTOCOLS, environment, protocol, split_credentials
from imagetools.net.git_failures import GitFailure, explain
from imagetools.net.programs import Done, ProgramFailedError
from imagetools.net.redact import redact

_NEUTRAL: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null"),
    *("-c", "core.excludesFile=/dev/null", "-c", "advice.detachedHead=false"),
)
_KEPT: Final = (
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "XDG_CONFIG_HOME",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_CONFIG_GLOBAL",
    "SUDO_UID",
)
_HELPER: Final = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$IMAGETOOLS_LOGIN" "$IMAGETOOLS_PASSWORD"; }; f'
)
_TRUST: Final = "if you trust its owner: git config --global --add safe.directory FOLDER"
_HINTS: Final = {
    "login": "a netrc file, a credential helper of git's or an ssh agent can give the login; check the URL, too",
    "broken": "try again",
}
"""Where a person's own configuration counts, and there is no build to change."""


class GitFetchError(ImagetoolsError):
    """A repository cannot be reached or has not what is wanted; ``kind`` as in ``git_failures``."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, failure: ProgramFailedError) -> None:
        found = explain(failure.lines)
        if any("dubious ownership" in line for line in failure.lines):
            found = GitFailure("owner", "the repository belongs to another user", _TRUST)
        said = "".join(f"\n  {line}" for line in failure.lines[-programs.LINES_SHOWN :])
        super().__init__(
            f"cannot fetch from '{redact(url)}': {found.reason}" + (":" + said if said else ""),
            _HINTS.get(found.kind, found.hint),
        )
        self.kind = found.kind


class HostGit:
    """``variables`` are the person's, ``home`` their folder; ``netrc`` the text of a netrc file."""

    def __init__(self, variables: Mapping[str, str], home: str, *, netrc: str = "", ca_file: str | None = None) -> None:
        self._variables = variables
        self._home = home
        self._netrc = Netrc(netrc)
        self._ca_file = ca_file
        self._safe: tuple[str, ...] | None = None

    # -- reading ---------------------------------------------------------------------------------------------------------

    def run(self, *words: str | bytes, index: str | None = None) -> Done:
        """Git without any configuration but the repository's. Raises ProgramMissingError."""
        return programs.run(["git", *_NEUTRAL, *self._trusted(), *words], self._plain(index))

    def output(self, *words: str | bytes, index: str | None = None) -> bytes:
        """What it prints. Raises ProgramFailedError, ProgramMissingError."""
        done = self.run(*words, index=index)
        if done.status:
            raise ProgramFailedError("git", done.status, done.lines)
        return done.output

    def line(self, *words: str | bytes) -> str:
        """The one line that it prints."""
        return self.output(*words).decode("utf-8", "surrogateescape").strip()

    def piped(self, *words: str | bytes) -> "programs.Pipe":
        """What it prints, as it comes."""
        return programs.Pipe(["git", *_NEUTRAL, *self._trusted(), *words], self._plain(None))

    def _plain(self, index: str | None) -> dict[str, str]:
        env = environment(self._home, (), path=self._path())
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_OPTIONAL_LOCKS": "0", "TMPDIR": self._variables.get("TMPDIR") or "/tmp"}
        if "SUDO_UID" in self._variables:
            env["SUDO_UID"] = self._variables["SUDO_UID"]
        if index is not None:
            env["GIT_INDEX_FILE"] = index
        return env

    def _trusted(self) -> Sequence[str]:
        """Which repositories of others the person trusts: of their configuration the one thing that reading needs."""
        if self._safe is None:
            done = programs.run(["git", "config", "-z", "--get-all", "safe.directory"], self._personal(()))
            values = done.output.decode("utf-8", "surrogateescape").split("\0")[:-1]
            self._safe = tuple(word for value in values for word in ("-c", f"safe.directory={value}"))
        return self._safe

    # -- getting ---------------------------------------------------------------------------------------------------------

    def network(self, url: str, *words: str | bytes, files: bool = True) -> bytes:
        """Git with the person's configuration. ``url`` is what it talks to; in ``words`` it stands as ``bare`` gives it.

        ``files``: repositories on this machine may be read too. Raises GitUrlError, GitFetchError, ProgramMissingError.
        """
        way = protocol(url)
        env = self._personal((*REMOTE_PROTOCOLS, *(("file",) if files else ())))
        options = ["-c", "core.hooksPath=/dev/null", "-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false"]
        if way == "ssh" and "GIT_SSH_COMMAND" not in self._variables and self._has_own_ssh():
            del env["GIT_SSH_COMMAND"]
        login = self._login(url)
        if login is not None:
            own = split_credentials(url)[1] is not None
            options += [*(("-c", "credential.helper=") if own else ()), "-c", f"credential.helper={_HELPER}"]
            env |= {"IMAGETOOLS_LOGIN": login.name, "IMAGETOOLS_PASSWORD": login.password}
        try:
            return programs.output(["git", *options, *words], env)
        except ProgramFailedError as failure:
            raise GitFetchError(url, failure) from failure

    def _has_own_ssh(self) -> bool:
        """Whether the person has said which program is to be ssh: it then counts, instead of the one that never asks."""
        found = programs.run(["git", "config", "--get", "core.sshCommand"], self._personal(())).status == 0
        return found or "GIT_SSH" in self._variables

    @staticmethod
    def bare(url: str) -> str:
        """A URL without the password that it may hold, which other users of the machine could see."""
        return split_credentials(url)[0]

    def _personal(self, protocols: Sequence[str]) -> dict[str, str]:
        env = environment(self._home, protocols, path=self._path(), ca_file=self._ca_file, variables=self._variables)
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "XDG_CONFIG_HOME", "TMPDIR"):
            env.pop(name, None)
        return env | {name: self._variables[name] for name in (*_KEPT, "TMPDIR") if name in self._variables}

    def _login(self, url: str) -> Login | None:
        if not url.lower().startswith(("http://", "https://")):
            return None
        return split_login(url)[1] or self._netrc.lookup(urlsplit(url).hostname or "")

    def _path(self) -> str:
        return self._variables.get("PATH", os.defpath)
