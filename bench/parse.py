"""Parsing: megabytes a second of text to final tree, and of cached tree to tuples; beside ``nix-instantiate --parse``.

``IMAGETOOLS_NIXPKGS`` names a nixpkgs tree: then its ``lib`` and ``all-packages.nix`` are read (1 MB); otherwise a text of the
same kind that is made here.
"""

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import compare
from imagetools.lang.syntax import cache
from imagetools.lang.syntax.lexer import Lexer
from imagetools.lang.syntax.parser import parse_file

GLOBALS = frozenset(
    [
        "abort",
        "baseNameOf",
        "builtins",
        "derivation",
        "dirOf",
        "false",
        "fetchTarball",
        "import",
        "isNull",
        "map",
        "null",
        "removeAttrs",
        "throw",
        "toString",
        "true",
        "__findFile",
        "__nixPath",
    ]
)
MADE = """
  package{0} = callPackage ../development/libraries/package-{0} {{
    inherit (darwin.apple_sdk.frameworks) CoreServices Security;
    stdenv = if stdenv.isDarwin then gcc6Stdenv else stdenv; # a comment
    buildInputs = [ zlib openssl (python3.withPackages (ps: with ps; [ six requests ])) ] ++ lib.optional enableX "x${{version}}";
    postInstall = ''
      mkdir -p $out/share/doc
      ln -s ${{package{0}.doc}}/share/doc/* "$out/share/doc"
    '';
    meta = with lib; {{ description = "Package number {0}"; license = licenses.mit; platforms = platforms.linux ++ darwin; }};
  }};
"""
HEAD = "{ lib, callPackage, stdenv, darwin, gcc6Stdenv, zlib, openssl, python3, enableX ? false, version }:\nrec {"
ROUNDS = 5


def sources(folder: Path) -> list[Path]:
    """The files to read."""
    given = os.environ.get("IMAGETOOLS_NIXPKGS")
    if given:
        return [*sorted(Path(given, "lib").glob("*.nix")), Path(given, "pkgs/top-level/all-packages.nix")]
    made = folder / "packages.nix"
    made.write_text(HEAD + "".join(MADE.format(number) for number in range(1500)) + "}\n")
    return [made]


def best(texts: list[bytes], action: str) -> float:
    """Megabytes a second of the fastest round, CPU time."""
    fastest = 1e9
    kept = [cache.encode(parse_file(text, "f", GLOBALS)) or b"" for text in texts]
    for _ in range(ROUNDS):
        start = time.process_time()
        for text, data in zip(texts, kept, strict=True):
            if action == "tokens":
                Lexer(text.decode("latin-1")).run()
            elif action == "tree":
                parse_file(text, "f", GLOBALS)
            else:
                cache.decode(data)
        fastest = min(fastest, time.process_time() - start)
    return sum(len(text) for text in texts) / fastest / 1e6


def main() -> None:
    """Print the table."""
    gc.disable()  # as in evaluation
    with tempfile.TemporaryDirectory() as folder:
        files = sources(Path(folder))
        texts = [file.read_bytes() for file in files]
        for action in ("tokens", "tree", "cached tree"):
            print(f"{action + ' of ' + str(sum(map(len, texts)) // 1000) + ' kB':<44} {best(texts, action):8.1f} MB/s")
        names = [str(file) for file in files]
        compare(
            "all of it, a process (theirs prints the tree)",
            [sys.executable, "-m", "bench.parse", *names],
            {"nix-instantiate --parse": ["nix-instantiate", "--parse", *names]},
            environment={**os.environ, "NIX_REMOTE": "dummy://"},
        )


if __name__ == "__main__":
    gc.disable()
    for name in sys.argv[1:]:
        parse_file(Path(name).read_bytes(), name, GLOBALS)
