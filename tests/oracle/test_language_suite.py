"""The language suite of current Nix (``tests/functional/lang``), run as its ``lang.sh`` does, in this process.

IMAGETOOLS_NIX_SRC names a folder with Nix's source; without it these tests skip. What cannot work is listed in ``ELSEWHERE``
with the reason, as in docs/language.md: such a case must go on failing, or it has to leave the list. Of cases that must fail
the file, line and column are compared (``PLACES`` has those that are shown elsewhere), and the sentence (``SENTENCES`` has those
with other words). What goes to standard error in cases that work is compared where the suite has it.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from imagetools.app.settings import PACKAGE
from imagetools.instantiate.fetching.world import FetchSettings, World
from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.table import store_builtins
from imagetools.kernel.bytestr import display, to_bytes, to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.builtins import xml_writer
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.search_path import OWN_FILES, parse_entry, parse_nix_path
from imagetools.lang.syntax.errors import ParseError
from imagetools.lang.syntax.parser import parse_file
from imagetools.lang.syntax.show import show
from imagetools.net.ports import Transport
from imagetools.store.local import LocalStore

SOURCE: Final = Path(os.environ.get("IMAGETOOLS_NIX_SRC") or "/nonexistent") / "tests/functional"

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not (SOURCE / "lang").is_dir(), reason="IMAGETOOLS_NIX_SRC names no folder with Nix's source"),
]

LINT: Final = "warnings about path and URL literals that a person asks for (--lint-...) are not there"
FLAKES: Final = "flakes are not there"
DEEPER: Final = "values may be nested 200 000 deep here, 10 000 deep in Nix"
SAID: Final = "what goes to standard error differs: "
SHOWN: Final = "--parse prints `inherit` as Nix 2.8 does"

ELSEWHERE: Final[dict[str, str]] = {
    "eval-fail-abs-path-fatal": LINT,
    "eval-fail-home-path-fatal": LINT,
    "eval-fail-short-path-literal": LINT,
    "eval-fail-url-literal": LINT,
    "eval-okay-abs-path-warn": LINT,
    "eval-okay-home-path-warn": LINT,
    "eval-okay-short-path-literal-warn": LINT,
    "eval-okay-short-path-variation": LINT,
    "eval-okay-url-literal-warn": LINT,
    "eval-fail-derivation-structuredAttrs-stack-overflow": DEEPER,
    "eval-fail-toJSON-stack-overflow": DEEPER,
    "eval-okay-deprecate-cursed-or": SAID + "Nix warns of `or` as a name",
    "eval-okay-derivation-legacy": SAID + "Nix warns of attributes that __structuredAttrs disables",
    "eval-okay-print": SAID + "trace shows what is lazy as <CODE>, as Nix 2.8 does",
    "eval-okay-tryeval-failed-thunk-reeval": SAID + "what has failed is evaluated again, as in Nix before 2.34",
    "eval-okay-flake-ref-to-string": FLAKES,
    "eval-okay-parse-flake-ref": FLAKES,
    "eval-okay-fromTOML-timestamps": "an experimental feature of Nix: dates and times in TOML",
    "parse-okay-inherits": SHOWN,
    "parse-okay-subversion": SHOWN,
}

NOTHING: Final = "Nix shows no place, or that of another step"

PLACES: Final[dict[str, str]] = {
    "eval-fail-addErrorContext-example": NOTHING,
    "eval-fail-bad-string-interpolation-2": NOTHING,
    "eval-fail-deepseq-stack-overflow": DEEPER,
    "eval-fail-derivation-name": NOTHING,
    "eval-fail-derivation-stack-trace": NOTHING,
    "eval-fail-derivationStrict-4": NOTHING,
    "eval-fail-mapAttrs-3": NOTHING,
    "eval-fail-nonexist-path": NOTHING,
    "eval-fail-string-nul-1": NOTHING,
}
"""Where a failure is shown elsewhere than in Nix, and why."""

LIBRARY: Final = "Nix shows what a library of its own says"

SENTENCES: Final[dict[str, str]] = {
    "eval-fail-deepseq-stack-overflow": DEEPER,
    "eval-fail-flake-ref-to-string-negative-integer": FLAKES,
    "eval-fail-fromTOML-keyWithNullByte": LIBRARY,
    "eval-fail-fromTOML-overflow": LIBRARY,
    "eval-fail-fromTOML-underflow": LIBRARY,
    "eval-fail-fromTOML-valueWithNullByte": LIBRARY,
    "eval-fail-hashString-2": "there is no blake3 here",
    "eval-fail-pipe-operators": "there are no experimental features to switch on",
    "eval-fail-readDir-not-a-directory-2": "a symlink is named, not where it leads",
    "eval-fail-string-nul-2": "a string is shown as it is written, not as it is without its indentation",
    "eval-fail-toJSON-non-utf-8": LIBRARY,
}
"""What a failure says here in other words than in Nix, and why."""

PLACE: Final = re.compile(rb"at (\S+?:\d+:\d+):")


def place_in_nix(name: str) -> str:
    """The place of the failure in what Nix prints: its own, or that of the innermost step that has one."""
    file = SOURCE / f"lang/{name}.err.exp"
    if not file.is_file():
        return "unknown"
    said = file.read_bytes()
    found = PLACE.findall(re.split(rb"(?m)^ *error: ?", said)[-1])[:1] or PLACE.findall(said)[-1:]
    return to_str(found[0]) if found else "nowhere"


def said_in_nix(name: str) -> str | None:
    """The sentence of the failure in what Nix prints, without what it suggests; None where the suite does not tell."""
    file = SOURCE / f"lang/{name}.err.exp"
    if not file.is_file():
        return None
    lines: list[str] = []
    for line in re.split(r"(?m)^ *error: ?", file.read_text("utf-8", "replace"))[-1].split("\n"):
        if re.match(r" +(at \S+:\d+:\d+:|… )", line) or line.lstrip().startswith(("Did you mean", "Try 'nix")):
            break
        lines.append(line)
    return "\n".join(lines).strip()


def said_by(error: ImagetoolsError) -> str:
    said = error.problem if isinstance(error, ParseError) else display(error.message)
    return said.replace(str(SOURCE), "/pwd").replace("(stdin)", "«stdin»").strip()


def place_of(error: ImagetoolsError) -> str:
    if isinstance(error, ParseError):
        return f"{error.origin}:{error.line}:{error.column}".replace(str(SOURCE), "/pwd").replace(
            "(stdin)", to_str("«stdin»".encode())
        )
    return str(getattr(error, "pos", None) or "nowhere").replace(str(SOURCE), "/pwd")


def shown_there(name: str, error: ImagetoolsError) -> None:
    """Fails where a failure is not shown at Nix's place or in its words, or is in spite of ``PLACES`` and ``SENTENCES``."""
    wanted = place_in_nix(name)
    if wanted != "unknown" and name not in ELSEWHERE:
        assert (place_of(error) == wanted) == (name not in PLACES), f"{place_of(error)}, not {wanted}"
    sentence = said_in_nix(name)
    if sentence is not None and name not in ELSEWHERE:
        assert (said_by(error) == sentence) == (name not in SENTENCES), f"{said_by(error)}, not {sentence}"


def cases(kind: str) -> list[str]:
    return sorted(path.stem for path in (SOURCE / "lang").glob(f"{kind}-*.nix"))


def no_network() -> Transport:
    raise AssertionError("the suite fetches nothing")


class Suite:
    """An evaluation as the suite wants it: its search path, its home, one variable; ``said`` is what a person would see."""

    def __init__(self, tmp: Path, include: list[str]) -> None:
        self.said: list[str] = []
        store = LocalStore(str(tmp / "store"))
        io = StoreIO(
            store,
            cache=str(tmp / "cache"),
            home="/fake-home",
            environment={"TEST_VAR": "foo", "HOME": "/fake-home"},
            now=1700000000,
            say=self.said.append,
            read_only=True,
        )
        world = World(
            store,
            FetchSettings(cache=str(tmp / "cache"), home="/fake-home", ttl=0, environment={}, netrc="/dev/null"),
            connect=no_network,
            say=self.said.append,
            now=lambda: 1700000000,
        )
        io.texts[OWN_FILES + "fetchurl.nix"] = Path(PACKAGE, "instantiate/corepkgs/fetchurl.nix").read_bytes()
        self.evaluator = Evaluator(
            io,
            extra=store_builtins(io, Known(store), lambda: world),
            sources={"derivation": ("/builtin/derivation.nix", Path(PACKAGE, "instantiate/derivation.nix").read_bytes())},
            search_path=[*map(parse_entry, include), *parse_nix_path("lang/dir3:lang/dir4")],
        )

    def value(self, name: str, flags: list[str]) -> object:
        """The value of a case, with ``--arg``, ``--argstr`` and ``-A``."""
        here = str(SOURCE)
        arguments: dict[str, object] = {}
        attribute = ""
        words = iter(flags)
        for word in words:
            if word == "--arg":
                name_of = next(words)
                arguments[name_of] = self.evaluator.eval_string(next(words).encode(), here)
            elif word == "--argstr":
                name_of = next(words)
                arguments[name_of] = next(words)
            elif word == "-A":
                attribute = next(words)
        value = self.evaluator.select_path(self.evaluator.eval_file(f"{here}/lang/{name}.nix"), attribute, arguments)
        value = self.evaluator.auto_call(value, arguments) if arguments else value
        return self.evaluator.machine.force_deep(value)


def flags_of(name: str) -> list[str]:
    file = SOURCE / f"lang/{name}.flags"
    return re.sub("#.*", "", file.read_text()).split() if file.is_file() else []


def run(tmp: Path, name: str) -> tuple[str, Suite]:
    """What ``--eval --strict`` (or ``--xml``) prints."""
    flags = flags_of(name)
    suite = Suite(tmp, [flags[at + 1] for at, word in enumerate(flags) if word == "-I"])

    def work() -> str:
        value = suite.value(name, flags)
        if (SOURCE / f"lang/{name}.exp.xml").is_file():
            return xml_writer.dump(suite.evaluator.machine, value, set())
        return printer.show(suite.evaluator.machine, value) + "\n"

    return bigstack.run(work), suite


def expecting(name: str, check: Callable[[], None]) -> None:
    """Run a check; that of a case in ``ELSEWHERE`` must fail."""
    if name not in ELSEWHERE:
        check()
        return
    try:
        check()
    except (AssertionError, ImagetoolsError, pytest.fail.Exception):
        return
    raise AssertionError(f"{name} works now: take it off the list")


@pytest.fixture
def tmp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(SOURCE)
    return tmp_path_factory.getbasetemp()


@pytest.mark.parametrize("name", cases("eval-okay"))
def test_evaluates(name: str, tmp: Path) -> None:
    expected = next((file for end in (".exp.xml", ".exp") if (file := SOURCE / f"lang/{name}{end}").is_file()), None)
    if expected is None:
        pytest.skip("the suite has it switched off")

    def check() -> None:
        printed, suite = run(tmp, name)
        assert to_bytes(printed).replace(to_bytes(str(SOURCE)), b"/pwd") == expected.read_bytes()
        said = SOURCE / f"lang/{name}.err.exp"
        if said.is_file():
            assert "".join(display(line) + "\n" for line in suite.said) == said.read_text()

    expecting(name, check)


@pytest.mark.parametrize("name", cases("eval-fail"))
def test_fails(name: str, tmp: Path) -> None:
    def check() -> None:
        with pytest.raises(ImagetoolsError) as caught:
            run(tmp, name)
        shown_there(name, caught.value)

    expecting(name, check)


def parsed(name: str) -> str:
    source = (SOURCE / f"lang/{name}.nix").read_bytes()
    globals_ = frozenset(
        Evaluator(StoreIO(LocalStore("/nonexistent"), cache="", home="", environment={}, now=0, say=print)).files.globals
    )
    return bigstack.run(lambda: show(parse_file(source, "(stdin)", globals_)[0], str(SOURCE), "/fake-home"))


@pytest.mark.parametrize("name", cases("parse-okay"))
def test_parses(name: str) -> None:
    def check() -> None:
        shown = to_bytes(parsed(name)) + b"\n"
        assert shown.replace(to_bytes(str(SOURCE)), b"/pwd") == (SOURCE / f"lang/{name}.exp").read_bytes()

    expecting(name, check)


@pytest.mark.parametrize("name", cases("parse-fail"))
def test_does_not_parse(name: str) -> None:
    with pytest.raises(ImagetoolsError) as caught:
        parsed(name)
    shown_there(name, caught.value)


def test_the_list_names_cases_of_the_suite() -> None:
    assert {name for name in {*ELSEWHERE, *PLACES, *SENTENCES} if not (SOURCE / f"lang/{name}.nix").is_file()} == set()
