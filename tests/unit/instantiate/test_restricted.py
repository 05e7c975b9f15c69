"""What an evaluation cannot see when it is restricted or pure; oracle: tests/oracle/test_restricted_eval.py."""

import inspect
from pathlib import Path

import pytest

from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.restricted import RestrictedIO
from imagetools.instantiate.table import store_builtins
from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.ports import EvalIO
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.errors import RestrictedPath
from imagetools.store.local import LocalStore
from tests.unit.instantiate.session import DERIVATION


class World:
    """An evaluation that may read ``folder/in`` only (nothing, if pure)."""

    def __init__(self, folder: Path, *, pure: bool = False) -> None:
        self.folder = folder
        store = LocalStore(str(folder / "root"))
        self.io = RestrictedIO(
            store,
            cache=str(folder / "cache"),
            home="/home/ann",
            environment={"USER": "ann"},
            now=1700000000,
            say=lambda text: None,
            pure=pure,
        )
        self.known = Known(store)
        self.evaluator = Evaluator(
            self.io,
            extra=store_builtins(self.io, self.known),
            sources={"derivation": ("/builtin/derivation.nix", DERIVATION.read_bytes())},
            search_path=[("in", f"{folder}/in")],
            pure=pure,
        )
        if not pure:
            self.io.allow_entry(f"{folder}/in")

    def says(self, text: str) -> str:
        """The value, or the sentence; the folder as ``@``."""

        def work() -> str:
            machine = self.evaluator.machine
            return printer.show(machine, machine.force_deep(self.evaluator.eval_string(text.encode(), str(self.folder))))

        try:
            shown = bigstack.run(work)
        except ImagetoolsError as error:
            shown = error.message
        return display(shown).replace(str(self.folder), "@")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/a.nix").write_text("1 + 1")
    (tmp_path / "in/loop").symlink_to("loop")
    (tmp_path / "in/up").symlink_to("..")
    (tmp_path / "in/away").symlink_to("../secret.nix")
    (tmp_path / "in/round").symlink_to("../in/sub/../sub/a.nix")
    (tmp_path / "secret.nix").write_text("7")
    return tmp_path


FORBIDDEN = "access to {} path '@/{}' is forbidden in restricted mode"


def test_every_door_is_guarded(folder: Path) -> None:
    world = World(folder)
    for text in (
        "import ./secret.nix",
        "scopedImport { } ./secret.nix",
        "builtins.readFile ./secret.nix",
        "builtins.readFileType ./secret.nix",
        "builtins.hashFile ''md5'' ./secret.nix",
        '"${./secret.nix}"',
        "builtins.toJSON ./secret.nix",
        "builtins.path { path = ./secret.nix; }",
        "builtins.path { path = ./secret.nix; recursive = false; }",
        "builtins.filterSource (a: b: true) ./secret.nix",
        "builtins.findFile [ { path = toString ./.; prefix = ''''; } ] ''secret.nix''",
        "(derivation { name = ''x''; system = ''s''; builder = ''b''; src = ./secret.nix; }).drvPath",
    ):
        assert world.says(text) == FORBIDDEN.format("absolute", "secret.nix"), text
    assert world.says("builtins.pathExists ./secret.nix") == "false"
    assert world.says("builtins.pathExists ./.") == "false"
    assert world.says("builtins.readDir ./in/..") == "access to absolute path '@' is forbidden in restricted mode"
    assert world.says("builtins.tryEval (import ./secret.nix)") == FORBIDDEN.format("absolute", "secret.nix")


def test_no_method_that_takes_a_path_is_forgotten() -> None:
    """Every door of ``EvalIO`` that has a path argument is one of RestrictedIO's own, or only looks at its text."""
    textual = {"is_in_store", "copy_to_store"}  # the second goes through add_path
    for name, method in inspect.getmembers(EvalIO, inspect.isfunction):
        if "path" in inspect.signature(method).parameters and name not in textual:
            assert name in vars(RestrictedIO), name
    assert "add_path" in vars(RestrictedIO)
    assert "self.add_path" in inspect.getsource(StoreIO.copy_to_store)


def test_links_are_followed_before_judging(folder: Path) -> None:
    world = World(folder)
    assert world.says("import ./in/round") == "2"
    assert world.says("<in/round>") == "@/in/round"
    assert world.says("import ./in/away") == FORBIDDEN.format("canonical", "secret.nix")
    assert world.says("import ./in/up/secret.nix") == FORBIDDEN.format("canonical", "secret.nix")
    assert world.says("import ./in/up/in/sub/a.nix") == "2"
    assert world.says("builtins.readFile ./in/loop") == "infinite symlink recursion in path '@/in/loop'"
    (folder / "in/sub/a.nix").unlink()
    assert world.says("builtins.pathExists ./in/sub/a.nix") == "false"


def test_an_entry_that_is_a_link_means_what_it_leads_to(folder: Path) -> None:
    (folder / "entry").symlink_to("in/sub")
    world = World(folder)
    assert world.says("import ./entry/a.nix") == FORBIDDEN.format("absolute", "entry/a.nix")
    world.io.allow_entry(f"{folder}/entry")
    assert world.says("import ./entry/a.nix") == "2"


def test_what_the_evaluation_made_can_be_read(folder: Path) -> None:
    world = World(folder)
    assert world.says('builtins.readFile "${./in/sub}/a.nix"') == '"1 + 1"'
    assert world.says('import (builtins.toFile "x" "3")') == "3"
    assert world.says('builtins.readFile (builtins.path { path = ./in/sub/a.nix; name = "n"; })') == '"1 + 1"'
    other = World(folder)
    path = world.io.copy_to_store(f"{folder}/in/sub")
    assert other.says(f"builtins.readDir {path}") == f"access to absolute path '{path}' is forbidden in restricted mode"
    assert other.says(f"builtins.storePath {path}") == f"access to absolute path '{path}' is forbidden in restricted mode"
    other.io.allow_entry(path)
    assert other.says(f"import {path}/a.nix") == "2"


def test_the_person_and_the_machine(folder: Path) -> None:
    world = World(folder)
    assert world.says('builtins.getEnv "USER"') == '""'
    assert world.says("builtins.currentTime") == "1700000000"
    assert world.says("~/x") == "/home/ann/x"
    assert world.says("<in/sub/a.nix>") == "@/in/sub/a.nix"


def test_pure(folder: Path) -> None:
    world = World(folder, pure=True)
    assert world.says("import ./in/sub/a.nix") == "access to absolute path '@/in/sub/a.nix' is forbidden in pure evaluation mode"
    assert world.says('[ (builtins ? currentTime) (builtins ? currentSystem) builtins.nixPath (builtins.getEnv "USER") ]') == (
        '[ false false [ ] "" ]'
    )
    assert world.says("__currentSystem").startswith("undefined variable '__currentSystem'\n")
    assert world.says("<in/sub/a.nix>") == "cannot look up '<in/sub/a.nix>' in pure evaluation mode"
    assert world.says("(builtins.tryEval <x>).success") == "false"
    assert world.says("builtins.storePath ./x") == "'builtins.storePath' is not allowed in pure evaluation mode"
    assert world.says("~/x") == "paths that begin with '~/' cannot be resolved in pure evaluation mode"
    assert world.says('import (builtins.toFile "x" "3")') == "3"


def test_pure_copies_what_has_a_hash(folder: Path) -> None:
    world = World(folder, pure=True)
    for recursive in ("true", "false"):
        bare = f"builtins.path {{ path = ./in/sub/a.nix; recursive = {recursive}; }}"
        assert world.says(bare) == "access to absolute path '@/in/sub/a.nix' is forbidden in pure evaluation mode"
        wrong = bare.replace("}", 'sha256 = "0000000000000000000000000000000000000000000000000000"; }')
        assert world.says(wrong) == "store path mismatch in (possibly filtered) path added from '@/in/sub/a.nix'"
    flat = 'builtins.hashString "sha256" "1 + 1"'
    right = f"import (builtins.path {{ path = ./in/sub/a.nix; recursive = false; sha256 = {flat}; }})"
    assert world.says(right) == "2"


def test_the_hint_names_the_option(folder: Path) -> None:
    with pytest.raises(RestrictedPath) as caught:
        World(folder, pure=True).io.read_file("/etc/passwd")
    assert caught.value.hint == "leave out --pure-eval to allow it"
    with pytest.raises(RestrictedPath) as caught:
        World(folder).io.read_file("/etc/passwd")
    assert caught.value.hint is None
