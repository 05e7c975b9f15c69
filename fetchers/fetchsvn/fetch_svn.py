"""``builtin:fetchsvn``: a Subversion repository at one revision, by the host's svn (row 1.042).

nixpkgs' builder runs ``svn export``; so does this one, with a configuration folder of its own and no questions. Names need a
locale of UTF-8.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes, urlsplit

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError, NoNetworkError, ShellFailedError
from imagetools.kernel.bytestr import to_bytes
from imagetools.net.git_commands import STALLED
from imagetools.net.redact import redact
from imagetools.net.troubles import LATER, LOGIN, Trouble

from ..host_program import SEARCH_PATH, Words, need_program, write_private
from ..login import login_for
from ..program_failures import ProgramFailedError, patiently

_PROTOCOLS: Final = ("http", "https", "svn", "file")
_REVISION: Final = re.compile(r"[0-9]+|HEAD|\{[0-9T:.+Z -]+\}", re.IGNORECASE)


class SvnError(ProgramFailedError):
    """svn could not fetch."""

    program = "svn"
    troubles = (
        Trouble(r"E160006|No such revision", "it has no such revision", "name a lower one, or HEAD"),
        Trouble(
            r"E170001|E215004|E120190|E175013|Authentication|Authorization failed|authorization",
            "the server wants a login",
            LOGIN,
        ),
        Trouble(r"E230001|certificate", "the server's certificate is not trusted", "name its authority: NIX_SSL_CERT_FILE=FILE"),
        Trouble(
            r"E670002|Name or service not known|Unknown hostname", "the host is not known", "check the host's name in the URL"
        ),
        Trouble(r"Connection refused|E000111|E000113", "the host does not answer there", "check the port in the URL"),
        Trouble(
            r"E160013|E170000|E200009|E180001|doesn't exist|No repository found|E210005",
            "there is no such folder",
            "check the URL",
        ),
        Trouble(r"E175012|E000110|timed out", "the server did not answer in time", LATER, may_pass=True),
        Trouble(r"Unexpected (?:server error|HTTP status) (429|5\d\d)", "the server is busy or broken", LATER, may_pass=True),
        Trouble(
            r"E000104|E000032|E120104|E120106|E120108|E210002|[Cc]onnection (?:reset|closed)|truncated",
            "the connection broke",
            LATER,
            may_pass=True,
        ),
        Trouble(
            r"E120105|E200007|E175009|E175003|E175002|E130003|E210004",
            "what answers there is no Subversion server",
            "check the URL and its port",
        ),
        Trouble(r"No space left on device|E000028", "the disk is full", "make room and try again"),
    )

    def __init__(self, url: str, lines: list[str]) -> None:
        said = [line.removeprefix("svn: ") for line in lines if line.startswith("svn: E")]
        # that it cannot connect is always the first thing it says
        telling = [line for line in said if not line.startswith("E170013")] or said or lines[-1:] or [""]
        super().__init__(url, lines, telling[0])


class SvnRequestError(BuiltinError):
    """A URL or a revision that svn shall not be given."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"cannot fetch '{redact(what)}' with svn: {reason}")


class FetchSvn:
    """The builder behind fetchsvn."""

    name: ClassVar[str] = "fetchsvn"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = ("/usr/share/ca-certificates", "/usr/local/share/ca-certificates")

    def __init__(self, stalled: int = STALLED) -> None:
        self._stalled = stalled

    def host_files(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The repository of this machine that the derivation names, found above its URL (see ``ReadsHostFiles``)."""
        url = env.get("url", "")
        if not url.lower().startswith("file://"):
            return ()
        path = Path(os.path.normpath(os.fsdecode(unquote_to_bytes(urlsplit(url).path))))
        if str(path).startswith(("/proc/", "/sys/", "/dev/")):
            return ()
        return tuple(str(place) for place in (path, *path.parents) if (place / "format").is_file() and (place / "db").is_dir())[
            :1
        ]

    def build(self, ctx: BuiltinContext) -> None:
        if ctx.transport is None:
            raise NoNetworkError(self.name)
        given, rev = (os.fsdecode(to_bytes(ctx.env.get(key, ""))) for key in ("url", "rev"))
        if not given:
            raise MissingAttributeError(self.name, "url")
        rev = rev or "HEAD"
        check(given, rev)
        url, login = login_for(given, ctx.netrc)
        program = need_program("svn", "subversion")
        home = os.path.join(ctx.scratch, "svn-home")
        os.mkdir(home, 0o700)
        env = {key: os.fsdecode(to_bytes(value)) for key, value in ctx.env.items()}
        write_private(os.path.join(home, "servers"), servers(url, ctx.ca_file, env, self._stalled))
        words = [program, "export", "--non-interactive", "--no-auth-cache", f"--config-dir={home}", f"--revision={rev}"]
        if login is not None:
            words += [f"--username={login.name}", "--password-from-stdin"]
        elif ctx.ca_file is None:
            words.append("--trust-server-cert-failures=unknown-ca")
        words += [
            f"--ignore-{what.lower()}" for what in ("Externals", "Keywords") if env.get(f"ignore{what}", "") not in {"", "0"}
        ]
        ctx.log(f"fetching revision {rev} from '{redact(given)}'")
        out = ctx.outputs["out"]

        def export() -> None:
            said = _SvnWords(ctx, given)
            try:
                ctx.shell(
                    [*words, "--", url, out],
                    env={"PATH": SEARCH_PATH, "HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": home},
                    cwd=home,
                    input=None if login is None else os.fsencode(login.password),
                    listen=said.take,
                )
            except ShellFailedError:
                shutil.rmtree(out, ignore_errors=True)  # what another try would stumble over
                raise SvnError(given, list(said.last)) from None

        patiently(export, lambda error: isinstance(error, SvnError) and error.may_pass, ctx.log)


class _SvnWords(Words):
    """Without a line for each file."""

    def wanted(self, line: str) -> bool:
        return not line.startswith("A    ") and super().wanted(line)


def check(url: str, rev: str) -> None:
    """Raises SvnRequestError."""
    if url.startswith("-"):
        raise SvnRequestError(url, "the URL begins with '-', so svn would take it for an option")
    if re.search(r"[\x00-\x1f\x7f]", url):
        raise SvnRequestError(url, "the URL holds a control character")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme is None or scheme.group(1).lower() not in _PROTOCOLS:
        raise SvnRequestError(url, "the URL must begin with https://, http://, svn:// or file://")
    if not _REVISION.fullmatch(rev):
        raise SvnRequestError(rev, "a revision is a number, HEAD, or a {date}")


def servers(url: str, ca_file: str | None, env: Mapping[str, str], stalled: int = STALLED) -> str:
    """The text of svn's file of servers: patience (seconds), certificates and proxy."""
    lines = ["[global]", "store-passwords = no", "store-plaintext-passwords = no", f"http-timeout = {stalled}"]
    if ca_file is not None:
        lines.append(f"ssl-authority-files = {ca_file}")
    scheme = urlsplit(url).scheme.lower()
    proxy = next(
        (env[name] for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY") if env.get(name)), ""
    )
    if proxy and scheme in {"http", "https"}:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        lines += [f"http-proxy-host = {parts.hostname}", f"http-proxy-port = {parts.port or 80}"]
        if parts.username:
            lines += [f"http-proxy-username = {parts.username}", f"http-proxy-password = {parts.password or ''}"]
        exceptions = (env.get("no_proxy") or env.get("NO_PROXY") or "").replace(",", " ").split()
        if exceptions:
            lines.append(
                "http-proxy-exceptions = " + ", ".join(f"*{item}" if item.startswith(".") else item for item in exceptions)
            )
    return "\n".join(lines) + "\n"
