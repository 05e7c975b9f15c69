"""Derivations against real Nix: the same paths and, byte for byte, the same ``.drv`` files (rows 4.001-4.013, 4.039-4.048)."""

from pathlib import Path

import pytest

from imagetools.app.settings import PACKAGE
from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle
# ruff: noqa: E501  (one expression a line)

HASH = "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i"
BASE = 'name = "x"; system = "x86_64-linux"; builder = "/bin/sh";'

GOOD = [
    f"derivation {{ {BASE} }}",
    f'derivation {{ {BASE} args = [ "-c" 1 true null [ "a" [ ] "b" ] 1.5 ./file ]; }}',
    f'derivation {{ {BASE} outputs = [ "out" "dev" "man" ]; x = "y"; }}',
    f'derivation {{ {BASE} outputs = [ "lib" "bin" ]; }}',
    f'(derivation {{ {BASE} outputs = [ "lib" "bin" ]; }}).bin',
    f'(derivation {{ {BASE} outputs = [ "a" "b" ]; }}).a.b.all',
    f'derivation {{ {BASE} text = "quote\\" back\\\\slash\\nnewline\\ttab\\rreturn caf\u00e9 $x"; }}',
    f"derivation {{ {BASE} a = 1; b = true; c = false; d = null; e = [ 1 2 [ 3 ] ]; f = 0.5; }}",
    f"derivation {{ {BASE} src = ./file; dir = ./folder; }}",
    f'derivation {{ {BASE} src = "${{./folder}}/inner"; }}',
    f"derivation {{ {BASE} dep = derivation {{ {BASE} v = 1; }}; }}",
    f'let d = derivation {{ {BASE} outputs = [ "out" "dev" ]; }}; in derivation {{ {BASE} a = d.dev; b = d.out; c = "${{d}}/bin:${{d.dev}}/lib"; }}',
    f'derivation {{ {BASE} outputHash = "{HASH}"; outputHashAlgo = "sha256"; }}',
    f'derivation {{ {BASE} outputHash = "{HASH}"; outputHashAlgo = "sha256"; outputHashMode = "recursive"; }}',
    f'derivation {{ {BASE} outputHash = "sha256-XSLa0FjVyADWWhFfkZ2iKTjFDda6mMXjoYMXLRSYQKQ="; }}',
    f'derivation {{ {BASE} outputHash = ""; outputHashAlgo = "sha256"; }}',
    f'derivation {{ {BASE} outputHash = "d41d8cd98f00b204e9800998ecf8427e"; outputHashAlgo = "md5"; }}',
    f'derivation {{ {BASE} outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709"; outputHashAlgo = "sha1"; outputHashMode = "flat"; }}',
    f"""let fixed = url: derivation {{ {BASE} inherit url; outputHash = "{HASH}"; outputHashAlgo = "sha256"; }};
        in [ (derivation {{ {BASE} src = fixed "a"; }}) (derivation {{ {BASE} src = fixed "b"; }})
             (derivation {{ {BASE} both = [ (fixed "a") (fixed "b") ]; }}) ]""",
    f"derivation {{ {BASE} __ignoreNulls = true; gone = null; here = 1; }}",
    f'derivation {{ {BASE} __structuredAttrs = true; list = [ 1 "two" {{ three = 3.5; }} ]; nested = {{ a = ./file; b = null; }}; t = true; }}',
    f'derivation {{ {BASE} __structuredAttrs = true; outputs = [ "out" "dev" ]; dep = derivation {{ {BASE} }}; }}',
    f'derivation {{ {BASE} passAsFile = [ "big" ]; big = "text"; }}',
    f'derivation {{ {BASE} graph = [ "g" (derivation {{ {BASE} v = 2; }}) ]; exportReferencesGraph = [ "g" ./file ]; }}',
    f'derivation {{ {BASE} file = builtins.toFile "script.sh" "echo ${{builtins.toFile "inner" "x"}}"; }}',
    f'derivation {{ {BASE} src = builtins.path {{ path = ./folder; name = "renamed"; }}; }}',
    f"derivation {{ {BASE} src = builtins.path {{ path = ./file; recursive = false; }}; }}",
    f'derivation {{ {BASE} src = builtins.filterSource (path: type: baseNameOf path != "inner") ./folder; }}',
    f'derivation {{ {BASE} src = builtins.path {{ path = ./folder; filter = p: t: t != "symlink"; }}; }}',
    f'derivation {{ {BASE} path = builtins.placeholder "out"; }}',
    f"derivation {{ {BASE} dep = (derivation {{ {BASE} v = 3; }}).drvPath; }}",
    f"derivation {{ {BASE} dep = builtins.unsafeDiscardOutputDependency (derivation {{ {BASE} v = 3; }}).drvPath; }}",
    f"derivation {{ {BASE} dep = builtins.unsafeDiscardStringContext (derivation {{ {BASE} v = 3; }}).drvPath; }}",
    f'derivation ({{ {BASE} }} // {{ name = "with-1.0+b_c?d=e"; }})',
    'derivation { name = "x"; system = "aarch64-linux"; builder = ./file; }',
    'import <nix/fetchurl.nix> { url = "https://example.org/hello-2.10.tar.gz"; sha256 = "' + HASH + '"; }',
    'import <nix/fetchurl.nix> { url = "https://example.org/x"; hash = "sha256-XSLa0FjVyADWWhFfkZ2iKTjFDda6mMXjoYMXLRSYQKQ="; executable = true; }',
    f'derivation {{ {BASE} b = builtins.toJSON (builtins.tryEval (derivation {{ {BASE} __ignoreNulls = true; a = [ (throw "seen") ]; b = abort "unseen"; }}).drvPath); }}',
    f"[ (derivation {{ {BASE} n = 1; }}) {{ inner = derivation {{ {BASE} n = 2; }}; }} ]",
    f"{{ b = derivation {{ {BASE} n = 1; }}; a = {{ recurseForDerivations = true; x = derivation {{ {BASE} n = 3; }}; }}; c = {{ hidden = 1; }}; }}",
    f"{{ v ? 7 }}: derivation {{ {BASE} inherit v; }}",
]

# Not here, since versions of Nix differ (docs/nix-versions.md): an output named drvPath, which 2.8 still takes.
BAD = [
    'derivation { system = "s"; builder = "b"; }',
    'derivation { name = "x"; builder = "b"; }',
    'derivation { name = "x"; system = "s"; }',
    f"derivation {{ {BASE} outputs = [ ]; }}",
    f'derivation {{ {BASE} outputs = [ "out" "out" ]; }}',
    f"derivation {{ {BASE} x = y: y; }}",
    f"derivation {{ {BASE} x = {{ }}; }}",
    f'derivation {{ {BASE} outputHashMode = "zip"; outputHash = "{HASH}"; outputHashAlgo = "sha256"; }}',
    f'derivation {{ {BASE} outputHash = "abc"; outputHashAlgo = "sha256"; }}',
    f'derivation {{ {BASE} outputHash = "{HASH}"; }}',
    f'derivation {{ {BASE} outputs = [ "out" "b" ]; outputHash = "{HASH}"; outputHashAlgo = "sha256"; }}',
    'derivation { name = "x.drv"; system = "s"; builder = "b"; }',
    'derivation { name = "a b"; system = "s"; builder = "b"; }',
    'derivation { name = ""; system = "s"; builder = "b"; }',
    f"derivation {{ {BASE} x = ./missing; }}",
    f'builtins.toFile "x" (derivation {{ {BASE} }}).outPath',
    "builtins.storePath /etc/passwd",
    'builtins.path { path = ./file; sha256 = "' + HASH + '"; }',
    'builtins.path { name = "x"; }',
    "builtins.path { path = ./file; what = 1; }",
    "1",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sources")
    (made / "file").write_text("a file\n")
    (made / "folder").mkdir()
    (made / "folder" / "inner").write_text("inner\n")
    (made / "folder" / "run").write_text("#!/bin/sh\n")
    (made / "folder" / "run").chmod(0o755)
    (made / "folder" / "link").symlink_to("inner")
    return made


def written(root: Path) -> dict[str, bytes]:
    """All derivation files of the store below ``root``."""
    return {path.name: path.read_bytes() for path in (root / "nix/store").iterdir() if path.name.endswith(".drv")}


def test_the_same_derivations_are_written(folder: Path, tmp_path: Path) -> None:
    need("nix-instantiate")
    names = []
    for number, text in enumerate(GOOD):
        (folder / f"case-{number}.nix").write_text(text)
        names.append(str(folder / f"case-{number}.nix"))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = nix("nix-instantiate", *names, root=tmp_path / "theirs").stdout.split()
    ours = imagetools("instantiate", "--store", str(tmp_path / "ours"), *names, home=tmp_path).stdout.split()
    assert ours == theirs
    assert written(tmp_path / "ours") == written(tmp_path / "theirs")


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(text: str, folder: Path, tmp_path: Path) -> None:
    need("nix-instantiate")
    path = folder / "bad.nix"
    path.write_text(text)
    theirs = nix("nix-instantiate", str(path), root=tmp_path, check=False)
    ours = imagetools("instantiate", str(path), home=tmp_path, check=False)
    assert theirs.returncode == 1
    assert ours.returncode == 1
    assert ours.stderr.startswith("error: ")
    assert "internal error" not in ours.stderr


def test_the_embedded_package_set(tmp_path: Path) -> None:
    need("nix-instantiate")
    text = """with import <nixpkgs> { };
      [ bash busybox sandboxShell
        (runCommand "a" { } "echo > $out") (writeText "b" "x") (writeShellScriptBin "c" "echo ${bash}")
        (symlinkJoin { name = "d"; paths = [ bash busybox ]; }) (buildEnv { name = "e"; paths = [ bash ]; })
        (dockerTools.buildLayeredImage { name = "f"; contents = [ bash ]; config.Cmd = [ "bash" ]; })
        (dockerTools.buildImage { name = "g"; copyToRoot = [ busybox ]; })
        (fetchurl { url = "https://example.org/x-1.0.tar.gz"; hash = "sha256-XSLa0FjVyADWWhFfkZ2iKTjFDda6mMXjoYMXLRSYQKQ="; }) ]"""
    (tmp_path / "set.nix").write_text(text)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = nix("nix-instantiate", str(tmp_path / "set.nix"), root=tmp_path / "theirs", nix_path=f"nixpkgs={PACKAGE}/pkgs")
    ours = imagetools("instantiate", "--store", str(tmp_path / "ours"), "set.nix", home=tmp_path)
    assert ours.stdout == theirs.stdout
    assert written(tmp_path / "ours") == written(tmp_path / "theirs")
