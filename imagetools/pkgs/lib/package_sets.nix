# Attribute sets that are packages: their outputs, and what is said to those who walk through a set of packages.
{ lib }:
{
  isDerivation = value: (value.type or null) == "derivation";
  # A store path that is there already, as if it were a package.
  toDerivation =
    path:
    let
      outPath = builtins.storePath path;
      self = {
        type = "derivation";
        name = lib.strings.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf outPath));
        inherit outPath;
        outputs = [ "out" ];
        out = self;
        outputName = "out";
      };
    in
    self;

  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

  # The output of a package that a purpose wants; a package without that output, or one whose output was chosen, stays.
  getOutput =
    output: package:
    if !(package ? outputSpecified) || !package.outputSpecified then package.${output} or package.out or package else package;
  getFirstOutput =
    outputs: package:
    let
      there = builtins.filter (output: package ? ${output}) outputs;
    in
    if package.outputSpecified or false || there == [ ] then package else package.${builtins.head there};
  getBin = lib.getOutput "bin";
  getLib = lib.getOutput "lib";
  getDev = lib.getOutput "dev";
  getMan = lib.getOutput "man";
  getStatic = lib.getFirstOutput [ "static" "lib" "out" ];
  getInclude = lib.getFirstOutput [ "include" "dev" "out" ];
  chooseDevOutputs = map lib.getDev;
}
