# The trivial builders: small derivations from a shell command, a text or other packages. See trivial.md.
# bash runs the commands, busybox is what they find in PATH.
{ lib, system, bash, busybox, shellcheck, runtimeShell ? "${bash}/bin/bash" }:
let
  shellDerivation = import ./shell_derivation.nix { inherit lib system bash busybox; };
  commands = import ./commands.nix { inherit lib shellDerivation; };
  texts = import ./texts.nix { inherit lib bash runtimeShell; inherit (commands) runCommand runCommandLocal; };
  scripts = import ./scripts.nix { inherit lib bash runtimeShell shellcheck; inherit (texts) writeTextFile; };
  closures = import ./closures.nix { inherit lib; inherit (commands) runCommandLocal; };
  files = import ./files.nix { inherit lib; inherit (commands) runCommandLocal; inherit (joins) linkFarm; };
  joins = import ./joins.nix { inherit lib system bash shellDerivation; inherit (commands) runCommandLocal; };
in
commands // texts // scripts // closures // files // joins // { inherit runtimeShell; }
