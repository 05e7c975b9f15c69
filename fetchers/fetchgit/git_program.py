"""The host's git as fetchgit runs it: one safe environment, its words in the build's log without secrets, its failures explained.

Refuses to know what is fetched and why; the commands are their callers'.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from imagetools.builtin.api import BuiltinContext, BuiltinError, ShellFailedError
from imagetools.kernel.bytestr import to_bytes
from imagetools.net import git_commands
from imagetools.net.git_failures import GitFailure, explain, last_words
from imagetools.net.redact import redact

from ..host_program import SEARCH_PATH, Words, need_program, write_private
from ..program_failures import patiently
from .request import Request

_PERCENT: Final = re.compile(r"^((?:remote: )?[A-Z][A-Za-z ]+):\s+(\d+)% ")
_SMALL_TALK: Final = re.compile(r"From | [*+=-] |remote: (?:Counting|Compressing|Enumerating) objects|remote: Total ")


class GitError(BuiltinError):
    """git could not do what was asked; ``failure`` says what kind of trouble it was, ``lines`` are its last words."""

    fault = "host"

    def __init__(self, url: str, failure: GitFailure, lines: Sequence[str]) -> None:
        shown = redact(url)
        said = last_words(lines)
        told = f" (git: {said})" if said and said not in failure.reason else ""
        super().__init__(f"cannot fetch from '{shown}': {failure.reason}{told}", failure.hint)
        self.url = shown
        self.failure = failure
        self.lines = tuple(lines)


class Git:
    """git for one request. ``home`` holds its configuration and what it may know of logins."""

    def __init__(self, ctx: BuiltinContext, request: Request, given: Mapping[str, str], netrc: str) -> None:
        self._ctx = ctx
        self._url = request.url
        self.home = os.path.join(ctx.scratch, "git-home")
        self.program = need_program("git", "git")
        if request.lfs:
            need_program("git-lfs", "git-lfs")
        env = {key: os.fsdecode(to_bytes(value)) for key, value in ctx.env.items()} | dict(given)
        os.makedirs(self.home, mode=0o700)
        credentials = os.path.join(self.home, git_commands.CREDENTIALS_FILE) if request.login else None
        include = env.get("gitConfigFile") or None
        configuration = git_commands.configuration(
            credentials=credentials,
            lfs=request.lfs,
            workers=max(len(os.sched_getaffinity(0)), 1),
            proxies=_pairs(env.get("FETCHGIT_HTTP_PROXIES", "")),
            include=ctx.real_path(include) if include else None,
            any_owner=True,
        )
        self._write(git_commands.CONFIG_FILE, configuration)
        if credentials:
            self._write(git_commands.CREDENTIALS_FILE, f"{request.login}\n")
        if netrc:
            self._write(".netrc", netrc)
        self.env = git_commands.environment(
            self.home,
            request.protocols,
            path=SEARCH_PATH,
            ca_file=env.get("NIX_GIT_SSL_CAINFO") or ctx.ca_file,
            variables=env,
        )
        self.env |= {key: env[key] for key in ("GIT_PROXY_COMMAND", "SOCKS_SERVER") if env.get(key)}
        self.env |= {key: value for key, value in given.items() if key.startswith("GIT_") and key not in self.env}

    def forget_logins(self) -> None:
        """Remove what git knew of logins."""
        for name in (git_commands.CREDENTIALS_FILE, ".netrc"):
            Path(self.home, name).unlink(missing_ok=True)

    def run(self, *words: str, cwd: str, input: bytes | None = None) -> None:
        """Run one command. Raises GitError."""
        self._run(words, cwd, input, False)

    def ask(self, *words: str, cwd: str) -> str:
        """Run one command for what it prints. Raises GitError."""
        return self._run(words, cwd, None, True).decode("utf-8", "surrogateescape")

    def fetch(self, *words: str, cwd: str) -> None:
        """``git fetch`` with progress; a connection that broke is tried again. Raises GitError."""
        self._patiently(("fetch", "--progress", *words), cwd, False)

    def ask_server(self, *words: str, cwd: str) -> str:
        """``ask`` for a command that goes to the server; a connection that broke is tried again. Raises GitError."""
        return self._patiently(words, cwd, True).decode("utf-8", "surrogateescape")

    def _patiently(self, words: Sequence[str], cwd: str, capture: bool) -> bytes:
        return patiently(
            lambda: self._run(words, cwd, None, capture),
            lambda error: isinstance(error, GitError) and error.failure.may_pass,
            self._ctx.log,
        )

    def _run(self, words: Sequence[str], cwd: str, input: bytes | None, capture: bool) -> bytes:
        said = _GitWords(self._ctx, self._url)
        try:
            return self._ctx.shell([self.program, *words], env=self.env, cwd=cwd, input=input, capture=capture, listen=said.take)
        except ShellFailedError as error:
            failure = explain(list(said.last))
            if error.status < 0:
                failure = GitFailure("killed", f"git was killed by signal {-error.status}")
            raise GitError(self._url, failure, list(said.last)) from None

    def _write(self, name: str, text: str) -> None:
        write_private(os.path.join(self.home, name), text)


class _GitWords(Words):
    """git's: of a percentage each quarter alone is shown, and nothing of what is always the same."""

    _quarter = ("", -1)

    def wanted(self, line: str) -> bool:
        if _SMALL_TALK.match(line):
            return False
        percent = _PERCENT.match(line)
        if percent is None:
            return super().wanted(line)
        quarter = (percent.group(1), int(percent.group(2)) // 25)
        if quarter == self._quarter or not quarter[1]:
            return False
        self._quarter = quarter
        return True


def _pairs(text: str) -> list[tuple[str, str]]:
    """``URL PROXY URL PROXY …``; a backslash takes the blank after it for a letter."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:[^\s\\]|\\.)+", text)]
    return list(zip(words[::2], words[1::2], strict=False))


def git_on_path(folder: str) -> str:
    """A folder that holds git alone, for the PATH of pieces of shell."""
    os.makedirs(folder, exist_ok=True)
    for name in ("git", "git-lfs"):
        program = shutil.which(name, path=SEARCH_PATH)
        if program is not None and not os.path.lexists(os.path.join(folder, name)):
            os.symlink(program, os.path.join(folder, name))
    return folder
