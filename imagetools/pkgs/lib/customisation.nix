# Changing what a package function was given, and calling functions with arguments found by name.
{ lib }:
let
  crossIndex = [ "buildBuild" "buildHost" "buildTarget" "hostHost" "hostTarget" "targetTarget" ];
  prefixed = prefix: name: prefix + lib.toUpper (builtins.substring 0 1 name) + builtins.substring 1 (-1) name;
in
{
  # drv with `passthru` on it and on each of its outputs; `condition` is asserted when a path is asked for.
  extendDerivation =
    condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      outputsList = map (name: {
        inherit name;
        value =
          common
          // {
            inherit (drv.${name}) type outputName;
            outputSpecified = true;
            drvPath = assert condition; drv.${name}.drvPath;
            outPath = assert condition; drv.${name}.outPath;
          }
          // lib.optionalAttrs (passthru ? overrideAttrs) { overrideAttrs = change: (passthru.overrideAttrs change).${name}; };
      }) outputs;
      common = drv // builtins.listToAttrs outputsList // { all = map (output: output.value) outputsList; } // passthru // {
        drvPath = assert condition; drv.drvPath;
        outPath = assert condition; drv.outPath;
      };
    in
    common;

  overrideDerivation =
    drv: f:
    lib.extendDerivation (builtins.seq drv.drvPath true) (
      { meta = drv.meta or { }; passthru = drv.passthru or { }; }
      // drv.passthru or { }
      // lib.optionalAttrs (drv ? __spliced) { __spliced = builtins.mapAttrs (_: other: lib.overrideDerivation other f) drv.__spliced; }
    ) (derivation (drv.drvAttrs // f drv));

  # f, but its result has `override` to call f again with other arguments. f may itself be the like of it.
  makeOverridable =
    f:
    let
      sameArgs = lib.mirrorFunctionArgs f;
      call =
        args:
        let
          result = f args;
          override = sameArgs (new: lib.makeOverridable f (args // (if lib.isFunction new then new args else new)));
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
    in
    if builtins.isAttrs f then
      f // sameArgs call // lib.optionalAttrs (f ? override) { override = new: lib.makeOverridable (f.override new); }
    else
      sameArgs call;

  callPackageWith =
    scope: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      formals = lib.functionArgs f;
      given = builtins.intersectAttrs formals scope // args;
      missing = builtins.filter (name: !(formals.${name} || given ? ${name})) (builtins.attrNames formals);
      where = if builtins.isPath fn || builtins.isString fn then toString fn else "a package function";
      near = lib.take 3 (
        lib.sortOn (lib.strings.levenshtein (builtins.head missing)) (
          builtins.filter (lib.strings.levenshteinAtMost 2 (builtins.head missing)) (builtins.attrNames (scope // args))
        )
      );
    in
    if missing == [ ] then
      lib.makeOverridable f given
    else
      abort (
        "callPackage: ${where} wants ${lib.concatMapStringsSep ", " (name: "'${name}'") missing}, which the package set does not have"
        + lib.optionalString (near != [ ]) "; did you mean ${lib.concatMapStringsSep " or " (name: "'${name}'") near}?"
      );

  callPackagesWith =
    scope: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      given = builtins.intersectAttrs (lib.functionArgs f) scope // args;
      packages = f given;
      one = name: _: lib.makeOverridable (lib.mirrorFunctionArgs f (new: (f new).${name})) given;
    in
    if lib.isDerivation packages then
      throw "callPackages: the function gives a single derivation (${packages.name or "without name"}); use callPackage"
    else
      builtins.mapAttrs one packages;

  makeScope =
    newScope: f:
    let
      self = { callPackage = self.newScope { }; } // f self // {
        newScope = scope: newScope (self // scope);
        overrideScope = overlay: lib.makeScope newScope (lib.extends overlay f);
        overrideScope' = self.overrideScope;
        packages = f;
      };
    in
    self;
  # The same where a set knows the packages of other machines too: splicePackages joins them.
  makeScopeWithSplicing =
    splicePackages: newScope: otherSplices: keep: extra: f:
    lib.makeScopeWithSplicing' { inherit splicePackages newScope; } { inherit otherSplices keep extra f; };
  makeScopeWithSplicing' =
    outer@{ splicePackages, newScope }:
    inner@{ otherSplices, keep ? _: { }, extra ? _: { }, f }:
    let
      joined = splicePackages (
        lib.mapAttrs' (name: value: lib.nameValuePair ("pkgs" + lib.removePrefix "self" name) value) (
          removeAttrs otherSplices [ "selfHostTarget" ]
        )
        // { pkgsHostTarget = self; }
      );
      spliced = extra joined // joined // keep self;
      self = f self // {
        newScope = scope: newScope (spliced // scope);
        callPackage = newScope spliced;
        overrideScope = overlay: lib.makeScopeWithSplicing' outer (inner // { f = lib.extends overlay f; });
        packages = f;
      };
    in
    self;

  # A function like mkDerivation from another: extendDrvArgs (final: previous: ...) says what it adds.
  extendMkDerivation =
    {
      constructDrv,
      extendDrvArgs,
      excludeDrvArgNames ? [ ],
      excludeFunctionArgNames ? [ ],
      inheritFunctionArgs ? true,
      transformDrv ? lib.id,
    }:
    {
      inherit constructDrv excludeDrvArgNames extendDrvArgs transformDrv;
      __functor =
        _: args:
        transformDrv (
          constructDrv (
            final:
            let
              previous = lib.toFunction args final;
            in
            removeAttrs previous excludeDrvArgNames // extendDrvArgs final previous
          )
        );
      __functionArgs = removeAttrs (
        lib.optionalAttrs inheritFunctionArgs (removeAttrs (lib.functionArgs constructDrv) excludeDrvArgNames)
        // lib.functionArgs (extendDrvArgs { })
      ) excludeFunctionArgNames;
    };

  # What a build farm looks at, all of it evaluated.
  hydraJob =
    drv:
    let
      outputs = drv.outputs or [ "out" ];
      common =
        { inherit (drv) name system meta; inherit outputs; }
        // lib.optionalAttrs (drv._hydraAggregate or false) {
          _hydraAggregate = true;
          constituents = map lib.hydraJob (lib.flatten drv.constituents);
        }
        // jobs;
      jobs = lib.genAttrs outputs (outputName: common // { inherit (drv.${outputName}) outPath drvPath; type = "derivation"; inherit outputName; });
      first = jobs.${builtins.head outputs};
    in
    if drv == null then null else builtins.deepSeq first first;

  # Six kinds of packages when building for another machine, under one prefix or without.
  mapCrossIndex = f: index: builtins.mapAttrs (_: f) index;
  renameCrossIndexFrom = prefix: index: lib.genAttrs crossIndex (name: index.${prefixed prefix name});
  renameCrossIndexTo = prefix: index: lib.genAttrs' crossIndex (name: lib.nameValuePair (prefixed prefix name) index.${name});
}
