"""Definitions that are wrong: syntax, names, types, arguments, files. Nothing is built."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case, Link

DERIVATION = '{ name = "x"; system = "s"; builder = "/bin/sh"; }'
CASES: Mapping[str, Case] = {
    # -- syntax: every kind is in ../parse_errors, here is how a command shows one
    "syntax error in a file": Case(["eval", "x.nix"], {"x.nix": "{\n  a = 1\n  b = 2;\n}\n"}),
    "syntax error in an expression": Case(["eval", "-E", "[ 1 2"]),
    "syntax error in an imported file": Case(
        ["build", "x.nix"], {"x.nix": "{ a = import ./lib.nix; }.a", "lib.nix": "{ a = ; }"}
    ),
    "syntax error in --arg": Case(["eval", "x.nix", "--arg", "n", "1 +"], {"x.nix": "{ n }: n"}),
    "source that is not UTF-8": Case(["eval", "x.nix"], {"x.nix": b'{ a = "\xff\xfe"; b = \xff; }'}),
    "a binary file": Case(["eval", "x.nix"], {"x.nix": b"\x7fELF\x02\x01\x01\0\0\0"}),
    "an empty file": Case(["build", "x.nix"], {"x.nix": ""}),
    # -- names
    "undefined variable": Case(["eval", "x.nix"], {"x.nix": "let\n  version = 1;\nin\n  verson\n"}),
    "unknown attribute": Case(["eval", "x.nix"], {"x.nix": "let set = { version = 1; }; in set.verson"}),
    "unknown attribute on the command line": Case(["build", "-A", "web.imag", "x.nix"], {"x.nix": "{ web.image = 1; }"}),
    "attribute of a number on the command line": Case(["eval", "-A", "a.b", "x.nix"], {"x.nix": "{ a = 1; }"}),
    "unknown package": Case(["build", "-A", "busibox", "<nixpkgs>"]),
    "unknown entry of the search path": Case(["eval", "-E", "import <nixpgs> { }"]),
    # -- types
    "a number where a string should be": Case(["eval", "-E", '"version ${1}"']),
    "a string where a number should be": Case(["eval", "-E", '1 + "1"']),
    "a string where a list should be": Case(["eval", "-E", 'builtins.length "abc"']),
    "a number where a boolean should be": Case(["eval", "-E", "if 1 then 2 else 3"]),
    "a number where a function should be": Case(["eval", "-E", "let f = 1; in f 2"]),
    "a list where a set should be": Case(["eval", "-E", "{ a = 1; } // [ ]"]),
    "a number as a derivation's name": Case(["build", "-E", 'derivation { name = 1; system = "s"; builder = "b"; }']),
    "a function as a variable of a builder": Case(["build", "-E", f"derivation ({DERIVATION} // {{ f = x: x; }})"]),
    "a string where a derivation should be": Case(["build", "-E", '"hello"']),
    "no derivation in it": Case(["build", "x.nix"], {"x.nix": "{ a = 1; }"}),
    # -- arguments
    "a missing argument": Case(["eval", "-E", "({ name, version }: name) { name = 1; }"]),
    "an unexpected argument": Case(["eval", "-E", "({ name }: name) { name = 1; nam = 2; }"]),
    "a missing argument of the file": Case(["build", "x.nix"], {"x.nix": "{ name }: name"}),
    "a missing attribute of a derivation": Case(["build", "-E", 'derivation { name = "x"; system = "s"; }']),
    "a wrong argument of an image": Case(
        ["build", "-E", 'with import <nixpkgs> { }; dockerTools.buildImage { name = "x"; content = [ ]; }']
    ),
    "an image without a name": Case(["build", "-E", "with import <nixpkgs> { }; dockerTools.buildLayeredImage { }"]),
    # -- files
    "a cyclic import": Case(["eval", "a.nix"], {"a.nix": "1 + import ./b.nix", "b.nix": "2 + import ./a.nix"}),
    "a value that needs itself": Case(["eval", "-E", "let x = y + 1; y = x + 1; in x"]),
    "a recursion without an end": Case(["eval", "-E", "let f = x: 1 + f (x + 1); in f 0"]),
    "no such file": Case(["eval", "x.nix"]),
    "no default.nix": Case(["build"]),
    "a folder without a default.nix": Case(["eval", "-E", "import ./folder"], {"folder/x.nix": "1"}),
    "an import of what is not there": Case(["eval", "x.nix"], {"x.nix": "import ./lib.nix"}),
    "a folder read as a file": Case(["eval", "-E", "builtins.readFile ./folder"], {"folder/x": ""}),
    "a file read as a folder": Case(["eval", "-E", "builtins.readDir ./x"], {"x": ""}),
    "a loop of links as the file": Case(["eval", "x.nix"], {"x.nix": Link("y.nix"), "y.nix": Link("x.nix")}),
    "an import of a loop of links": Case(["eval", "-E", "import ./x.nix"], {"x.nix": Link("y.nix"), "y.nix": Link("x.nix")}),
    "a source that is a loop of links": Case(
        ["build", "-E", f"derivation ({DERIVATION} // {{ src = ./x/y; }})"], {"x": Link("x")}
    ),
    "a file name that is not UTF-8": Case(["eval", b"\xff.nix"]),
    "an error in a file whose name is not UTF-8": Case(["eval", b"\xff.nix"], {b"\xff.nix": 'throw "no"'}),
    # -- names of store objects
    "a derivation's name with a newline": Case(["build", "-E", 'derivation { name = "a\\nb"; system = "s"; builder = "b"; }']),
    "a derivation's name that is a dot": Case(["build", "-E", 'derivation { name = "."; system = "s"; builder = "b"; }']),
    "a derivation's name with two leading dots": Case(
        ["build", "-E", 'derivation { name = "..-x"; system = "s"; builder = "b"; }']
    ),
    "a derivation's name that is empty": Case(["build", "-E", 'derivation { name = ""; system = "s"; builder = "b"; }']),
    "a derivation's name that is not UTF-8": Case(
        ["build", "x.nix"], {"x.nix": b'derivation { name = "\xff"; system = "s"; builder = "b"; }'}
    ),
    "a derivation's name that is too long": Case(
        [
            "build",
            "-E",
            'derivation { name = builtins.concatStringsSep "" (builtins.genList (n: "long") 60); system = "s"; builder = "b"; }',
        ]
    ),
    "a derivation's name that ends as its file": Case(
        ["build", "-E", 'derivation { name = "x.drv"; system = "s"; builder = "b"; }']
    ),
    "an output's name with a slash": Case(["build", "-E", f'derivation ({DERIVATION} // {{ outputs = [ "out" "a/b" ]; }})']),
    "an output named twice": Case(["build", "-E", f'derivation ({DERIVATION} // {{ outputs = [ "out" "out" ]; }})']),
    "no outputs": Case(["build", "-E", f"derivation ({DERIVATION} // {{ outputs = [ ]; }})"]),
    "an output that there is not": Case(["build", "-A", "dev", "-E", f"derivation {DERIVATION}"]),
    "a source with leading dots": Case(["eval", "-E", '"${./..-x}"'], {"..-x": ""}),
    "a source whose name has a newline": Case(["eval", "-E", '"${./. + "/a\\nb"}"'], {"a\nb": ""}),
    "a source whose name is not UTF-8": Case(["eval", "x.nix"], {"x.nix": b'"${./. + "/\xff"}"', b"\xff": ""}),
    "a text's name with a slash": Case(["eval", "-E", 'builtins.toFile "a/b" ""']),
    "a text's name with a newline": Case(["eval", "-E", 'builtins.toFile "a\\nb" ""']),
    # -- images
    "an image name with a colon": Case(["build", "-E", 'with import <nixpkgs> { }; dockerTools.buildImage { name = "web:1"; }']),
    "an image name with a space": Case(
        ["build", "-E", 'with import <nixpkgs> { }; dockerTools.buildLayeredImage { name = "my web"; }']
    ),
    "an image name that ends in a slash": Case(
        ["build", "-E", 'with import <nixpkgs> { }; dockerTools.streamLayeredImage { name = "web/"; }']
    ),
    "an image tag with a space": Case(
        ["build", "-E", 'with import <nixpkgs> { }; dockerTools.buildImage { name = "web"; tag = "a b"; }']
    ),
    "an image tag with a leading dot": Case(
        ["build", "-E", 'with import <nixpkgs> { }; dockerTools.buildLayeredImage { name = "web"; tag = ".1"; }']
    ),
}
