"""Builds that go wrong. Builders are scripts for the host's shell."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case

SET = "with import <nixpkgs> { };"


def script(text: str, *words: str, more: str = "") -> Case:
    """The build of a derivation that runs ``text``."""
    definition = (
        'derivation {\n  name = "x";\n  system = builtins.currentSystem;\n  builder = "/bin/sh";\n  PATH = "/usr/bin:/bin";\n'
        f"  args = [ \"-ec\" ''\n    {text}\n  '' ];\n{more}}}\n"
    )
    return Case(["build", "x.nix", *words], {"x.nix": definition})


def during(words: str, text: str, more: str = "") -> Case:
    """A file that imports the output of a derivation that runs ``text``."""
    definition = (
        'let\n  made = derivation {\n    name = "made";\n    system = builtins.currentSystem;\n    builder = "/bin/sh";\n'
        f'    args = [ "-c" "{text}" ];\n{more}  }};\nin\n{{ value = import made; }}\n'
    )
    return Case([*words.split(), "x.nix"], {"x.nix": definition})


CASES: Mapping[str, Case] = {
    "a builder that fails": script("echo one; for n in 2 3 4 5 6 7 8 9 10 11 12; do echo $n; done; exit 3"),
    "a builder that fails, without output": script("echo one; exit 3", "-Q"),
    "a builder that is not there": Case(
        ["build", "-E", 'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/no-such"; }']
    ),
    "a builder that takes too long": script("echo working; sleep 1000", "--timeout", "0.3"),
    "a builder that is silent too long": script("echo working; sleep 1000", "--max-silent-time", "0.3"),
    "a builder that floods its log and takes too long": script("yes ''''''", "-Q", "--timeout", "0.5"),
    "a builder that floods its log and fails": script("yes line | head -n 500000; echo end; exit 1", "-Q"),
    "a builder that prints what moves the cursor": script("printf 'a\\033[2Jb\\033]0;title\\007c\\n\\377\\n'; exit 1"),
    "a builder that makes no output": script("echo done"),
    "a builder that makes one output of two": script("echo > $out", more='  outputs = [ "out" "dev" ];\n'),
    "an output that is a fifo": script("mkfifo $out"),
    "an output with a fifo inside": script("mkdir -p $out/deep; mkfifo $out/deep/queue"),
    "an output with a socket inside": script(
        "mkdir $out; cd $out; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('socket')\""
    ),
    "an output that others may write": script("mkdir $out; chmod 777 $out"),
    "a builder that makes a device": script("mknod $out c 1 3"),
    "an output with a device inside": script("mkdir $out; mknod $out/gone c 0 0"),  # that one anybody may make, for overlays
    "a builder that hangs without a log": script("exec > $out 2>&1; sleep 1000"),
    "an output with strange names inside": script(r"mkdir $out; cd $out; printf '.x\0a\nb\0\377\0~\0' | xargs -0 touch"),
    "an output that should be a file": script(
        "mkdir $out", more='  outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";\n'
    ),
    "an output with another hash": script(
        "echo > $out", more='  outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";\n'
    ),
    "an output that refers to what it may not": script(
        'echo ${builtins.toFile "a" "text"} $out > $out', more="  allowedReferences = [ ];\n"
    ),
    "an output whose requisites are forbidden": script(
        'echo ${builtins.toFile "a" "text"} > $out', more='  disallowedRequisites = [ (builtins.toFile "a" "text") ];\n'
    ),
    "a reference that is nothing": script("echo > $out", more='  allowedReferences = [ "lib" ];\n'),
    "an output that is too large": script(
        'printf %5000d 1 > ${placeholder "out"}',
        more="  __structuredAttrs = true;\n  outputChecks.out.maxSize = 1000;\n",
    ),
    "checks of outputs that are no set": script(
        'echo > ${placeholder "out"}', more='  __structuredAttrs = true;\n  outputChecks.out.maxSize = "10 MB";\n'
    ),
    "features that are no list": script("echo > $out", more='  __structuredAttrs = true;\n  requiredSystemFeatures = "kvm";\n'),
    "a flag that is a number": script("echo > $out", more="  __structuredAttrs = true;\n  preferLocalBuild = 1;\n"),
    "a graph without a path": script("echo > $out", more='  exportReferencesGraph = [ "graph" ];\n'),
    "a graph of what is no store path": script("echo > $out", more='  exportReferencesGraph = [ "graph" "/etc/passwd" ];\n'),
    "a graph of what is no input": script(
        "echo > $out",
        more='  exportReferencesGraph = [ "graph" (builtins.unsafeDiscardStringContext (builtins.toFile "a" "b")) ];\n',
    ),
    "a graph in a folder": script("echo > $out", more='  exportReferencesGraph = [ "../graph" (builtins.toFile "a" "b") ];\n'),
    "structured attributes made by hand": script("echo > $out", more='  __json = "{ \\"a\\": }";\n'),
    "no sandbox, asked for by a derivation": script("echo > $out", more="  __noChroot = true;\n"),
    "paths of the host, asked for by a derivation": script("echo > $out", more='  __impureHostDeps = [ "/etc/passwd" ];\n'),
    "a feature that this machine does not have": script(
        "echo > $out", "--option", "system-features", "benchmark", more='  requiredSystemFeatures = [ "quantum" ];\n'
    ),
    "an output that floats": script("echo > $out", more='  __contentAddressed = true;\n  outputHashMode = "recursive";\n'),
    "an impure derivation": script("echo > $out", more="  __impure = true;\n"),
    "a check of what was never built": script("echo > $out", "--check"),
    "outputs that need each other": script("echo $dev > $out; echo $out > $dev", more='  outputs = [ "out" "dev" ];\n'),
    "two failures": Case(
        ["build", "--keep-going", "--max-jobs", "1", "x.nix"],
        {
            "x.nix": 'let fail = name: derivation { inherit name; system = builtins.currentSystem; builder = "/bin/sh"; '
            'args = [ "-c" "echo ${name}; exit 1" ]; }; in [ (fail "a") (fail "b") ]'
        },
    ),
    "a collision in buildEnv": Case(
        ["build", "-E", SET + ' buildEnv { name = "env"; paths = [ ./a ./b ]; }'], {"a/bin/tool": "1", "b/bin/tool": "2"}
    ),
    "a file where buildEnv needs a folder": Case(
        ["build", "-E", SET + ' buildEnv { name = "env"; paths = [ ./a ./b ]; }'], {"a/bin": "1", "b/bin/tool": "2"}
    ),
    "too many layers": Case(
        ["build", "-E", SET + ' dockerTools.buildLayeredImage { name = "x"; maxLayers = 128; contents = [ ./a ]; }'], {"a/x": ""}
    ),
    "no layers": Case(
        ["build", "-E", SET + ' dockerTools.buildLayeredImage { name = "x"; maxLayers = 1; contents = [ ./a ]; }'], {"a/x": ""}
    ),
    "a wrong image configuration": Case(
        ["build", "-E", SET + ' dockerTools.buildImage { name = "x"; config = { Cmd = [ 1 ]; Env = { A = "1"; }; }; }'],
    ),
    "a file that fetchurl cannot find": Case(
        ["build", "-E", SET + ' fetchurl { url = "file:///work/no-such"; sha256 = lib.fakeSha256; }']
    ),
    "a link's place that is taken": Case(
        ["build", "-E", SET + ' buildEnv { name = "env"; paths = [ ]; }', "-o", "folder"], {"folder/file": ""}
    ),
    # -- while evaluating
    "a build while evaluating that fails": during("eval --read-write-mode -A value", "echo said; exit 3"),
    "a build while evaluating that fails, with its trace": during("eval --read-write-mode --show-trace -A value", "exit 3"),
    "a build while evaluating with another hash": during(
        "instantiate -A value",
        "echo > $out",
        '    outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";\n',
    ),
    "a build while evaluating whose output is no Nix": during("build -A value", "echo '1 +' > $out"),
    "a build while evaluating that is forbidden": during("build -A value --no-allow-import-from-derivation", "echo 1 > $out"),
    "a build while evaluating of what is not written": during("eval -A value", "echo 1 > $out"),
    "a build while evaluating without jobs": during("build -A value -j 0", "echo 1 > $out"),
    # -- running
    "a log that is too long": script("yes", "-Q", "--max-log-size", "20"),
    "no jobs": script("echo > $out", "-j", "0"),
    "checking and building nothing": script("echo > $out", "--check", "--dry-run"),
    "several failures of several kinds": Case(
        ["build", "-k", "-j1", "-Q", "x.nix", "-A", "all"],
        {
            "x.nix": "let\n  build = name: more: script: derivation ({ inherit name; system = builtins.currentSystem; "
            'builder = "/bin/sh"; args = [ "-c" script ]; } // more);\n'
            '  fail = build "fail" { } "exit 3";\n'
            '  hash = build "hash" { outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; } "echo > $out";\n'
            '  top = build "top" { inherit fail hash; } "true";\nin\n{ all = [ fail hash top ]; }\n'
        },
    ),
}
