"""curl's options as wishes for a download: what ``curlOpts``, ``curlOptsList`` and NIX_CURL_FLAGS may say.

No curl is run. What says how to ask (headers, logins, proxies, patience) is understood; what a download does anyway is accepted
and ignored; everything else is refused by name, since ignoring it could fetch something else. Values are never quoted in
errors: they may be secret.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from imagetools.builtin.api import BuiltinError
from imagetools.net.ports import Wishes

IGNORED: Final = frozenset(
    {
        "--basic",
        "--disable",
        "--disable-epsv",
        "--fail",
        "--ftp-pasv",
        "--globoff",
        "--http1.1",
        "--http2",
        "--location",
        "--netrc-optional",
        "--no-buffer",
        "--no-keepalive",
        "--no-progress-meter",
        "--no-sessionid",
        "--path-as-is",
        "--progress-bar",
        "--retry-all-errors",
        "--retry-connrefused",
        "--show-error",
        "--silent",
        "--tcp-nodelay",
        "--verbose",
    }
)
"""What is done anyway, or cannot matter for the bytes."""
IGNORED_WITH_VALUE: Final = frozenset(
    {
        "--continue-at",
        "--cookie-jar",
        "--keepalive-time",
        "--retry-delay",
        "--retry-max-time",
        "--speed-limit",
        "--speed-time",
        "--tls-max",
    }
)
_SHORT: Final = {
    "A": "--user-agent",
    "C": "--continue-at",
    "H": "--header",
    "L": "--location",
    "N": "--no-buffer",
    "S": "--show-error",
    "b": "--cookie",
    "c": "--cookie-jar",
    "e": "--referer",
    "f": "--fail",
    "g": "--globoff",
    "k": "--insecure",
    "m": "--max-time",
    "q": "--disable",
    "s": "--silent",
    "u": "--user",
    "v": "--verbose",
    "X": "--request",
    "x": "--proxy",
    "#": "--progress-bar",
}


class CurlOptionError(BuiltinError):
    """An option of curl that has no meaning here, or whose value cannot be understood (it is not quoted)."""

    def __init__(self, option: str, what: str, hint: str | None = None) -> None:
        super().__init__(f"curl's option {option} {what}", hint or "see fetchurl.md for the options that are understood")
        self.option = option


def wishes_from(env: Mapping[str, str]) -> Wishes:
    """What the derivation's environment asks for. Raises CurlOptionError."""
    try:
        words = [
            *env.get("curlOpts", "").split(),
            *shlex.split(env.get("curlOptsList", "")),
            *env.get("NIX_CURL_FLAGS", "").split(),
        ]
    except ValueError:
        raise CurlOptionError("list", "cannot be taken apart: a quote is not closed") from None
    return parse(words)


def parse(words: Sequence[str]) -> Wishes:
    """Raises CurlOptionError."""
    wishes = Wishes()
    rest = iter(words)
    for word in rest:
        for option, value in _options(word, rest):
            wishes = _apply(wishes, option, value)
    return wishes


def _options(word: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The options in one word (``-sSfL`` has four), each with its value ("" for none)."""
    if word.startswith("--"):
        yield word, _value(word, rest) if _takes_value(word) else ""
        return
    if not word.startswith("-") or len(word) < 2:
        raise CurlOptionError("list", "holds a word that is no option: further addresses belong into `urls`")
    letters = word[1:]
    while letters:
        option = _SHORT.get(letters[0])
        if option is None:
            raise CurlOptionError(f"-{letters[0]}", "has no meaning for a fetcher")
        letters = letters[1:]
        if _takes_value(option):
            yield option, letters or _value(option, rest)
            return
        yield option, ""


def _takes_value(option: str) -> bool:
    return option in _VALUES or option in IGNORED_WITH_VALUE


def _value(option: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise CurlOptionError(option, "needs a value")
    return value


def _apply(wishes: Wishes, option: str, value: str) -> Wishes:
    if option in IGNORED or option in IGNORED_WITH_VALUE:
        return wishes
    if option in _VALUES:
        return _VALUES[option](wishes, option, value)
    if option == "--insecure":
        return replace(wishes, verify=False)
    if option == "--compressed":
        return replace(wishes, decode=True)
    raise CurlOptionError(option, "has no meaning for a fetcher")


def _header(wishes: Wishes, option: str, value: str) -> Wishes:
    if value.startswith("@"):
        raise CurlOptionError(option, "with a file of headers is not supported", "write the headers out")
    name, colon, text = value.partition(":")
    if not colon and value.endswith(";"):
        raise CurlOptionError(option, "with an empty header is not supported")
    name = name.strip()
    if not colon or not name or not all(33 <= ord(letter) < 127 for letter in name) or any(c in text for c in "\r\n\0"):
        raise CurlOptionError(option, "needs a value of the form 'NAME: TEXT'")
    return _with(wishes, name, text.strip())


def _with(wishes: Wishes, name: str, text: str) -> Wishes:
    return replace(wishes, headers=(*wishes.headers, (name, text)))


def _named(name: str) -> Callable[[Wishes, str, str], Wishes]:
    def set_it(wishes: Wishes, option: str, value: str) -> Wishes:
        return _header(wishes, option, f"{name}: {value.removesuffix(';auto')}")

    return set_it


def _cookie(wishes: Wishes, option: str, value: str) -> Wishes:
    if "=" not in value:
        raise CurlOptionError(option, "with a file of cookies is not supported", "write it as 'NAME=VALUE'")
    return _header(wishes, option, f"Cookie: {value}")


def _bearer(wishes: Wishes, option: str, value: str) -> Wishes:
    return _header(wishes, option, f"Authorization: Bearer {value}")


def _user(wishes: Wishes, option: str, value: str) -> Wishes:
    name, colon, password = value.partition(":")
    if not colon:
        raise CurlOptionError(option, "needs a value of the form 'NAME:PASSWORD': nobody is there to be asked")
    return replace(wishes, login=(name, password))


def _number(value: str, option: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise CurlOptionError(option, "needs a number")
    return number


def _retry(wishes: Wishes, option: str, value: str) -> Wishes:
    return replace(wishes, attempts=int(_number(value, option)) + 1)


def _max_redirs(wishes: Wishes, option: str, value: str) -> Wishes:
    return wishes if value == "-1" else replace(wishes, redirects=int(_number(value, option)))


def _max_time(wishes: Wishes, option: str, value: str) -> Wishes:
    return replace(wishes, max_time=_number(value, option) or None)


def _connect_timeout(wishes: Wishes, option: str, value: str) -> Wishes:
    return replace(wishes, connect_timeout=_number(value, option) or None)


def _proxy(wishes: Wishes, option: str, value: str) -> Wishes:
    return replace(wishes, proxy=value)


def _noproxy(wishes: Wishes, option: str, value: str) -> Wishes:
    return replace(wishes, no_proxy=value)


def _request(wishes: Wishes, option: str, value: str) -> Wishes:
    if value != "GET":
        raise CurlOptionError(option, "can only be GET: a fetcher changes nothing elsewhere")
    return wishes


_VALUES: Final[Mapping[str, Callable[[Wishes, str, str], Wishes]]] = {
    "--connect-timeout": _connect_timeout,
    "--cookie": _cookie,
    "--header": _header,
    "--max-redirs": _max_redirs,
    "--max-time": _max_time,
    "--noproxy": _noproxy,
    "--oauth2-bearer": _bearer,
    "--proxy": _proxy,
    "--referer": _named("Referer"),
    "--request": _request,
    "--retry": _retry,
    "--user": _user,
    "--user-agent": _named("User-Agent"),
}
UNDERSTOOD: Final = (*_VALUES, "--compressed", "--insecure")
