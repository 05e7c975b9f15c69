# Derivations as values, and the attributes that are added to them without changing what is built.
{ lib }:
{
  inherit (builtins) unsafeDiscardOutputDependency;
  addDrvOutputDependencies = builtins.addDrvOutputDependencies or (throw "this version of Nix has no addDrvOutputDependencies");

  # A derivation that need not be evaluated to know which attributes it has; what is known is given beside it.
  lazyDerivation =
    args@{ derivation, meta ? null, passthru ? { }, outputs ? [ "out" ] }:
    let
      show = lib.generators.toPretty { multiline = false; };
      checked =
        if (derivation.type or null) != "derivation" then
          throw "lazyDerivation: input must be a derivation."
        else if derivation.outputs != outputs then
          throw "lazyDerivation: ${derivation.name or "the derivation"} has the outputs ${show derivation.outputs}, not ${show outputs}; pass `outputs` beside it."
        else
          derivation;
    in
    {
      type = "derivation";
      inherit (checked) outPath outputName drvPath name system;
      inherit outputs;
      meta = args.meta or checked.meta;
    }
    // lib.genAttrs outputs (output: checked.${output})
    // passthru;

  optionalDrvAttr = condition: value: if condition then value else null;

  # Says the message when something of drv is asked for that makes it part of a build.
  warnOnInstantiate =
    message: drv:
    drv
    // builtins.mapAttrs (_: lib.warn message) (removeAttrs drv [ "meta" "name" "type" "outputName" ])
    // lib.optionalAttrs (builtins.isFunction (drv.overrideAttrs or null)) {
      overrideAttrs = change: lib.warnOnInstantiate message (drv.overrideAttrs change);
    };
}
