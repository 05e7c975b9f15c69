"""Import from derivation as this room sees it: what is asked of the builder, in which order, and what becomes of its failure.

Row 4.058. The builder here writes the derivation's variable ``text`` into each output.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime import bigstack
from imagetools.lang.runtime.errors import EvalError, InvalidStorePath, RealisationFailed, RestrictedPath
from imagetools.store.fs_nar import canonicalise, nar_hash
from imagetools.store.ports import BuiltOutput
from tests.unit.instantiate.session import Session

LET = """let
  build = name: args: derivation ({ inherit name; system = "s"; builder = "b"; } // args);
in """


class BrokenError(ImagetoolsError):
    """A build that failed."""

    exit_code = 100

    def __init__(self) -> None:
        super().__init__("builder failed: é", "look at the log")


class World:
    """A session whose derivations are built by the test itself; ``asked`` holds every request."""

    def __init__(self, folder: Path, *, read_only: bool = False, restricted: bool = False, allowed: bool = True) -> None:
        self.asked: list[dict[str, tuple[str, ...]]] = []
        self.broken = False
        self.session = Session(folder, read_only=read_only, restricted=restricted, build=self._build if allowed else None)

    def _build(self, wanted: Mapping[StorePath, tuple[str, ...]]) -> None:
        self.asked.append({drv.name: names for drv, names in wanted.items()})
        if self.broken:
            raise BrokenError
        store = self.session.store
        for drv in wanted:
            derivation = store.read_derivation(drv)
            for name, path in store.derivation_outputs(drv).items():
                if store.is_valid(path):
                    continue
                place = store.real_path(path)
                references = tuple(store.store_dir.parse(text) for text in derivation.input_srcs)
                if derivation.env.get("folder"):
                    Path(place).mkdir(parents=True)
                    (Path(place) / "file.nix").write_text(derivation.env["text"])
                else:
                    Path(place).parent.mkdir(parents=True, exist_ok=True)
                    Path(place).write_text(derivation.env.get("text", name))
                canonicalise(place)
                value, size = nar_hash(place)
                store.register_built([BuiltOutput(path, value, size, references, drv)])

    def shown(self, text: str) -> str:
        return self.session.shown(LET + text)

    def error(self, text: str) -> EvalError:
        with pytest.raises(EvalError) as caught:
            self.shown(text)
        return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('import (build "x" { text = "1 + 1"; })', "2"),
        ('scopedImport { y = 3; } (build "x" { text = "y"; })', "3"),
        ('builtins.readFile (build "x" { text = "abc"; })', '"abc"'),
        ('builtins.readFile "${build "x" { text = "abc"; folder = true; }}/file.nix"', '"abc"'),
        ('import (build "x" { text = "7"; folder = true; } + "/file.nix")', "7"),
        ('builtins.readDir (build "x" { text = "1"; folder = true; })', '{ "file.nix" = "regular"; }'),
        ('builtins.readFileType (build "x" { })', '"regular"'),
        ('builtins.pathExists "${build "x" { }}/none"', "false"),
        ('builtins.pathExists (build "x" { })', "true"),
        ('builtins.hashFile "md5" (build "x" { text = ""; })', '"d41d8cd98f00b204e9800998ecf8427e"'),
        (
            'import (builtins.findFile [ { prefix = "p"; path = build "x" { text = "5"; folder = true; }; } ] "p/file.nix")',
            "5",
        ),
        ('builtins.readFile (builtins.filterSource (p: t: true) (build "x" { text = "kept"; }))', '"kept"'),
        ('builtins.readFile (builtins.path { path = build "x" { text = "kept"; }; name = "y"; })', '"kept"'),
    ],
)
def test_whatever_looks_into_an_output_builds_it(tmp_path: Path, text: str, value: str) -> None:
    world = World(tmp_path)
    assert world.shown(text) == value
    assert world.asked
    assert all(request == {"x.drv": ("out",)} for request in world.asked)


def test_one_build_may_need_another(tmp_path: Path) -> None:
    world = World(tmp_path)
    inner = 'build "inner" { text = "\\"from inside\\""; }'
    assert world.shown(f'import (build "outer" {{ text = "\\"${{import ({inner})}}, outside\\""; }})') == '"from inside, outside"'
    assert [list(request) for request in world.asked] == [["inner.drv"], ["outer.drv"]]


def test_all_outputs_that_a_text_mentions_are_asked_for_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.shown('let d = build "d" { outputs = [ "out" "dev" ]; }; in builtins.pathExists "/${d.dev}${d}${build "e" { }}"')
    (request,) = world.asked
    assert request == {"d.drv": ("dev", "out"), "e.drv": ("out",)}


def test_texts_do_not_build(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.shown('let d = build "x" { }; in [ "${d}" d.drvPath (builtins.readFile (builtins.toFile "t" "t")) ]')
    assert world.asked == []


def test_the_derivation_file_itself_is_written_and_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.shown('(import (build "x" { }).drvPath).name') == '"x"'
    assert world.asked == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("builtins.pathExists drv", "true"),
        ("builtins.pathExists (dirOf drv)", "true"),
        ("builtins.substring 0 6 (builtins.readFile drv)", '"Derive"'),
        ("(import drv).name", '"x"'),
    ],
)
def test_a_derivation_file_alone_is_written_too(tmp_path: Path, text: str, value: str) -> None:
    world = World(tmp_path)
    drv = '(builtins.unsafeDiscardOutputDependency (build "x" { }).drvPath)'
    assert world.shown(text.replace("drv", drv)) == value
    assert world.asked == []


def test_a_forbidden_build_is_one_even_where_the_output_is_there(tmp_path: Path) -> None:
    text = 'import (build "x" { text = "1"; })'
    assert World(tmp_path).shown(text) == "1"
    error = World(tmp_path, allowed=False).error(text)
    before, drv, after = error.message.split("'", 2)
    assert (before, drv[-6:]) == ("cannot build ", "-x.drv")
    assert after == " during evaluation because the option 'allow-import-from-derivation' is disabled"


def test_without_writing_only_what_is_in_the_store_is_built(tmp_path: Path) -> None:
    text = 'import (build "x" { text = "1"; })'
    world = World(tmp_path, read_only=True)
    assert isinstance(world.error(text), InvalidStorePath)
    assert world.asked == []
    writing = World(tmp_path)
    writing.shown('(build "x" { text = "1"; }).drvPath')
    writing.session.known.flush()
    assert world.shown(text) == "1"
    assert world.asked == [{"x.drv": ("out",)}]


def test_a_failed_build_keeps_its_words_and_its_exit_code(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.broken = True
    error = world.error('builtins.tryEval (import (build "x" { }))')
    assert isinstance(error, RealisationFailed)
    assert error.message.encode("latin-1").decode() == "builder failed: é"
    assert (error.hint, error.cause.exit_code) == ("look at the log", 100)
    assert [frame.text for frame in error.frames if "realising" in frame.text] == [
        f"while realising the context of path '{world.session.store.store_dir.join(_output(world))}'"
    ]


def _output(world: World) -> StorePath:
    (drv,) = [path for path in world.session.store.all_paths() if path.is_derivation]
    return world.session.store.derivation_outputs(drv)["out"]


def test_after_a_failure_the_value_can_be_asked_for_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    value = world.session.value(LET + '{ a = import (build "x" { text = "1"; }); }')
    force = world.session.evaluator.machine.force_deep
    world.broken = True
    with pytest.raises(RealisationFailed):
        bigstack.run(lambda: force(value))
    world.broken = False
    bigstack.run(lambda: force(value))
    assert len(world.asked) == 2


def test_restricted_evaluation_sees_what_it_has_realised_and_what_that_refers_to(tmp_path: Path) -> None:
    world = World(tmp_path, restricted=True)
    text = """let
      used = builtins.toFile "used" "deep";
      made = build "x" { inherit used; text = "1"; };
      path = builtins.unsafeDiscardStringContext used;
    in"""
    assert isinstance(world.error(f"{text} builtins.readFile /etc/passwd"), RestrictedPath)
    assert world.shown(f"{text} [ (import made) (builtins.readFile path) ]") == '[ 1 "deep" ]'


def test_copies_of_outputs_refer_to_what_the_output_does(tmp_path: Path) -> None:
    world = World(tmp_path)
    text = 'build "x" { src = builtins.toFile "used" "deep"; text = "1"; }'
    copied = world.shown(f'builtins.path {{ path = {text}; name = "y"; }}').strip('"')
    store = world.session.store
    info = store.query(store.store_dir.parse(copied))
    assert info is not None
    assert [path.name for path in info.references] == ["used"]
    reading = World(tmp_path, read_only=True)
    reading.session.store.close()
    assert reading.shown(f'builtins.path {{ path = {text}; name = "y"; }}').strip('"') == copied


def test_findfile_says_whose_path_is_not_valid(tmp_path: Path) -> None:
    world = World(tmp_path, read_only=True)
    error = world.error('builtins.findFile [ { prefix = ""; path = build "x" { }; } ] "a"')
    assert error.message.startswith("cannot find '/nix/store/")
    assert error.message.endswith("-x.drv' is not valid")
