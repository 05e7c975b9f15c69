"""Writes the builtins' part of language.md from the docstrings in the sources: ``make docs``, or ``--check`` to only compare.

It reads sources through ``ast`` and imports nothing of imagetools: compiled modules keep no docstrings. A docstring says what the
builtin does, then "Fails ..." and "Example: ``x`` is y." in sentences of these forms, and the row of the seed inventory,
which stays out of the page.
"""

import ast
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs/language.md"
BEGIN: Final = "<!-- made by `make docs` from the docstrings -->\n"
END: Final = "<!-- end of what is made -->\n"

BUILTINS: Final = "imagetools/lang/builtins/"
STORE: Final = "imagetools/instantiate/"
TOPICS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("Types", "Never fails by itself.", (BUILTINS + "types.py",)),
    ("Numbers", "", (BUILTINS + "numbers.py",)),
    ("Lists", "", (BUILTINS + "lists.py", BUILTINS + "sorting.py", BUILTINS + "closures.py")),
    ("Sets and functions", "", (BUILTINS + "attrsets.py",)),
    ("Strings", "", (BUILTINS + "strings.py",)),
    ("Regular expressions", "", (BUILTINS + "regexes.py",)),
    ("Versions", "", (BUILTINS + "versions.py",)),
    ("Errors, order of evaluation, messages", "", (BUILTINS + "control.py",)),
    ("String contexts", "", (BUILTINS + "contexts.py",)),
    ("Hashes", "", (BUILTINS + "hashing.py",)),
    ("JSON, TOML, XML", "", (BUILTINS + "serialise.py",)),
    ("Files", "", (BUILTINS + "files.py",)),
    ("The store, fetching", "", (BUILTINS + "storeless.py", STORE + "table.py")),
)
METHODS: Final = {
    "strict": (STORE + "strict.py", "StrictDerivation"),
    "sources": (STORE + "sources.py", "Sources"),
    "fetchers": (STORE + "fetching/builtins.py", "Fetchers"),
}
WRONG_TYPE: Final = "Fails only on arguments of another type."
QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
EXAMPLE: Final = re.compile(r"Example: ``(.+?)``(?: is (``.+?``|" + QUOTED + r"|-?\w+))?\.(?= |$)")
FAILS: Final = re.compile(r"(?:(?<=^)|(?<= ))(?:Always fails|Fails)\b.*?\.(?= [A-Z]|$)")
ROW: Final = re.compile(r"Rows? 5\.\d+\.")


class Entry:
    """One builtin, taken apart; texts as they stand in the docstring."""

    def __init__(self, name: str, plain: bool, arguments: list[str], docstring: str) -> None:
        text = ROW.sub("", " ".join(docstring.split()))
        example = EXAMPLE.search(text)
        if example is None:
            raise ValueError(f"the docstring of '{name}' has no example")
        text = " ".join(text.replace(example.group(0), "").split())
        self.name = name
        self.plain = plain
        self.arguments = arguments
        self.example: str = example.group(1)
        self.value: str | None = None if example.group(2) is None else example.group(2).strip("`")
        self.fails: str = " ".join(FAILS.findall(text))
        self.text = " ".join(FAILS.sub("", text).split())


def functions(path: str, holder: str | None = None) -> dict[str, str]:
    """The docstrings of a file's functions (of the methods of a class) by name."""
    body: list[ast.stmt] = ast.parse((ROOT / path).read_text()).body
    if holder is not None:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == holder)
    return {node.name: ast.get_docstring(node) or "" for node in body if isinstance(node, ast.FunctionDef)}


def entries(path: str) -> list[Entry]:
    """The builtins that a file lists with ``plain(...)`` and ``builtin(...)``, in its order."""
    documented = functions(path)
    methods = {holder: functions(*where) for holder, where in METHODS.items()}
    found: list[Entry] = []
    for call in ast.walk(ast.parse((ROOT / path).read_text())):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"plain", "builtin"}):
            continue
        name, function, *rest = call.args
        arguments = [word.value for word in rest if isinstance(word, ast.Constant)]
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            docstring = methods[function.value.id][function.attr]
        else:
            assert isinstance(function, ast.Name)
            docstring = documented[function.id]
        assert isinstance(name, ast.Constant)
        if not docstring.startswith("See "):
            found.append(Entry(str(name.value), call.func.id == "plain", [str(word) for word in arguments], docstring))
    return found


def code(text: str) -> str:
    return text.replace("``", "`")


def show(entry: Entry, otherwise: str) -> str:
    """A builtin's part of the page."""
    title = f"### builtins.{' '.join([entry.name, *entry.arguments])}\n"
    also = f" Also the variable `{entry.name}`." if entry.plain else ""
    result = "" if entry.value is None else f"\n=> {entry.value}"
    return f"{title}\n{code(entry.text)}{also}\n\n{code(entry.fails) or otherwise}\n\n```nix\n{entry.example}{result}\n```\n"


def made() -> str:
    """All that is made."""
    parts: list[str] = []
    for topic, otherwise, paths in TOPICS:
        parts.append(f"## {topic}\n")
        for path in paths:
            parts += [show(entry, otherwise or WRONG_TYPE) for entry in entries(path)]
    return "\n".join(parts)


def page(before: str) -> str:
    """The page with its made part renewed."""
    head, _, rest = before.partition(BEGIN)
    return head + BEGIN + "\n" + made() + "\n" + END + rest.partition(END)[2]


def main() -> int:
    before = PAGE.read_text()
    after = page(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            sys.stderr.write("docs/language.md is not what the docstrings say: run `make docs`\n")
        return int(before != after)
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
