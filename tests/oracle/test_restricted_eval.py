"""``--restrict-eval`` and ``--pure-eval`` beside Nix 2.8's options of that name (rows 5.048, 5.049).

Where an expression has a value, both print it; where it has none, both say the same of the same path. A word of the sentence
differs in pure mode (current Nix's "pure evaluation mode", and no ``--impure``, which we do not have).
"""

from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.oracle.sentences import sentence_of_2_8

pytestmark = pytest.mark.oracle

RESTRICTED = [
    "import ./in/ok.nix",
    "import ./in",
    "import ./in/sub",
    "import ./in/link.nix",
    "import ./in/tunnel/b.nix",
    "import ./out/b.nix",
    "scopedImport { } ./out/b.nix",
    "(builtins.tryEval (import ./out)).success",
    "builtins.readDir ./in",
    "builtins.readDir ./in/tunnel",
    "builtins.readDir ./.",
    "builtins.readDir ./in/sub/../..",
    "builtins.readFile /etc/passwd",
    "builtins.readFile ./in/sub/../../out/b.nix",
    "builtins.readFile ./in/sub/a.nix",
    "builtins.hashFile ''md5'' ./in/sub/a.nix",
    "builtins.hashFile ''md5'' ./out/b.nix",
    "builtins.pathExists ./in",
    "builtins.pathExists ./in/link.nix",
    "builtins.pathExists ./out",
    "builtins.pathExists ./in/none",
    "builtins.pathExists ./.",
    '"${./in/sub}"',
    '"${./in/tunnel}"',
    '"${./in/tunnel/b.nix}"',
    '"${./out}"',
    "[ ./out (./out + ''/x'') (toString ./out) ]",
    "builtins.path { path = ./out; }",
    "builtins.path { path = ./in/sub; }",
    "builtins.filterSource (a: b: true) ./in",
    "builtins.filterSource (a: b: true) ./out",
    "builtins.storePath ''/nix/store/8qwygm88qsiwpdycf5hhk51zjbh3kgaa-n''",
    "builtins.getEnv ''HOME''",
    "builtins.currentSystem",
    "builtins.currentTime > 1",
    "<in/sub/a.nix>",
    "<none>",
    "let __nixPath = [ { prefix = ''foo''; path = ./out; } ]; in <foo/b.nix>",
    "builtins.findFile builtins.nixPath ''in/sub/a.nix''",
    "builtins.findFile [ { path = toString ./out; prefix = ''''; } ] ''b.nix''",
    "import <nix/fetchurl.nix>",
]
PURE = [
    "import ./in/ok.nix",
    "builtins.pathExists ./in",
    '"${./in/sub}"',
    "./in",
    "builtins.getEnv ''HOME''",
    "builtins.currentSystem",
    "builtins.currentTime",
    "__currentTime",
    "[ (builtins ? currentTime) (builtins ? currentSystem) builtins.nixPath ]",
    "<in/ok.nix>",
    "import <nix/fetchurl.nix>",
    "builtins.storePath ''/nix/store/8qwygm88qsiwpdycf5hhk51zjbh3kgaa-n''",
    "builtins.hashFile ''md5'' ./in/ok.nix",
    "builtins.path { path = ./in; }",
    "builtins.path { path = ./in; sha256 = ''0000000000000000000000000000000000000000000000000000''; }",
    "(derivation { name = ''x''; system = ''x86_64-linux''; builder = ''b''; }).outPath",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("nix-instantiate")
    made = tmp_path_factory.mktemp("restricted")
    (made / "in/sub").mkdir(parents=True)
    (made / "out").mkdir()
    (made / "in/sub/a.nix").write_text('"inner"\n')
    (made / "in/default.nix").write_text("{ x = 1; }\n")
    (made / "out/b.nix").write_text('"outer"\n')
    (made / "in/tunnel").symlink_to("../out")
    (made / "in/link.nix").symlink_to("../out/b.nix")
    (made / "in/ok.nix").symlink_to("sub/a.nix")
    return made


def said(output: str, failure: str) -> str:
    """The value, or the sentence of the error without what differs by intention."""
    if output:
        return output
    first = "error: " + sentence_of_2_8(failure.partition("\n")[0].removeprefix("error: "))
    return first.replace("pure eval mode", "pure evaluation mode").replace(" (use '--impure' to override)", "")


def ours(folder: Path, option: str, *words: str) -> str:
    done = imagetools("eval", "--strict", option, *words, home=folder, check=False)
    return said(done.stdout, done.stderr)


def theirs(folder: Path, option: str, *words: str) -> str:
    done = nix("nix-instantiate", "--eval", "--strict", "--option", option, "true", *words, root=folder, check=False)
    return said(done.stdout, done.stderr)


@pytest.mark.parametrize("text", RESTRICTED)
def test_restricted(text: str, folder: Path) -> None:
    words = ["-I", f"in={folder}/in", "-E", text]
    assert ours(folder, "--restrict-eval", *words) == theirs(folder, "restrict-eval", *words)


@pytest.mark.parametrize("text", PURE)
def test_pure(text: str, folder: Path) -> None:
    words = ["-I", f"in={folder}/in", "-E", text]
    assert ours(folder, "--pure-eval", *words) == theirs(folder, "pure-eval", *words)


@pytest.mark.parametrize("option", ["restrict-eval", "pure-eval"])
@pytest.mark.parametrize("words", [["in/ok.nix"], ["-I", "in", "in/ok.nix"], ["-I", "in", "in/link.nix"], ["-I", "z=in", "in"]])
def test_files_named_on_the_command_line(option: str, words: list[str], folder: Path) -> None:
    assert ours(folder, "--" + option, *words) == theirs(folder, option, *words)
