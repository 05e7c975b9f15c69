# Single files and folders as packages, and what else nixpkgs counts to the trivial builders. Those that need more than the
# embedded set has say so.
{ lib, runCommandLocal, linkFarm }:
let
  absent =
    name:
    throw "${name} is not part of the embedded package set; name a set that has it: -I nixpkgs=PATH";
in
lib.genAttrs [ "applyPatches" "makeSetupHook" "replaceVars" "replaceVarsWith" "substitute" "substituteAll" "writers" ] absent
// {
  emptyFile = runCommandLocal "empty-file" {
    outputHash = "0ip26j2h11n1kgkz36rl4akv694yz65hr72q4kv4b3lxcbi65b3p";
    outputHashAlgo = "sha256";
    outputHashMode = "recursive";
  } "touch $out";
  emptyDirectory = runCommandLocal "empty-directory" {
    outputHash = "sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo=";
    outputHashAlgo = null;
    outputHashMode = "recursive";
  } "mkdir $out";

  linkFarmFromDrvs = name: packages: linkFarm name (map (package: { inherit (package) name; path = package; }) packages);
  # Only the bin folder of a package.
  onlyBin = package: runCommandLocal "${package.name}-only-bin" { } ''
    mkdir -p $out
    ln -s ${lib.getBin package}/bin $out/bin
  '';
  # A path of the host in the store, under its own name.
  copyPathToStore = builtins.filterSource (_: _: true);
  copyPathsToStore = map (builtins.filterSource (_: _: true));
}
