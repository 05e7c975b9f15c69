"""Files, imports and the search path, on a tree in memory."""

import hashlib

from imagetools.lang.evaluator import Evaluator
from tests.unit.lang.builtins.evaluating import evaluate, outcome
from tests.unit.lang.memory_io import Link, MemoryIO

OBJECT = "/nix/store/00000000000000000000000000000000-x"
OTHER = "/nix/store/11111111111111111111111111111111-y"
DRV = "/nix/store/22222222222222222222222222222222-p.drv"


def world() -> MemoryIO:
    return MemoryIO(
        {
            "/here/one.nix": "{ value = 1; path = ./two.nix; }",
            "/here/folder/default.nix": "x: x + 1",
            "/here/free.nix": "y + 1",
            "/here/hidden.nix": "[ true (toString 1) ]",
            "/here/text": "line\n",
            "/here/binary": b"a\0b",
            "/here/bytes": b"\xff\xfe",
            "/here/link": Link("text"),
            "/here/folder-link": Link("folder"),
            "/here/dangling": Link("nowhere"),
            f"{OBJECT}/file": "in the store",
        }
    )


def test_import() -> None:
    assert outcome("import ./one.nix", world()) == "= { path = /here/two.nix; value = 1; }"
    assert outcome("import ./folder 2", world()) == "= 3"
    assert outcome('import "/here/folder-link" 2', world()) == "= 3"
    assert outcome("import ./free.nix", world()).startswith("! undefined variable 'y'")
    assert outcome("import ./nothing.nix", world()).startswith("! path '/here/nothing.nix' does not exist")


def test_import_reads_a_file_once() -> None:
    io = world()
    assert evaluate("[ (import ./one.nix).value (import ./one.nix).value ]", io) == "[ 1 1 ]"
    assert io.reads == ["/here/one.nix"]


def test_scoped_import() -> None:
    assert outcome("scopedImport { y = 4; } ./free.nix", world()) == "= 5"
    assert outcome("scopedImport { true = 7; toString = x: 8; } ./hidden.nix", world()) == "= [ 7 8 ]"


def test_read_file() -> None:
    assert outcome("builtins.readFile ./text", world()) == '= "line\\n"'
    assert outcome('builtins.readFile "/here/link"', world()) == '= "line\\n"'
    assert outcome("builtins.stringLength (builtins.readFile ./bytes)", world()) == "= 2"
    assert outcome("builtins.readFile ./binary", world()) == (
        "! the contents of the file '/here/binary' cannot be represented as a Nix string"
    )


def test_a_file_of_the_store_depends_on_what_its_object_refers_to() -> None:
    io = world()
    io.refs[OBJECT] = frozenset([OTHER])
    assert outcome(f'builtins.getContext (builtins.readFile "{OBJECT}/file")', io) == f'= {{ "{OTHER}" = {{ path = true; }}; }}'
    assert outcome("builtins.hasContext (builtins.readFile ./text)", io) == "= false"


def test_what_a_path_depends_on_is_made_to_exist_before_it_is_read() -> None:
    io = world()
    path = f'(builtins.appendContext "{OBJECT}/file" {{ "{OBJECT}" = {{ path = true; }}; }})'
    for function in ("readFile", "pathExists", 'hashFile "md5"', "readFileType"):
        io.ensured.clear()
        evaluate(f"builtins.{function} {path}", io)
        assert io.ensured == [frozenset([OBJECT])], function


def test_read_dir_and_kinds() -> None:
    assert evaluate("builtins.readDir ./folder", world()) == '{ "default.nix" = "regular"; }'
    kinds = evaluate("map builtins.readFileType [ ./text ./folder ./link ./dangling ]", world())
    assert kinds == '[ "regular" "directory" "symlink" "symlink" ]'
    assert outcome("builtins.readFileType ./nothing", world()) == "! path '/here/nothing' does not exist"


def test_path_exists() -> None:
    paths = [
        "./text",
        "./folder",
        "./link",
        "./dangling",
        "./nothing",
        '"/here/folder/"',
        '"/here/text/"',
        '"/here/folder-link/."',
    ]
    found = evaluate(f"map builtins.pathExists [ {' '.join(paths)} ]", world())
    assert found == "[ true true true true false true false true ]"


def test_hash_file() -> None:
    assert evaluate('builtins.hashFile "md5" ./text', world()) == '"' + hashlib.md5(b"line\n").hexdigest() + '"'


def test_find_file() -> None:
    entries = '[ { prefix = "a"; path = "/nowhere"; } { prefix = "a"; path = "/here"; } { path = "/here/folder"; } ]'
    assert evaluate(f'builtins.findFile {entries} "a/one.nix"', world()) == "/here/one.nix"
    assert evaluate(f'builtins.findFile {entries} "default.nix"', world()) == "/here/folder/default.nix"
    assert evaluate(f'(builtins.tryEval (builtins.findFile {entries} "b")).success', world()) == "false"


def test_nix_path() -> None:
    evaluator = Evaluator(world(), search_path=[("pkgs", "/here"), ("", "/there")])
    value = evaluator.eval_string(b"toString <pkgs/text> + (builtins.elemAt builtins.nixPath 1).path")
    assert value == "/here/text/there"


def test_import_of_a_derivation_file() -> None:
    io = world()
    outputs = ",".join(f'("{name}","{OBJECT}-{name}","","")' for name in ("dev", "out"))
    variables = ",".join(f'("{name}","{OBJECT}-{name}")' for name in ("dev", "out"))
    io.files[DRV] = f'Derive([{outputs}],[],[],"system","builder",[],[{variables},("name","p")])'.encode()
    assert evaluate(f'builtins.attrNames (import "{DRV}")', io) == (
        '[ "all" "dev" "drvPath" "name" "out" "outPath" "outputName" "type" ]'
    )
    text = f'let p = import "{DRV}"; in [ p.type p.name p.outputName p.out.outPath (map (x: x.outputName) p.all) ]'
    assert evaluate(text, io) == f'[ "derivation" "p" "dev" "{OBJECT}-out" [ "dev" "out" ] ]'
    context = f'let p = import "{DRV}"; in [ (builtins.getContext p.out.outPath) (builtins.getContext p.drvPath) ]'
    assert evaluate(context, io) == f'[ {{ "{DRV}" = {{ outputs = [ "out" ]; }}; }} {{ "{DRV}" = {{ allOutputs = true; }}; }} ]'


def test_paths_are_copied_where_nix_copies_them() -> None:
    io = world()
    for text in ("builtins.stringLength ./text", 'builtins.concatStringsSep "" [ ./text ]', "builtins.toJSON ./text"):
        io.copies.clear()
        evaluate(text, io)
        assert io.copies == ["/here/text"], text
    io.copies.clear()
    evaluate("[ (toString ./text) (baseNameOf ./text) (dirOf ./text) (builtins.toXML ./text) ]", io)
    assert io.copies == []
