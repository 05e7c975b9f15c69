"""The floors of docs/architecture.md: an arrow may only point down, there are no cycles, and the lower floors touch nothing."""

import pytest

from tests.unit.house.imports import imports, modules

KNOWN = modules()

FLOORS = {
    "imagetools.kernel": 0,
    "imagetools.formats": 1,
    "imagetools.lang.syntax": 1,
    "imagetools.lang.ports": 1,
    "imagetools.image": 1,
    "imagetools.archive": 1,
    "imagetools.archive.unpack": 3,
    "imagetools.builtin": 1,
    "imagetools.store.ports": 1,
    "imagetools.net.ports": 1,
    "imagetools.net.redact": 1,
    "imagetools.net.git_commands": 1,
    "imagetools.net.git_failures": 1,
    "imagetools.net.hg_failures": 1,
    "imagetools.net.troubles": 1,
    "imagetools.sandbox.ports": 1,
    "imagetools.realise.ports": 1,
    "imagetools.image_io.ports": 1,
    "imagetools.lang": 2,
    "imagetools.store": 3,
    "imagetools.net": 3,
    "imagetools.image_io": 3,
    "imagetools.sandbox": 3,
    "imagetools.instantiate": 4,
    "imagetools.realise": 4,
    "imagetools.pkgs": 5,
    "imagetools.bundled": 5,
    "imagetools.app": 6,
    "imagetools.__main__": 6,
    "imagetools": 0,
}
FILE_WRITERS = {
    "imagetools.archive.unpack",
    "imagetools.store.fs_nar",
    "imagetools.store.compression",
    "imagetools.store.cache_writer",
    "imagetools.store.portable",
}
FORBIDDEN_BELOW_3 = {"os", "socket", "subprocess", "sqlite3", "time", "random"}


def _longest(module: str, table: dict[str, int]) -> str:
    name = module
    while name and name not in table:
        name = name.rpartition(".")[0]
    return name


def floor(module: str) -> int:
    return FLOORS[_longest(module, FLOORS)]


def room(module: str) -> str:
    if module.startswith("imagetools.archive.unpack"):
        return "imagetools.archive.unpack"
    return ".".join(module.split(".")[:2])


def edges(*, types: bool) -> dict[str, set[str]]:
    return {
        module: {name for name in imports(module, path, KNOWN, types=types) if name in KNOWN and name != module}
        for module, path in KNOWN.items()
    }


def test_every_module_has_a_floor() -> None:
    assert not [module for module in KNOWN if module.count(".") >= 1 and _longest(module, FLOORS) == "imagetools"]


def test_no_upward_import() -> None:
    wrong = [f"{a} -> {b}" for a, names in edges(types=True).items() for b in names if floor(b) > floor(a)]
    assert not wrong


def test_rooms_of_floor_three_do_not_import_each_other() -> None:
    wrong = [
        f"{a} -> {b}"
        for a, names in edges(types=True).items()
        if floor(a) == 3
        for b in names
        if floor(b) == 3 and room(a) != room(b) and (room(a), room(b)) != ("imagetools.image_io", "imagetools.archive.unpack")
    ]
    assert not wrong


def test_instantiate_and_realise_are_siblings() -> None:
    rooms = {"imagetools.instantiate", "imagetools.realise"}
    wrong = [
        f"{a} -> {b}"
        for a, names in edges(types=True).items()
        if room(a) in rooms
        for b in names
        if room(b) in rooms and room(a) != room(b)
    ]
    assert not wrong


def test_fetchers_and_builders_see_only_what_reads_and_writes_files() -> None:
    def allowed(name: str) -> bool:
        return floor(name) <= 1 or name in FILE_WRITERS or room(name) in {"imagetools.bundled", "imagetools.image_io"}

    wrong = [
        f"{a} -> {b}"
        for a, names in edges(types=True).items()
        if a.startswith("imagetools.bundled.")
        for b in names
        if not allowed(b)
    ]
    assert not wrong


def test_no_cycles() -> None:
    graph = edges(types=False)
    state: dict[str, int] = {}
    found: list[str] = []

    def visit(module: str, trail: list[str]) -> None:
        state[module] = 1
        for name in sorted(graph[module]):
            if state.get(name) == 1:
                found.append(" -> ".join([*trail[trail.index(name) :], name]))
            elif name not in state:
                visit(name, [*trail, name])
        state[module] = 2

    for module in sorted(graph):
        if module not in state:
            visit(module, [module])
    assert not found


@pytest.mark.parametrize("module", [name for name in KNOWN if floor(name) <= 2])
def test_lower_floors_have_no_effects(module: str) -> None:
    used = {name.split(".")[0] for name in imports(module, KNOWN[module], KNOWN)}
    assert not used & FORBIDDEN_BELOW_3


def test_only_the_entry_points_read_the_environment() -> None:
    allowed = {"imagetools.app.settings", "imagetools.app.builtin_main"}
    readers = [
        name
        for name, path in KNOWN.items()
        if name not in allowed and ("os.environ" in path.read_text() or "os.getenv" in path.read_text())
    ]
    assert not readers


def test_only_compose_joins_the_parts() -> None:
    parts = {"imagetools.store.local", "imagetools.sandbox.namespaces", "imagetools.net.http", "imagetools.realise.scheduler"}
    allowed = {"imagetools.app.compose", "imagetools.app.caches", "imagetools.app.builtin_main"}
    wrong = [
        f"{a} -> {b}"
        for a, names in edges(types=False).items()
        if a not in allowed
        for b in names
        if b in parts and room(a) != room(b)
    ]
    assert not wrong
