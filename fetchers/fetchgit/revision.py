"""Which commit a revision means, as the server tells: a full name, a tag, a branch, or the beginning of a commit's name.

The rules are those of nixpkgs' script, which knows commits, full names and tags; the names of branches come after them. Where the
script takes any reference that begins like the wanted one, this takes none.
"""

import difflib
from dataclasses import dataclass

from imagetools.net.git_commands import is_commit, is_hexadecimal
from imagetools.net.git_failures import GitFailure
from imagetools.net.redact import redact

from .git_program import Git, GitError
from .request import Request

_SHOWN = 5


class UnknownRevisionError(GitError):
    """The repository has no such revision; ``near`` are names that it has."""

    def __init__(self, request: Request, near: tuple[str, ...]) -> None:
        has = f"; it has {', '.join(near)}" if near else ""
        what = "commit" if is_commit(request.rev) else "revision"
        if what == "commit":
            hint = "a commit that no branch and no tag leads to is gone once the server has tidied up"
        elif near:
            hint = "name a commit, a tag or a branch that it has"
        else:
            hint = "it has nothing at all: is it a git repository? check the URL"
        super().__init__(request.url, GitFailure("revision", f"there is no {what} '{request.rev}'{has}", hint), ())
        self.rev = request.rev
        self.near = near


@dataclass(frozen=True, slots=True)
class Advertised:
    """What a server shows: full names of references to objects, in the server's order; peeled tags apart."""

    references: dict[str, str]

    @staticmethod
    def ask(git: Git, url: str) -> "Advertised":
        """One question to the server. Raises GitError."""
        found = {}
        for line in git.ask_server("ls-remote", "--", url, cwd=git.home).splitlines():
            commit, tab, name = line.partition("\t")
            if tab:
                found[name] = commit
        return Advertised(found)

    def name_of(self, commit: str) -> str | None:
        """The first reference that is this object."""
        return next((name for name, value in self.references.items() if value == commit), None)

    def find(self, rev: str) -> str | None:
        """What a short name means: a tag, a branch, any reference, or the one commit that begins so."""
        for name in (rev, f"refs/tags/{rev}", f"refs/heads/{rev}", f"refs/{rev}"):
            if name in self.references and (name == "HEAD" or name.startswith("refs/")):
                return name
        if is_hexadecimal(rev):
            begin = {value for value in self.references.values() if value.startswith(rev)}
            if len(begin) == 1:
                return begin.pop()
        return None

    def near(self, rev: str) -> tuple[str, ...]:
        """Names that a person may have meant, else some that there are."""
        names = [
            name.removeprefix("refs/heads/").removeprefix("refs/tags/") for name in self.references if not name.endswith("^{}")
        ]
        names = [name for name in dict.fromkeys(names) if name != "HEAD"]
        word = rev.removeprefix("refs/heads/").removeprefix("refs/tags/")
        return tuple(difflib.get_close_matches(word, names, _SHOWN, 0.5)) or tuple(names[:_SHOWN])


def unknown(git: Git, request: Request) -> UnknownRevisionError:
    """The error, with what the server has instead."""
    try:
        near = Advertised.ask(git, request.url).near(request.rev)
    except GitError:
        near = ()
    return UnknownRevisionError(request, tuple(redact(name) for name in near))
