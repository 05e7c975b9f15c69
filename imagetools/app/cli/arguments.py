"""The arguments that several commands share, with the spelling of nix-instantiate and nix-build."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from imagetools.app.cli.declare import Option
from imagetools.app.ui.terminal import echo
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from imagetools.app.settings import Settings


def attribute_names(parameters: Mapping[str, object], rest: Sequence[str], incomplete: str) -> list[str]:
    """The attributes that ``-A`` could go on with, for the shell."""
    from imagetools.app.cli.attribute_names import names

    left = {} if parameters.get("files") else {"files": [word for word in rest if not word.startswith("-")]}
    return names({**parameters, **left}, incomplete)  # before an option without value, the parser gives up on arguments


Include = Annotated[
    list[str] | None,
    Option("-I", "--include", metavar="[NAME=]PATH", help="Entry of the search path for <name>, before NIX_PATH. Repeatable."),
]
ShowTrace = Annotated[bool, Option("--show-trace", help="Show where an evaluation error came from, step by step.")]
Store = Annotated[
    str | None,
    Option("--store", metavar="FOLDER", help="Root of the store (default: the user's data folder; local: the machine's own)."),
]
Setting = Annotated[
    list[str] | None,
    Option(
        "--option",
        metavar="NAME VALUE",
        help="A setting of Nix's by its name, such as tarball-ttl 0. Repeatable. In short: --tarball-ttl SECONDS, --refresh (0),"
        " --offline (for ever), --allowed-uris 'PREFIX...', --netrc-file FILE.",
    ),
]


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
