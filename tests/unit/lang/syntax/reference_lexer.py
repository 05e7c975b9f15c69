"""The rules of Nix's lexer one by one, the longest match winning: slow, and without the cleverness of the real one."""

import re

from imagetools.lang.syntax import tokens as k

_PC = r"[a-zA-Z0-9._+\-]"
_ANY = r"[\s\S]"
_PATH = rf"{_PC}*(/{_PC}+)+/?"

_CODE: list[tuple[str, int | str]] = [
    *[(re.escape(word), kind) for word, kind in k.KEYWORDS.items()],
    *[(re.escape(sign), kind) for sign, kind in k.SIGNS.items() if len(sign) > 1],
    (r"<\||\|>", "fail"),
    (r"[a-zA-Z_][a-zA-Z0-9_'\-]*", k.ID),
    (r"[0-9]+", k.INT),
    (r"(([1-9][0-9]*\.[0-9]*)|(0?\.[0-9]+))([Ee][+\-]?[0-9]+)?", k.FLOAT),
    (r"\$\{", k.INTERPOLATION),
    (r"\}", k.RIGHT_BRACE),
    (r"\{", k.LEFT_BRACE),
    (r'"', k.QUOTE),
    (r"''( *\n)?", k.INDENTED_OPEN),
    (rf"{_PC}*/(?=\$\{{)", "path before"),
    (r"~/(?=\$\{)", "home before"),
    (_PATH, k.PATH_OPEN),
    (rf"~(/{_PC}+)+/?", k.HOME_OPEN),
    (rf"<{_PC}+(/{_PC}+)*>", k.SEARCH_PATH),
    (r"[a-zA-Z][a-zA-Z0-9+\-.]*:[a-zA-Z0-9%/?:@&=+$,\-_.!~*']+", k.URI),
    (r"[ \t\r\n]+", "skip"),
    (r"#[^\r\n]*", "skip"),
    (r"/\*([^*]|\*+[^*/])*\*+/", "skip"),
    (_ANY, "character"),
]
_STRING: list[tuple[str, int | str]] = [
    (r'([^$"\\]|\$[^{"\\]|\\[\s\S]|\$\\[\s\S])*\$(?=")', k.PART),
    (r'([^$"\\]|\$[^{"\\]|\\[\s\S]|\$\\[\s\S])+', k.PART),
    (r"\$\{", k.INTERPOLATION),
    (r'"', k.QUOTE),
    (r"\$|\\|\$\\", k.END),
]
_INDENTED: list[tuple[str, int | str]] = [
    (r"([^$']|\$[^{']|'[^'$])+", k.INDENTED_PART),
    (r"''\$|\$|'''|'", k.INDENTED_PART),
    (r"''\\[\s\S]", k.INDENTED_PART),
    (r"\$\{", k.INTERPOLATION),
    (r"''", k.INDENTED_CLOSE),
]
_IN_PATH: list[tuple[str, int | str]] = [
    (r"\$\{", k.INTERPOLATION),
    (rf"{_PATH}|{_PC}*/|{_PC}+", k.PART),
    (_ANY, "end"),
]


def _longest(rules: list[tuple[str, int | str]], source: str, at: int) -> tuple[int, int | str]:
    best, found = -1, k.END
    result: int | str = found
    for pattern, kind in rules:
        match = re.compile(pattern).match(source, at)
        if match is None:
            continue
        length = match.end() - at + (2 if "?=\\$" in pattern else 0)
        if length > best:
            best, result = length, kind
    return best, result


def terminals(source: str) -> list[tuple[int, int]]:
    """Kind and offset of each terminal; ends with END, or with FAILURE where the lexer gives up (NUL and numbers apart)."""
    found: list[tuple[int, int]] = []
    modes = ["code"]
    at = 0
    slash = False
    while True:
        mode = modes[-1]
        rules = {"code": _CODE, "string": _STRING, "indented": _INDENTED, "path": _IN_PATH}[mode]
        length, kind = _longest(rules, source, at)
        if length < 0 and mode != "path":
            return [*found, (k.END, at)]
        if mode == "path" and (length < 0 or kind == "end"):
            if slash:
                return [*found, (k.FAILURE, at)]
            found.append((k.PATH_CLOSE, found[-1][1]))
            modes.pop()
            continue
        if kind == "fail":
            return [*found, (k.FAILURE, at)]
        start = at
        at += length
        if kind == "skip":
            continue
        if kind == "character":
            kind = k.SIGNS.get(source[start], k.INVALID)
        if kind in ("path before", "home before"):
            kind = k.PATH_OPEN if kind == "path before" else k.HOME_OPEN
            at -= 2
        assert isinstance(kind, int)
        if kind == k.END:
            return [*found, (k.END, at)]
        found.append((kind, start))
        if kind in (k.PATH_OPEN, k.HOME_OPEN, k.PART) and mode != "string":
            slash = source[at - 1] == "/"
            if mode != "path":
                modes.append("path")
        elif kind in (k.LEFT_BRACE, k.INTERPOLATION):
            slash = False
            modes.append("code")
        elif kind == k.RIGHT_BRACE:
            if len(modes) > 1:
                modes.pop()
        elif kind == k.QUOTE:
            if mode == "string":
                modes.pop()
            else:
                modes.append("string")
        elif kind == k.INDENTED_OPEN:
            modes.append("indented")
        elif kind == k.INDENTED_CLOSE:
            modes.pop()
