"""Regular expressions against real Nix: generated patterns (values in one process), and odd or invalid ones (a process each)."""

import json
import random
from pathlib import Path
from typing import Final

import pytest

from imagetools.kernel.bytestr import to_str
from imagetools.lang.builtins.posix.pattern import Pattern
from imagetools.lang.builtins.posix.syntax import PatternError
from tests.oracle.nix_eval import outcomes, run
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

ATOMS: Final = ("a", "b", "c", ".", "[ab]", "[^a]", "[[:alpha:]]", "\\.", "ab", "a", "b")
REPEATS: Final = ("*", "+", "?", "{2}", "{1,2}", "{0,2}", "{1,}")
INVALID: Final = (
    *("*a", "+", "?", "{1}", "a{", "a{1", "a{1,", "a{,2}", "a{2,1}", "(", ")", "a)", "(a", "^*", "$*", "a|*b", "(*a)"),
    *("\\d", "\\]", "\\}", "\\-", "a\\", "[", "[a", "[^]", "[]", "[a-c-e]", "[z-a]", "[a--]", "[[:alpha:]", "[[:foo:]]"),
    *("[[:alpha:]-z]", "[a-[:alpha:]]", "[[.-.]]", "[a-[.z.]]", "[[=a=]-c]", "[a-\u00e9]", "a{1 }", "a{100000}", "(a{400}){400}"),
)
ODD: Final = (
    *(
        "",
        "()",
        "(|)",
        "a|",
        "|a",
        "a||b",
        "a**",
        "a*?",
        "x{2}{2}",
        "a{0}",
        "(a){0}",
        "a{01}",
        "[]a]+",
        "[^]a]+",
        "[a-]+",
        "[--/]+",
    ),
    *("[+--]", "[[.hyphen.]]", "[[=a=]]+", "[[:ALPHA:]]+", "[[:d:]]+", "[[:w:]]+", "[\\]+", "[a\\]b]+", "}", "]", "a}", "^a|b$"),
    *("(^a)", "(a*)*", "(a*)+", "(a|b*)*", "((a)|b)*", "[[.space.]-z]+", "[\u00e9-\u00f6]", "\u00e9", "(a|b)*c|(a|ab)*c", "\\."),
)
TEXTS: Final = ("", "a", "b", "ab", "aa", "aab", "]", "}", "-", "\\", ".", "a]b", "A", "\u00e9", "+", "0_a", "abc", "a}", "xxxx")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "\\${")


def _pattern(rng: random.Random, depth: int) -> str:
    choice = rng.random()
    if depth == 0 or choice < 0.35:
        return rng.choice(ATOMS)
    inner = _pattern(rng, depth - 1)
    if choice < 0.5:
        return inner + _pattern(rng, depth - 1)
    if choice < 0.65:
        return inner + "|" + _pattern(rng, depth - 1)
    if choice < 0.8:
        return f"({inner})"
    if choice < 0.95:
        return (f"({inner})" if rng.random() < 0.5 else inner) + rng.choice(REPEATS)
    return rng.choice(("^", "$", "()")) + inner


def _ours(pattern: str, text: str) -> list[object]:
    """[match, split] as JSON would have it, by the quick way and by the exact one."""
    found = Pattern(to_str(pattern.encode()))
    exact = Pattern(to_str(pattern.encode()))
    exact.whole = None
    exact.search = None
    results = [_split(one, to_str(text.encode())) for one in (found, exact)]
    assert results[0] == results[1], (pattern, text)
    decoded: list[object] = json.loads(json.dumps(results[0], ensure_ascii=False).encode("latin-1"))
    return decoded


def _split(pattern: Pattern, text: str) -> list[object]:
    parts: list[object] = []
    at = 0
    for match in pattern.matches(text):
        parts += [text[at : match.start], match.groups]
        at = match.end
    return [pattern.match(text), [*parts, text[at:]]]


def _differences(pairs: list[tuple[str, str]], folder: Path) -> list[object]:
    lines = [f"[ (builtins.match {_quoted(p)} {_quoted(t)}) (builtins.split {_quoted(p)} {_quoted(t)}) ]" for p, t in pairs]
    result = run("[\n" + "\n".join(lines) + "\n]", folder, "--json")
    assert result.returncode == 0, result.stderr[-1000:]
    theirs = json.loads(result.stdout)
    ours = [_ours(pattern, text) for pattern, text in pairs]
    return [(pair, mine, other) for pair, mine, other in zip(pairs, ours, theirs, strict=True) if mine != other]


@pytest.mark.parametrize("seed", [1, 2])
def test_generated_patterns(seed: int, tmp_path: Path) -> None:
    need("nix-instantiate")
    rng = random.Random(seed)
    pairs = [(_pattern(rng, 4), "".join(rng.choice("abc.") for _ in range(rng.randint(0, 6)))) for _ in range(800)]
    assert _differences(pairs, tmp_path) == []


def test_odd_patterns(tmp_path: Path) -> None:
    need("nix-instantiate")
    pairs = [(pattern, text) for pattern in ODD for text in TEXTS if text.isascii() or pattern == text]
    assert _differences(pairs, tmp_path) == []  # (half of a character would not survive JSON)


def test_invalid_patterns(tmp_path: Path) -> None:
    need("nix-instantiate")
    said = outcomes([f'builtins.match {_quoted(pattern)} "a"' for pattern in INVALID], tmp_path)
    for pattern, theirs in zip(INVALID, said, strict=True):
        with pytest.raises(PatternError) as raised:
            Pattern(to_str(pattern.encode()))
        assert "! " + raised.value.message.encode("latin-1").decode() == theirs
