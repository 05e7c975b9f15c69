# appimageTools: AppImages unpacked and wrapped. See appimage_tools.md. One file a function; this one names them.
{ lib, bash, busybox, buildFHSEnv, runCommandLocal, runtimeShell }:
let
  extract = import ./extract.nix { inherit lib bash busybox; };
in
import ./wrap.nix { inherit lib extract buildFHSEnv runCommandLocal runtimeShell; }
// {
  inherit extract;
  # The type is found from the file itself, so these are the same; nixpkgs has them for old definitions.
  extractType1 = extract;
  extractType2 = extract;
}
