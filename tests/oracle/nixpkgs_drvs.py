"""Every derivation of a nixpkgs tree beside real Nix: ``python -m tests.oracle.nixpkgs_drvs TREE [--set python3Packages]``.

Both sides say of each attribute of a set its drvPath, "THROW" (``tryEval`` caught it), "ERROR" (the evaluation ended) or null
(no derivation); what differs is printed, and the exit code is 1. A drvPath that differs because the derivation holds
``builtins.nixVersion`` is counted apart. What Nix has said is kept in the file of ``--theirs`` and not asked for again. Nothing
is built or written into a store. A chunk of attributes is one process of a side; where one ends the evaluation, the next process
goes on behind it.

Sets: "" (the top level), an attribute path such as ``xorg`` or ``pkgsCross.mingwW64``, or a name of ``SETS``.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from imagetools.kernel.errors import ImagetoolsError
from tests.oracle.fuzz.ours import Ours

Answer = str | None

USUAL: Final = (
    *("", "python3Packages", "perlPackages", "xorg", "gnome3", "nodePackages", "linuxPackages"),
    *("cross", "nixos", "docker-examples"),
)

PACKAGES: Final = '(import TREE { system = "x86_64-linux"; config = { }; overlays = [ ]; })'

NIXOS: Final = """(
  let
    minimal = { fileSystems."/".device = "/dev/sda1"; boot.loader.grub.device = "/dev/sda"; };
    server = {
      services.nginx.enable = true;
      services.postgresql.enable = true;
      users.users.joe = { isNormalUser = true; uid = 1000; };
    };
    nixos = import (TREE + "/nixos");
    system = imports: (nixos { system = "x86_64-linux"; configuration = { inherit imports; }; }).system;
  in { minimal = system [ minimal ]; server = system [ minimal server ]; }
)"""

OVERLAID: Final = """(import TREE {
  system = "x86_64-linux";
  config = {
    allowUnfreePredicate = p: builtins.substring 0 1 (p.pname or p.name) < "n";
    packageOverrides = p: { hello = p.hello.overrideAttrs (old: { patches = [ (p.writeText "a.patch" "x") ]; }); };
  };
  overlays = [
    (self: super: { openssl = super.openssl.overrideAttrs (old: { configureFlags = old.configureFlags ++ [ "no-idea" ]; }); })
    (self: super: {
      python3 = super.python3.override {
        packageOverrides = a: b: { numpy = b.numpy.overridePythonAttrs (old: { doCheck = false; }); };
      };
    })
  ];
})"""

EVERY_CROSS: Final = f"""(
  let
    p = {PACKAGES}.pkgsCross;
    package = target: name: {{ name = "${{target}}.${{name}}"; value = p.${{target}}.${{name}}; }};
    packages = target: map (package target) [ "hello" "zlib" "busybox" ];
  in builtins.listToAttrs (builtins.concatMap packages (builtins.attrNames p))
)"""

# What a package says of itself, with the place in its position, where its drvPath is asked for.
META: Final = f"""(
  let
    texts = value: builtins.toJSON [ value.meta value.outputs (builtins.attrNames value) ];
    said = value: if (value.type or null) == "derivation" then value // {{ drvPath = texts value; }} else null;
  in builtins.mapAttrs (name: said) {PACKAGES}
)"""

SETS: Final = {
    "overlaid": OVERLAID,
    "every-cross": EVERY_CROSS,
    "meta": META,
    "cross": f"{{ inherit ({PACKAGES}.pkgsCross.aarch64-multiplatform) hello; }}",
    "nixos": NIXOS,
    "docker-examples": f"{PACKAGES}.dockerTools.examples",
}

# Each answer is a line of standard error: what has been found is not lost where a later attribute ends the evaluation.
ASKING: Final = """
let
  set = SET;
  path = value: if (value.type or null) == "derivation" then builtins.unsafeDiscardStringContext value.drvPath else null;
  answer = name: let found = builtins.tryEval (path set.${name}); in if found.success then found.value else "THROW";
  say = name: builtins.trace "=drv= ${builtins.toJSON [ name (answer name) ]}" null;
in builtins.foldl' (_: say) null (builtins.fromJSON NAMES)
"""
MARK: Final = "trace: =drv= "


def text_of(value: str) -> str:
    """A Nix string literal."""
    return json.dumps(value, ensure_ascii=False).replace("${", "\\${")


def expression_of(tree: str, name: str) -> str:
    """The set called ``name``, as an expression."""
    text = SETS.get(name) or (PACKAGES + "".join(f".{part}" for part in name.split(".") if part))
    return text.replace("TREE", f"(/. + {text_of(tree)})")


class Side:
    """A program that evaluates: its command, and a home of its own."""

    def __init__(self, argv: Sequence[str], home: str) -> None:
        self.argv = argv
        self.home = home

    def run(self, text: str, *options: str) -> "subprocess.CompletedProcess[str]":
        file = Path(self.home) / "asked.nix"
        file.write_text(text, "utf-8")
        return subprocess.run(
            [*self.argv, *options, str(file)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "HOME": self.home, "XDG_CACHE_HOME": f"{self.home}/cache", "NIX_PATH": ""},
            cwd=self.home,
            check=False,
        )

    def value(self, text: str) -> object:
        """The value of an expression."""
        done = self.run(text, "--strict", "--json")
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)

    def ask(self, set_text: str, names: Sequence[str], found: Callable[[str, Answer, str], None]) -> None:
        """Hand the answer for each name, and what was said about a failure, to ``found``."""
        left = list(names)
        while left:
            done = self.run(ASKING.replace("SET", set_text).replace("NAMES", text_of(json.dumps(left))))
            said = done.stderr.split("\n")
            for line in said:
                if line.startswith(MARK):
                    name, answer = json.loads(line[len(MARK) :])
                    assert name == left.pop(0)
                    found(name, answer, "")
            if done.returncode == 0:
                assert not left
                return
            if not left:
                raise SystemExit(done.stderr)
            problem = next((line for line in said if line.startswith("error: ")), done.stderr[-300:])
            found(left.pop(0), "ERROR", problem)


class Comparison:
    """What both sides say, attribute by attribute; ``theirs`` is kept in a file where there is one."""

    def __init__(self, tree: str, home: Path, theirs: Path | None, nix: str) -> None:
        self.tree = tree
        self.ours = Side([sys.executable, "-m", "imagetools", "eval", "--store", f"{home}/store"], str(home))
        self.nix = Side([nix, "--eval", "--readonly-mode"], str(home))
        self.file = theirs
        self.known: dict[str, Answer] = json.loads(theirs.read_text()) if theirs and theirs.is_file() else {}
        self.same_version = Ours(home / "same-version", home, str(self.nix.value("builtins.nixVersion")), read_only=True)
        self.compared = 0
        self.by_version: list[str] = []
        self.wrong: list[str] = []

    def keep(self) -> None:
        if self.file is not None:
            beside = self.file.with_suffix(".new")
            beside.write_text(json.dumps(self.known, indent=0, sort_keys=True))
            beside.replace(self.file)

    def of_set(self, name: str, sample: int, size: int, seed: int) -> None:
        """Compare the attributes of a set, or so many of them."""
        text = expression_of(self.tree, name)
        names = _list(self.ours.value(f"builtins.attrNames {text}"))
        if not all(_key(name, attribute) in self.known for attribute in names):
            for attribute in sorted(set(names) ^ set(_list(self.nix.value(f"builtins.attrNames {text}")))):
                self.say(f"{_key(name, attribute)}: only one side has it")
        if sample:
            names = sorted(random.Random(seed).sample(names, min(sample, len(names))))
        for at in range(0, len(names), size):
            self.of_chunk(name, text, names[at : at + size])
        self.compared += len(names)

    def of_chunk(self, name: str, text: str, names: Sequence[str]) -> None:
        ours: dict[str, tuple[Answer, str]] = {}
        self.ours.ask(text, names, lambda attribute, answer, problem: ours.update({attribute: (answer, problem)}))
        unknown = [attribute for attribute in names if _key(name, attribute) not in self.known]
        self.nix.ask(text, unknown, lambda attribute, answer, _: self.known.update({_key(name, attribute): answer}))
        if unknown:
            self.keep()
        for attribute, (answer, problem) in ours.items():
            key = _key(name, attribute)
            if answer == self.known[key]:
                continue
            if answer and self.with_nix_version(f"{text}.{text_of(attribute)}.drvPath") == self.known[key]:
                self.by_version.append(key)
            else:
                self.say(f"{key}: {answer} {problem}, Nix: {self.known[key]}")
        print(f"  {name or 'top level'}: up to {names[-1]}", file=sys.stderr, flush=True)

    def with_nix_version(self, text: str) -> str:
        """What our evaluator says of a string where ``builtins.nixVersion`` is that of the Nix beside it."""
        try:
            return self.same_version.string(text)
        except ImagetoolsError:
            return ""

    def say(self, line: str) -> None:
        self.wrong.append(line)
        print(line, flush=True)


def _key(set_name: str, attribute: str) -> str:
    return f"{set_name}.{attribute}" if set_name else attribute


def _list(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", help="a folder with nixpkgs")
    parser.add_argument("--set", action="append", dest="sets", metavar="NAME", help=f"repeatable; default: {', '.join(USUAL)}")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many attributes of each set, by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--chunk", type=int, default=200, metavar="N", help="attributes for one process")
    parser.add_argument("--theirs", type=Path, metavar="FILE", help="JSON: what Nix has said")
    parser.add_argument("--nix", default="nix-instantiate", metavar="PROGRAM")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        comparison = Comparison(os.path.abspath(asked.tree), Path(home), asked.theirs, asked.nix)
        for name in USUAL if asked.sets is None else asked.sets:
            before = comparison.compared, len(comparison.wrong)
            comparison.of_set(name, asked.sample, asked.chunk, asked.seed)
            count, wrong = comparison.compared - before[0], len(comparison.wrong) - before[1]
            print(f"{name or 'top level'}: {count} attributes, {wrong} differences", flush=True)
    named = f" (and by builtins.nixVersion: {', '.join(comparison.by_version)})" if comparison.by_version else ""
    print(f"{comparison.compared} attributes, {len(comparison.wrong)} differences{named}")
    return 1 if comparison.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
