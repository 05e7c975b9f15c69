"""What the Tab key does in bash, zsh and fish, with the scripts that ``--show-completion`` prints and ``--install-completion``
installs."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.commands import run
from tests.oracle.peers import need
from tests.unit.app.terminals import Terminal

pytestmark = pytest.mark.oracle
COMMANDS = {
    "appimage",
    "build",
    "copy",
    "eval",
    "hash",
    "image",
    "instantiate",
    "key",
    "load",
    "log",
    "pkgs",
    "prefetch",
    "push",
    "repl",
    "run",
    "store",
}
DEFINITION = '{ n ? 1 }: { web.image = throw "never forced"; web.page = 1; worker = { }; "a b" = 1; }'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    program = tmp_path / "bin/imagetools"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m imagetools "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "default.nix").write_text(DEFINITION)
    (tmp_path / "other.nix").write_text("{ only = 1; }")
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    return {"PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8"}


_scripts: dict[str, str] = {}


def script(home: Path, shell: str) -> str:
    """What ``--show-completion`` prints when it is started by that shell: the same in every home."""
    if shell not in _scripts:
        command = "imagetools --show-completion; true"  # not as the shell's last command, which would replace the shell
        _scripts[shell] = run([shell, "-c", command], cwd=home, environment=environment(home)).stdout
    return _scripts[shell]


def bash(home: Path, *words: str) -> set[str]:
    need("bash")
    (home / "script").write_text(script(home, "bash"))
    listed = " ".join(f"'{word}'" for word in words)
    ask = (
        f". ./script; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; "
        '_imagetools_completion imagetools; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return set(run(["bash", "--norc", "-c", ask], cwd=home, environment=environment(home)).stdout.split())


def fish(home: Path, *words: str) -> set[str]:
    need("fish")
    (home / "script").write_text(script(home, "fish"))
    ask = f'source script; complete -C "{" ".join(words)}"'
    lines = run(["fish", "--no-config", "-c", ask], cwd=home, environment=environment(home)).stdout.splitlines()
    return {line.partition("\t")[0] for line in lines}


CASES = [
    (["imagetools", ""], COMMANDS),
    (["imagetools", "in"], {"instantiate"}),
    (["imagetools", "store", ""], {"query", "info", "add", "verify", "gc", "delete", "sign"}),
    (["imagetools", "hash", "to-b"], {"to-base16", "to-base32", "to-base64"}),
    (
        ["imagetools", "build", "--no-"],
        {
            "--no-out-link",
            "--no-link",
            "--no-build-output",
            "--no-sandbox",
            "--no-allow-import-from-derivation",
            "--no-eval-cache",
        },
    ),
    (["imagetools", "build", "-A", "w"], {"web", "worker"}),
    (["imagetools", "prefetch", "url", "--type", "sha5"], {"sha512"}),
    (["imagetools", "eval", "-A", "web."], {"web.image", "web.page"}),
    (["imagetools", "build", "other.nix", "-A", ""], {"only"}),
    (["imagetools", "build", "missing.nix", "-A", "x"], set()),
]


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_bash(home: Path, words: list[str], expected: set[str]) -> None:
    assert bash(home, *words) == expected


@pytest.mark.parametrize(("words", "expected"), [case for case in CASES if case[1]])
def test_fish(home: Path, words: list[str], expected: set[str]) -> None:
    assert fish(home, *words) == expected


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_where_nothing_is_known_the_shell_completes_files(home: Path, shell: str) -> None:
    need(shell)
    assert "-o default" in script(home, "bash")
    if shell == "fish":
        assert "other.nix" in fish(home, "imagetools", "build", "oth")


@pytest.mark.parametrize(
    ("typed", "comes"),
    [
        ("imagetools inst\t", "imagetools instantiate "),
        ("imagetools store que\t", "imagetools store query "),
        ("imagetools store query --use\t", "imagetools store query --use-output "),
        ("imagetools store query --ou\t", "imagetools store query --outputs "),
        ("imagetools build -A wor\t", "imagetools build -A worker "),
        ("imagetools build oth\t", "imagetools build other.nix "),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key(home: Path, shell: str, typed: str, comes: str) -> None:
    need(shell)
    (home / "script").write_text(script(home, shell))
    argv = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    prepare = {"bash": "", "zsh": "unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -d $HOME/dump; "}[shell]
    with Terminal(home, argv) as terminal:
        terminal.send(f'PS1="ask% "; PATH={home}/bin:$PATH; {prepare}. ./script; echo rea""dy\r')
        terminal.until("ready")
        terminal.until("ask")
        terminal.send(typed)
        terminal.until(comes)


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/imagetools.sh"),
        ("zsh", ".zfunc/_imagetools"),
        ("fish", ".config/fish/completions/imagetools.fish"),
    ],
)
def test_installing(home: Path, shell: str, file: str) -> None:
    need(shell)
    said = run([shell, "-c", "imagetools --install-completion; true"], cwd=home, environment=environment(home)).stdout
    assert f"{shell} completion installed in {home}/{file}" in said
    assert (home / file).read_text().strip() == script(home, shell).strip()


def test_completing_prints_and_runs_nothing_else(home: Path) -> None:
    words = {"_IMAGETOOLS_COMPLETE": "complete_bash", "COMP_WORDS": "imagetools --version b", "COMP_CWORD": "2"}
    done = subprocess.run(
        [f"{home}/bin/imagetools"], cwd=home, env={**environment(home), **words}, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("build\n", "")
