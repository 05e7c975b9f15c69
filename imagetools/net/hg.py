"""The host's Mercurial, called while evaluating.

``HGPLAIN`` gives one form of output, whatever the person has set up; as with git, only commands that reach out see their
configuration (keys, ``[auth]``), all others none. Nothing asks. Which commands make up a fetch is for who knows Nix's rules.
"""

import os
from collections.abc import Mapping
from typing import ClassVar, Final

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net import programs
from imagetools.net.git_commands import PROXY_VARIABLES, STALLED
from imagetools.net.hg_failures import SCHEMES, TROUBLES
from imagetools.net.programs import Done, ProgramFailedError
from imagetools.net.redact import redact
from imagetools.net.troubles import find

PROTOCOLS: Final = ("http", "https", "ssh", "file")
_KEPT: Final = ("SSH_AUTH_SOCK", "SSH_AGENT_PID", "TMPDIR", "HGRCPATH", "XDG_CONFIG_HOME", *PROXY_VARIABLES)
_ALWAYS: Final = ("--noninteractive", "--config", "extensions.pager=!", "--config", "ui.paginate=no")


class HgUrlError(ImagetoolsError):
    """A URL that Mercurial shall not be given."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot fetch from '{redact(url)}': {reason}", SCHEMES)


class HgFetchError(ImagetoolsError):
    """A repository cannot be reached or has not what is wanted."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, failure: ProgramFailedError) -> None:
        said = "".join(f"\n  {line}" for line in failure.lines[-programs.LINES_SHOWN :])
        trouble = find(TROUBLES, failure.lines)
        reason = f"hg failed with exit code {failure.status}" if trouble is None else trouble.reason
        super().__init__(
            f"cannot fetch from '{redact(url)}': {reason}" + (":" + said if said else ""),
            None if trouble is None else trouble.hint,
        )
        self.lines = failure.lines


class HostHg:
    """``variables`` are the person's, ``home`` their folder; ``stalled``: seconds after which a silent server is given up."""

    def __init__(self, variables: Mapping[str, str], home: str, *, ca_file: str | None = None, stalled: int = STALLED) -> None:
        self._variables = variables
        self._home = home
        self._ca_file = ca_file
        self._patience = ("--config", f"http.timeout={stalled}")

    def run(self, *words: str | bytes) -> Done:
        """Without any configuration but the repository's. Raises ProgramMissingError."""
        return programs.run(["hg", *_ALWAYS, *words], self._environment() | {"HGRCPATH": ""})

    def output(self, *words: str | bytes) -> bytes:
        """What it prints. Raises ProgramFailedError, ProgramMissingError."""
        done = self.run(*words)
        if done.status:
            raise ProgramFailedError("hg", done.status, done.lines)
        return done.output

    def network(self, url: str, *words: str | bytes) -> bytes:
        """With the person's configuration; ``url`` is what it talks to (and stands in ``words``).

        Raises HgUrlError, HgFetchError, ProgramMissingError.
        """
        check_url(url)
        certificates = () if self._ca_file is None else ("--config", f"web.cacerts={self._ca_file}")
        env = self._environment()
        own = url.startswith("ssh:") and programs.run(["hg", "config", "ui.ssh"], env).status == 0
        quiet = () if own else ("--config", "ui.ssh=ssh -oBatchMode=yes")
        try:
            return programs.output(["hg", *_ALWAYS, *self._patience, *certificates, *quiet, *words], env)
        except ProgramFailedError as failure:
            raise HgFetchError(url, failure) from failure

    def _environment(self) -> dict[str, str]:
        kept = {name: self._variables[name] for name in _KEPT if self._variables.get(name)}
        own = {"PATH": self._variables.get("PATH", os.defpath), "HOME": self._home, "HGPLAIN": "1", "LC_ALL": "C.UTF-8"}
        return kept | own | {"HGENCODING": "utf-8", "SSH_ASKPASS": ""}


def check_url(url: str) -> None:
    """Raises HgUrlError for what Mercurial could take for an option or another program."""
    if url.startswith("-") or any(ord(letter) < 32 for letter in url):
        raise HgUrlError(url, "this cannot be a URL")
    if url.startswith("/"):
        return
    scheme, found, rest = url.partition("://")
    if not found or scheme not in PROTOCOLS:
        raise HgUrlError(url, f"hg has no transport '{scheme}' here")
    if scheme == "ssh" and rest.rpartition("@")[2].startswith("-"):
        raise HgUrlError(url, "its host begins with '-'")
