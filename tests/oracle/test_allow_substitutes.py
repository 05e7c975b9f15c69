"""What a binary cache may supply, fixed outputs too (row 1.003), and what must be built here (row 4.047): planned as Nix does."""

import re
from pathlib import Path

import pytest

from imagetools.kernel.hashes import digest
from imagetools.store.local import LocalStore
from tests.oracle.commands import imagetools, nix
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.net.server import running, status
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

BODY = b"hello\n"
DEFINITION = """
let
  sh = name: more: script: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" script ];
  } // more);
  fetched = import <nix/fetchurl.nix> { url = "@URL@"; hash = "@HASH@"; name = "fetched"; };
  needed = sh "needed" { } "echo > $out";
  other = sh "other" { } "echo ${needed} > $out";
in
sh "own" { allowSubstitutes = false; inherit other fetched; } "read text < $fetched; echo $text > $out"
"""


def plan(said: str) -> dict[str, set[str]]:
    """From the words of a dry run: what will be built, and what fetched, by name."""
    found: dict[str, set[str]] = {"built": set(), "fetched": set()}
    kind = ""
    for line in said.splitlines():
        if heading := re.search(r"will be (built|fetched)", line):
            kind = heading.group(1)
        elif line.startswith("  /nix/store/") and kind:
            found[kind].add(line.strip())
    return found


def test_what_must_be_built_here_is(tmp_path: Path, furnish: Furnish) -> None:
    need("nix", "nix-store")
    need_namespaces()
    first, second, cache = tmp_path / "first", tmp_path / "second", tmp_path / "cache"
    furnish(tmp_path, store=first)
    furnish(tmp_path, store=second)
    with running() as server:
        server.script["/x"] = [status(200, BODY)]
        text = DEFINITION.replace("@URL@", server.url("/x")).replace("@HASH@", digest("sha256", BODY).sri())
        (tmp_path / "x.nix").write_text(text)

        def build(root: Path, *words: str) -> tuple[str, str]:
            done = imagetools("build", "x.nix", "--no-out-link", "--store", str(root), *words, home=tmp_path)
            return done.stdout.strip(), done.stderr

        own, _ = build(first, "--no-substitute")
        assert len(server.seen) == 1
        drv = imagetools("instantiate", "x.nix", "--store", str(first), home=tmp_path).stdout.strip()
        copy = ["--extra-experimental-features", "nix-command", "copy", "--no-check-sigs", "--to", f"file://{cache}"]
        with LocalStore(str(first)) as store:
            outputs = [f"/nix/store/{path}" for path in store.all_paths() if path.name in {"own", "other", "fetched"}]
        nix("nix", *copy, *outputs, root=first)
        offers = ["--substituters", f"file://{cache}", "--no-require-sigs"]
        ours = plan(build(second, "--dry-run", *offers)[1])

        theirs_at = tmp_path / "theirs"
        theirs_at.mkdir()
        imagetools("instantiate", "x.nix", "--store", str(theirs_at), home=tmp_path)
        options = ["--option", "substituters", f"file://{cache}", "--option", "require-sigs", "false"]
        theirs = plan(nix("nix-store", "--realise", "--dry-run", drv, *options, root=theirs_at).stderr)
        assert theirs["built"] == {drv}
        assert {path[44:] for path in theirs["fetched"]} == {"fetched", "other", "needed"}
        assert ours == theirs

        path, said = build(second, *offers)
        assert Path(path).read_bytes() == BODY
        assert Path(path).name == Path(own).name
        assert len(server.seen) == 1  # the fixed output came from the cache, too
        assert [Path(name).name[33:] for name in re.findall(r"building '(\S+)'", said)] == ["own.drv"]
