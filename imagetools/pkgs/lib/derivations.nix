# Derivations as values, and the attributes that are added to them without changing what is built.
{ lib }:
{
  # drv with `passthru` on it and on each of its outputs; `condition` is asserted when a path is asked for.
  extendDerivation =
    condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      outputsList = map (name: {
        inherit name;
        value = common // {
          inherit (drv.${name}) type outputName;
          outputSpecified = true;
          drvPath = assert condition; drv.${name}.drvPath;
          outPath = assert condition; drv.${name}.outPath;
        };
      }) outputs;
      common = drv // builtins.listToAttrs outputsList // { all = map (output: output.value) outputsList; } // passthru;
    in
    common // {
      drvPath = assert condition; drv.drvPath;
      outPath = assert condition; drv.outPath;
    };

  lazyDerivation =
    { derivation, meta ? null, passthru ? { } }:
    {
      type = "derivation";
      inherit (derivation) outPath outputName drvPath name system;
      outputs = derivation.outputs or [ "out" ];
    }
    // lib.optionalAttrs (meta != null) { inherit meta; }
    // passthru;
}
