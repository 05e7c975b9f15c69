# Changing what a package function was given, and calling functions with arguments found by name.
{ lib }:
{
  overrideDerivation =
    drv: f:
    lib.extendDerivation true (
      { meta = drv.meta or { }; passthru = drv.passthru or { }; } // drv.passthru or { }
    ) (derivation (drv.drvAttrs // f drv));

  # f args, with `override` to call f again with other arguments.
  makeOverridable =
    f: args:
    let
      result = f args;
      sameArgs = g: if lib.isFunction f then lib.setFunctionArgs g (lib.functionArgs f) else g;
      changed = new: args // (if lib.isFunction new then new args else new);
      override = sameArgs (new: lib.makeOverridable f (changed new));
      overrideResult = g: lib.makeOverridable (sameArgs (given: g (f given))) args;
    in
    if builtins.isAttrs result then
      result // {
        inherit override;
        overrideDerivation = change: overrideResult (drv: lib.overrideDerivation drv change);
        ${if result ? overrideAttrs then "overrideAttrs" else null} = change: overrideResult (drv: drv.overrideAttrs change);
      }
    else if builtins.isFunction result then
      lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
    else
      result;

  callPackageWith =
    scope: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      formals = lib.functionArgs f;
      found = builtins.intersectAttrs formals scope;
      missing = builtins.filter (name: !(formals.${name} || found ? ${name} || args ? ${name})) (builtins.attrNames formals);
      where = if builtins.isPath fn || builtins.isString fn then toString fn else "a package function";
    in
    if missing == [ ] then
      lib.makeOverridable f (found // args)
    else
      throw "callPackage: ${where} wants ${lib.concatMapStringsSep ", " (name: "'${name}'") missing}, which the package set does not have";

  callPackagesWith =
    scope: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      given = builtins.intersectAttrs (lib.functionArgs f) scope // args;
      packages = f given;
    in
    if lib.isDerivation packages then
      throw "callPackages: the function gives a single derivation; use callPackage"
    else
      builtins.mapAttrs (name: _: lib.makeOverridable (new: (f new).${name}) given) packages;

  makeScope =
    newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: lib.makeScope newScope (lib.extends overlay f);
        overrideScope' = self.overrideScope;
        packages = f;
      };
    in
    self;
}
