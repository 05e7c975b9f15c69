"""What a small command does not import: its start is most of its time (decision 30)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ELSEWHERE = """
argparse asyncio ast bz2 dataclasses datetime email http inspect json logging lzma pathlib pickle platform queue random select
shutil socket sqlite3 ssl string subprocess tempfile textwrap tokenize tomllib traceback typer urllib.parse uuid xml zipfile
httpx rich docker jinja2 platformdirs cryptography
"""
ELSEWHERE = set(_ELSEWHERE.split())
EVALUATOR = ["imagetools.lang.evaluator", "imagetools.lang.nodes.calls", "imagetools.lang.builtins.table"]
PARSER = ["imagetools.lang.syntax.lexer", "imagetools.lang.syntax.parser"]


def imported(home: Path, *words: str) -> set[str]:
    """The modules that a command has imported when it is done; not those that Python's own start has brought."""
    code = "import sys; before = set(sys.modules); from imagetools.app.cli.run import run; run(sys.argv[1:], ''); "
    code += "sys.stderr.write(' '.join(set(sys.modules) - before))"
    argv = [sys.executable, "-c", code, *words]
    return set(
        subprocess.run(argv, check=True, capture_output=True, text=True, env={**os.environ, "HOME": str(home)}).stderr.split()
    )


@pytest.mark.parametrize(
    "words", [("eval", "--no-eval-cache", "-E", "1"), ("eval", "-E", "1"), ("hash", "to-sri", "--type", "md5", "0" * 32)]
)
def test_what_a_small_command_leaves_alone(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert imported(tmp_path, *words) & ELSEWHERE == set()


def test_a_record_is_given_without_an_evaluator(tmp_path: Path) -> None:
    words = ("eval", "-E", "{ a = 1; }.a")
    assert imported(tmp_path, *words) >= {*EVALUATOR, *PARSER}
    again = imported(tmp_path, *words)
    assert again & {*EVALUATOR, *PARSER, *ELSEWHERE} == set()


def test_what_is_in_the_cache_needs_no_parser(tmp_path: Path) -> None:
    file = tmp_path / "d.nix"
    file.write_text('(derivation { name = "x"; system = "y"; builder = "z"; }).drvPath')
    words = ("eval", "--no-eval-cache", str(file))
    assert imported(tmp_path, *words) >= set(PARSER)
    again = imported(tmp_path, *words)
    assert again & set(PARSER) == set()
    assert again >= set(EVALUATOR)
