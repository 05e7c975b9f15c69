# Attribute sets.
{ lib }:
let
  inherit (builtins) attrNames concatMap foldl' hasAttr head isAttrs length listToAttrs map mapAttrs;
in
{
  inherit (builtins) attrNames attrValues catAttrs getAttr hasAttr intersectAttrs isAttrs listToAttrs mapAttrs removeAttrs;

  nameValuePair = name: value: { inherit name value; };
  optionalAttrs = condition: set: if condition then set else { };

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && hasAttr (head path) set then
      lib.attrByPath (builtins.tail path) default set.${head path}
    else
      default;
  hasAttrByPath =
    path: set:
    path == [ ] || (isAttrs set && hasAttr (head path) set && lib.hasAttrByPath (builtins.tail path) set.${head path});
  getAttrFromPath =
    path: set:
    lib.attrByPath path (throw "cannot find attribute `${lib.concatStringsSep "." path}'") set;
  setAttrByPath = path: value: if path == [ ] then value else { ${head path} = lib.setAttrByPath (builtins.tail path) value; };

  attrVals = names: set: map (name: set.${name}) names;
  getAttrs = names: set: lib.genAttrs names (name: set.${name});
  genAttrs = names: f: listToAttrs (map (name: { inherit name; value = f name; }) names);
  attrsToList = set: map (name: { inherit name; value = set.${name}; }) (attrNames set);

  filterAttrs =
    keep: set:
    removeAttrs set (builtins.filter (name: !(keep name set.${name})) (attrNames set));
  filterAttrsRecursive =
    keep: set:
    mapAttrs (_: value: if isAttrs value then lib.filterAttrsRecursive keep value else value) (lib.filterAttrs keep set);

  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  concatMapAttrs = f: set: lib.mergeAttrsList (lib.mapAttrsToList f set);
  mapAttrsRecursive = lib.mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    enter: f: set:
    let
      walk = path: mapAttrs (name: value: if isAttrs value && enter value then walk (path ++ [ name ]) value else f (path ++ [ name ]) value);
    in
    walk [ ] set;
  foldAttrs =
    op: nul: sets:
    foldl' (done: name: done // { ${name} = lib.foldr op nul (builtins.catAttrs name sets); }) { } (
      concatMap attrNames sets
    );
  foldlAttrs = f: init: set: foldl' (done: name: f done name set.${name}) init (attrNames set);
  collect =
    wanted: set:
    if wanted set then [ set ] else if isAttrs set then concatMap (lib.collect wanted) (builtins.attrValues set) else [ ];
  cartesianProduct =
    set:
    foldl' (done: name: concatMap (partial: map (value: partial // { ${name} = value; }) set.${name}) done) [ { } ] (attrNames set);
  cartesianProductOfSets = lib.cartesianProduct;

  mergeAttrsList = foldl' (a: b: a // b) { };
  zipAttrsWith =
    f: sets:
    mapAttrs (name: f name) (
      foldl' (done: set: done // mapAttrs (name: value: (done.${name} or [ ]) ++ [ value ]) set) { } sets
    );
  zipAttrs = lib.zipAttrsWith (_: values: values);
  recursiveUpdateUntil =
    stop: left: right:
    let
      merge =
        path:
        lib.zipAttrsWith (
          name: values:
          let
            here = path ++ [ name ];
          in
          # values: the left one, then the right one, where both have the name
          if length values == 1 || stop here (builtins.elemAt values 1) (head values) then lib.last values else merge here values
        );
    in
    merge [ ] [ left right ];
  recursiveUpdate = lib.recursiveUpdateUntil (path: left: right: !(isAttrs left && isAttrs right));
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };

  isDerivation = value: (value.type or null) == "derivation";

  # The output of a package that a purpose wants; a package without that output, or one whose output was chosen, stays.
  getOutput =
    output: package:
    if !(package ? outputSpecified) || !package.outputSpecified then package.${output} or package.out or package else package;
  getBin = lib.getOutput "bin";
  getLib = lib.getOutput "lib";
  getDev = lib.getOutput "dev";
  getMan = lib.getOutput "man";
  chooseDevOutputs = map lib.getDev;
}
