"""The arguments that several commands share, with the spelling of nix-instantiate and nix-build."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from imagetools.app.cli.declare import Argument, Option
from imagetools.app.ui.terminal import echo
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.app.settings import Settings


def attribute_names(parameters: Mapping[str, object], rest: Sequence[str], incomplete: str) -> list[str]:
    """The attributes that ``-A`` could go on with, for the shell."""
    from imagetools.app.cli.attribute_names import names

    left = {} if parameters.get("files") else {"files": [word for word in rest if not word.startswith("-")]}
    return names({**parameters, **left}, incomplete)  # before an option without value, the parser gives up on arguments


Files = Annotated[
    list[str] | None,
    Argument(
        metavar="[FILE]...", help="Nix files or folders (default: ./default.nix; - reads standard input). With -E: expressions."
    ),
]
Expr = Annotated[bool, Option("-E", "--expr", help="The arguments are Nix expressions, not files.")]
Attributes = Annotated[
    list[str] | None,
    Option(
        "-A",
        "--attr",
        metavar="PATH",
        help="Attribute to take from the expression, such as web.image. Repeatable.",
        autocompletion=attribute_names,
    ),
]
Include = Annotated[
    list[str] | None,
    Option("-I", "--include", metavar="[NAME=]PATH", help="Entry of the search path for <name>, before NIX_PATH. Repeatable."),
]
Arg = Annotated[
    list[str] | None,
    Option(
        "--arg", metavar="NAME EXPR", help="Argument for a function that the file evaluates to, as a Nix expression. Repeatable."
    ),
]
ArgStr = Annotated[
    list[str] | None, Option("--argstr", metavar="NAME TEXT", help="The same, the value being a string. Repeatable.")
]
ShowTrace = Annotated[bool, Option("--show-trace", help="Show where an evaluation error came from, step by step.")]
Store = Annotated[
    str | None,
    Option("--store", metavar="FOLDER", help="Root of the store (default: the user's data folder; local: the machine's own)."),
]
System = Annotated[
    str | None, Option("--system", metavar="SYSTEM", help="What builtins.currentSystem says, such as x86_64-linux.")
]
PureEval = Annotated[
    bool,
    Option(
        "--pure-eval", help="Evaluate without files, time, environment, system and search path; only what has a hash can be read."
    ),
]
RestrictEval = Annotated[
    bool, Option("--restrict-eval", help="Let the expressions read only what lies in entries of the search path.")
]
ImportFromDerivation = Annotated[
    bool,
    Option(
        "--allow-import-from-derivation/--no-allow-import-from-derivation",
        help="Whether what is evaluated may have derivations built to read their outputs.",
    ),
]
NoEvalCache = Annotated[
    bool,
    Option("--no-eval-cache", help="Evaluate even where the same was evaluated earlier and nothing has changed since."),
]
Explain = Annotated[bool, Option("--explain", help="Say whether the evaluation was answered from its record, and why not.")]
Setting = Annotated[
    list[str] | None,
    Option(
        "--option",
        metavar="NAME VALUE",
        help="A setting of Nix's by its name, such as tarball-ttl 0. Repeatable. In short: --tarball-ttl SECONDS, --refresh (0),"
        " --offline (for ever), --allowed-uris 'PREFIX...', --netrc-file FILE.",
    ),
]
ProfileFile = Annotated[
    str | None,
    Option(
        "--profile",
        metavar="FILE",
        help="Find out where the evaluation spends its time: stacks of Nix functions in FILE, a flame graph in FILE.svg.",
    ),
]
ShowStats = Annotated[
    bool,
    Option("--show-stats", help="Say how much the evaluation did, as JSON on standard error (as NIX_SHOW_STATS=1 does)."),
]
Jobs = Annotated[
    int | None,
    Option("-j", "--max-jobs", metavar="N", min=0, help="How many builds run at once (0: only what sets preferLocalBuild)."),
]
Cores = Annotated[int | None, Option("--cores", metavar="N", min=0, help="NIX_BUILD_CORES for builders (0: all).")]
KeepGoing = Annotated[bool, Option("-k", "--keep-going", help="After a failure, go on with what does not need it.")]
KeepFailed = Annotated[bool, Option("-K", "--keep-failed", help="Keep the build folder of a failed build.")]
NoSandbox = Annotated[bool, Option("--no-sandbox", help="Build without isolation: results may depend on this machine.")]


class ArgumentError(ImagetoolsError):
    """The command line makes no sense."""

    exit_code = 2


_PAIRS = ("--arg", "--argstr", "--option")
_SETTINGS = (  # settings that may be written as options of their own, as in Nix
    "--tarball-ttl",
    "--allowed-uris",
    "--netrc-file",
    "--substituters",
    "--extra-substituters",
    "--trusted-public-keys",
    "--extra-trusted-public-keys",
)
_WORDS = {
    "--refresh": "--option=tarball-ttl=0",
    "--offline": "--option=tarball-ttl=4294967295",
    "--fallback": "--option=fallback=true",
    "--no-substitute": "--option=substitute=false",
    "--no-require-sigs": "--option=require-sigs=false",
}


def fold_pairs(argv: Sequence[str]) -> list[str]:
    """``--arg NAME VALUE`` as one word ``--arg=NAME=VALUE``, since an option takes one value here; ``--option`` too,
    and what is short for one.

    ``--arg NAME=VALUE`` in two words is accepted as well (a Nix name holds no ``=``).
    """
    folded: list[str] = []
    words = list(argv)
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return folded + words[at:]
        word = _WORDS.get(word, word)
        if word.partition("=")[0] in _SETTINGS:
            name, equals, value = word.partition("=")
            if not equals and at + 1 >= len(words):
                raise ArgumentError(f"{word} needs a value")
            folded.append(f"--option={name.removeprefix('--')}={value if equals else words[at + 1]}")
            at += 1 if equals else 2
            continue
        if word in _PAIRS and at + 1 < len(words):
            name = words[at + 1]
            if "=" in name:
                folded.append(f"{word}={name}")
                at += 2
                continue
            if at + 2 >= len(words):
                raise ArgumentError(f"{word} needs a name and a value", hint=f"such as: {word} name value")
            folded.append(f"{word}={name}={words[at + 2]}")
            at += 3
            continue
        folded.append(word)
        at += 1
    return folded


_WITH_VALUE = ("-A", "--attr", "-I", "--include", "--system", "--store", "-j", "--max-jobs", "--cores", *_SETTINGS)


def own_words(argv: Sequence[str]) -> list[str]:
    """The words that are ours: all, but of ``run [OPTIONS] PATH ARGS...`` (and ``appimage run``) only those up to PATH."""
    words = list(argv)
    at = 1 if words[:1] == ["run"] else 2
    if words[:at] not in (["run"], ["appimage", "run"]):
        return words
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        at += 3 if words[at] in _PAIRS else 2 if words[at] in _WITH_VALUE else 1
    return words[: at + 1]


def pairs(option: str, values: Sequence[str] | None) -> list[tuple[str, str]]:
    """The names and values of folded ``--arg`` words."""
    made: list[tuple[str, str]] = []
    for value in values or ():
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise ArgumentError(f"{option} needs a name and a value, not '{value}'")
        made.append((name, text))
    return made


def settings_with(options: Sequence[str] | None) -> "Settings":
    """The settings of this process with the folded ``--option`` words; what is wrong with them is a warning."""
    from imagetools.app.nix_conf import nix_conf
    from imagetools.app.options import with_options
    from imagetools.app.settings import read_settings

    def warn(text: str) -> None:
        echo(f"warning: {text}", err=True)

    settings = read_settings()
    configured = with_options(settings, nix_conf(settings.environment, settings.home), warn)
    return with_options(configured, pairs("--option", options), warn)
