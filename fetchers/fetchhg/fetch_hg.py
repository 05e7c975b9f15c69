"""``builtin:fetchhg``: a Mercurial repository at one revision, by the host's hg (row 1.043).

nixpkgs' builder clones and lets ``hg archive`` write the files; so does this one. Nothing of the machine's or the person's
configuration counts (HGRCPATH), nothing asks, and no subrepository of another kind is fetched (which is Mercurial's default).
"""

import os
import re
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes, urlsplit

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError, ShellFailedError
from imagetools.kernel.bytestr import to_bytes
from imagetools.net.git_commands import STALLED
from imagetools.net.hg_failures import SCHEMES, TROUBLES, last_words
from imagetools.net.redact import redact

from ..host_program import SEARCH_PATH, Words, need_program, write_private
from ..login import Login, login_for
from ..program_failures import ProgramFailedError, patiently

_PROTOCOLS: Final = ("http", "https", "ssh", "file")


class HgError(ProgramFailedError):
    """hg could not fetch."""

    program = "hg"
    troubles = TROUBLES

    def __init__(self, url: str, lines: list[str]) -> None:
        super().__init__(url, lines, last_words(lines))


class HgUrlError(BuiltinError):
    """A URL that hg shall not be given."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot fetch from '{redact(url)}': {reason}", SCHEMES)


class FetchHg:
    """The builder behind fetchhg."""

    name: ClassVar[str] = "fetchhg"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = ("/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/ssh")

    def __init__(self, stalled: int = STALLED) -> None:
        self._stalled = stalled

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The repository of this machine that the derivation names (see ``ReadsHostFiles``)."""
        url = env.get("url", "")
        if not url.startswith(("/", "file://")):
            return ()
        path = os.path.normpath(os.fsdecode(unquote_to_bytes(urlsplit(url).path) if url.startswith("file:") else to_bytes(url)))
        return (path,) if Path(path, ".hg").is_dir() and not path.startswith(("/proc/", "/sys/", "/dev/")) else ()

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        given, rev = (os.fsdecode(to_bytes(ctx.env.get(key, ""))) for key in ("url", "rev"))
        if not given:
            raise MissingAttributeError(self.name, "url")
        check_url(given)
        url, login = login_for(given, ctx.netrc)
        program = need_program("hg", "mercurial")
        home = os.path.join(ctx.scratch, "hg-home")
        os.mkdir(home, 0o700)
        write_private(os.path.join(home, "hgrc"), configuration(url, login, ctx.ca_file, self._stalled))
        env = environment(home, {key: os.fsdecode(to_bytes(value)) for key, value in ctx.env.items()})
        clone = os.path.join(ctx.scratch, "hg-clone")
        ctx.log(f"fetching '{rev or 'the newest revision'}' from '{redact(given)}'")
        # without a revision hg decides by the clone's checkout: a bookmark called @, else the default branch
        words = [
            [program, "clone", *(("--noupdate",) if rev else ()), "--", url, clone],
            [
                *(program, "archive", "--quiet", "--noninteractive", "--type=files", f"--cwd={clone}"),
                *(("--subrepos",) if ctx.env.get("fetchSubrepos", "") not in {"", "0"} else ()),
                *((f"--rev={rev}",) if rev else ()),
                *("--", ctx.outputs["out"]),
            ],
        ]

        def run(command: list[str], made: str) -> None:
            said = Words(ctx, given)
            try:
                ctx.shell(command, env=env, cwd=home, listen=said.take)
            except ShellFailedError:
                shutil.rmtree(made, ignore_errors=True)  # what another try would stumble over
                raise HgError(given, list(said.last)) from None

        for command, made in zip(words, (clone, ctx.outputs["out"]), strict=True):
            patiently(partial(run, command, made), lambda error: isinstance(error, HgError) and error.may_pass, ctx.log)
        Path(ctx.outputs["out"], ".hg_archival.txt").unlink(missing_ok=True)


def check_url(url: str) -> None:
    """Raises HgUrlError."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    if url.startswith("-"):
        raise HgUrlError(url, "it begins with '-', so hg would take it for an option")
    if re.search(r"[\x00-\x1f\x7f]", url):
        raise HgUrlError(url, "it holds a control character")
    if scheme is not None and scheme.group(1).lower() not in _PROTOCOLS:
        raise HgUrlError(url, f"there is no transport '{scheme.group(1)}' here")
    if scheme is None and not url.startswith("/"):
        raise HgUrlError(url, "it is neither a URL nor a full path")


def configuration(url: str, login: Login | None, ca_file: str | None, stalled: int = STALLED) -> str:
    """The text of the one configuration file that hg reads; ``stalled`` in seconds."""
    lines = ["[ui]", "interactive = no", "ssh = ssh -oBatchMode=yes", "[extensions]", "[hooks]", "[http]", f"timeout = {stalled}"]
    if ca_file is not None:
        lines += ["[web]", f"cacerts = {ca_file}"]
    else:  # what `--insecure` means, as nixpkgs has it; the output's hash says what must come
        lines.insert(1, "insecureconnections = yes")
    if login is not None:
        parts = urlsplit(url)
        lines += ["[auth]", f"it.prefix = {parts.netloc}", f"it.username = {login.name}", f"it.password = {login.password}"]
        lines += ["it.schemes = http https"]
    return "\n".join(lines) + "\n"


def environment(home: str, given: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of an hg process."""
    env = {
        "PATH": SEARCH_PATH,
        "HOME": home,
        "HGRCPATH": os.path.join(home, "hgrc"),
        "HGPLAIN": "1",
        "HGENCODING": "utf-8",
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": home,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    return env | {name: given[name] for name in names if given.get(name)}
