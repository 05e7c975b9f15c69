"""Which commit a branch, tag or other ref of a remote git repository means now. Asks the host's git, and stores nothing.

Git's order where several refs have the name: the full name, then tags, then branches; an annotated tag means the commit that it
tags.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from imagetools.kernel.errors import ImagetoolsError
from imagetools.net import git_commands, git_failures, programs
from imagetools.net.redact import redact


class RemoteError(ImagetoolsError):
    """A remote repository could not be asked; ``url`` has its secrets taken out."""

    fault = "host"

    def __init__(self, url: str, reason: str, hint: str | None) -> None:
        self.url = redact(url)
        super().__init__(f"cannot ask '{self.url}' for its branches and tags: {reason}", hint)


class NoSuchRevisionError(ImagetoolsError):
    """A repository has no ref of that name; ``names`` are some that it has."""

    def __init__(self, url: str, revision: str, names: list[str]) -> None:
        self.url, self.revision = redact(url), revision
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        super().__init__(f"'{self.url}' has no branch or tag '{revision}'", f"it has: {shown}" if names else "it has none")


@dataclass(frozen=True, slots=True)
class Access:
    """What the host's git may know: the PATH that it is on, certificates, the text of a netrc file, and proxy variables."""

    path: str
    ca_file: str | None = None
    netrc: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """``commit`` is its full name; ``ref`` is the full name of what led there, ``HEAD`` or ``refs/...``."""

    commit: str
    ref: str

    @property
    def tag(self) -> str | None:
        """The short name, where it is a tag."""
        return self.ref.removeprefix("refs/tags/") if self.ref.startswith("refs/tags/") else None


def resolve(url: str, revision: str, access: Access) -> Resolved:
    """The commit that ``revision`` of the repository at ``url`` means.

    Raises GitUrlError, GitRevisionError, RemoteError, NoSuchRevisionError, and ProgramMissingError without git.
    """
    scheme = git_commands.protocol(url)
    git_commands.check_revision(revision)
    refs = dict(_refs(url, scheme, access))
    for name in (revision, f"refs/{revision}", f"refs/tags/{revision}", f"refs/heads/{revision}"):
        if name in refs:
            return Resolved(refs.get(name + "^{}", refs[name]), name)
    short = {name.removeprefix("refs/heads/").removeprefix("refs/tags/") for name in refs}
    names = sorted(name for name in short if name != "HEAD" and not name.startswith("refs/") and not name.endswith("^{}"))
    raise NoSuchRevisionError(url, revision, names)


def _refs(url: str, scheme: str, access: Access) -> Iterator[tuple[str, str]]:
    bare, credentials = git_commands.split_credentials(url)
    with _home(credentials, access.netrc) as home:
        file = f"{home}/{git_commands.CREDENTIALS_FILE}" if credentials else None
        _write(f"{home}/{git_commands.CONFIG_FILE}", git_commands.configuration(credentials=file, any_owner=True))
        environment = git_commands.environment(
            home,
            [*git_commands.REMOTE_PROTOCOLS, *(["file"] if scheme == "file" else [])],
            path=access.path,
            ca_file=access.ca_file,
            variables=access.variables,
        )
        done = programs.run(["git", "ls-remote", "--quiet", "--", bare], environment)
    if done.status:
        failure = git_failures.explain(done.lines)
        raise RemoteError(url, failure.reason, failure.hint)
    for line in done.output.decode("utf-8", "surrogateescape").splitlines():
        commit, tab, name = line.partition("\t")
        if tab and git_commands.is_commit(commit):
            yield name, commit


@contextmanager
def _home(credentials: str | None, netrc: str) -> Iterator[str]:
    """A private folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="imagetools-git-") as home:
        if credentials is not None:
            _write(f"{home}/{git_commands.CREDENTIALS_FILE}", credentials + "\n")
        if netrc:
            _write(f"{home}/.netrc", netrc)
        yield home


def _write(path: str, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
