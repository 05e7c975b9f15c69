"""Reads every import of the product (those inside functions too) from its syntax trees."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "imagetools"


def modules() -> dict[str, Path]:
    """Every module of the product by dotted name; fetchers and builders under the name that they are imported by."""
    found: dict[str, Path] = {}
    for folder, prefix in (
        (PACKAGE, "imagetools"),
        (ROOT / "fetchers", "imagetools.bundled.fetchers"),
        (ROOT / "builders", "imagetools.bundled.builders"),
    ):
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder)
            if folder == PACKAGE and relative.parts[0] == "bundled" and len(relative.parts) > 2:
                continue
            parts = [prefix, *relative.with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
            found[".".join(parts)] = path
    return found


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    base = parts if is_package else parts[:-1]
    base = base[: len(base) - (node.level - 1)]
    return ".".join([*base, node.module] if node.module else base)


def _checked_only(nodes: list[ast.AST]) -> set[ast.AST]:
    """Imports under ``if TYPE_CHECKING``: types, not calls; they make no cycle at run time, but they do cross floors."""
    found: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            found.update(ast.walk(node))
    return found


@functools.cache
def _statements(path: Path) -> tuple[tuple[ast.Import | ast.ImportFrom, bool], ...]:
    """The imports of a file, and whether each is for types only. It is read once, whatever is asked of it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    types = _checked_only(nodes)
    return tuple((node, node in types) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def imports(module: str, path: Path, known: dict[str, Path], *, types: bool = True) -> Iterator[str]:
    """Dotted names that a module imports; names of the product are cut to the module that holds them."""
    for node, for_types in _statements(path):
        if for_types and not types:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        else:
            base = _absolute(node, module, path.name == "__init__.py")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base
