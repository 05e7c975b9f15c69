# A derivation whose environment is what matters: for dockerTools.buildNixShellImage, and nix-shell. Built, it writes that down.
{ lib, runCommandLocal }:
lib.makeOverridable (
  { name ? "nix-shell", packages ? [ ], inputsFrom ? [ ], buildInputs ? [ ], nativeBuildInputs ? [ ], shellHook ? "", ... }@attrs:
  let
    # what the others need, but not the others themselves
    together = kind: own: own ++ lib.subtractLists inputsFrom (lib.flatten (lib.catAttrs kind inputsFrom));
  in
  runCommandLocal name (
    removeAttrs attrs [ "name" "packages" "inputsFrom" ]
    // {
      buildInputs = together "buildInputs" buildInputs;
      nativeBuildInputs = together "nativeBuildInputs" (packages ++ nativeBuildInputs);
      shellHook = lib.concatStringsSep "\n" (lib.catAttrs "shellHook" (lib.reverseList inputsFrom ++ [ { inherit shellHook; } ]));
    }
  ) "export > $out"
)
