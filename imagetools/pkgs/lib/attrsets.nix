# Attribute sets. What packages are as sets (their outputs) stands in package_sets.nix.
{ lib }:
let
  inherit (builtins) attrNames attrValues catAttrs concatMap elemAt foldl' head isAttrs length listToAttrs map mapAttrs removeAttrs;

  # What `set` has along a path: [ value ], or [ ] where it ends before.
  found =
    path: set:
    let
      at = n: here: if n == length path then [ here ] else if here ? ${elemAt path n} then at (n + 1) here.${elemAt path n} else [ ];
    in
    at 0 set;
in
{
  inherit (builtins) attrNames attrValues catAttrs getAttr hasAttr intersectAttrs isAttrs listToAttrs mapAttrs removeAttrs;

  nameValuePair = name: value: { inherit name value; };
  optionalAttrs = condition: set: if condition then set else { };

  attrByPath = path: default: set: let value = found path set; in if value == [ ] then default else head value;
  hasAttrByPath = path: set: found path set != [ ];
  longestValidPathPrefix = path: set: lib.findFirst (some: found some set != [ ]) [ ] (map (n: lib.dropEnd n path) (lib.range 0 (length path)));
  getAttrFromPath = path: lib.attrByPath path (abort "cannot find attribute '${lib.concatStringsSep "." path}'");
  setAttrByPath = path: value: lib.foldr (name: inner: { ${name} = inner; }) value path;
  showAttrPath = path: if path == [ ] then "<root attribute path>" else lib.concatMapStringsSep "." lib.strings.escapeNixIdentifier path;

  # Each of `updates` is { path; update; }. Those of inner paths come first, those of one path in their order.
  updateManyAttrsByPath =
    let
      # value: [ value ], or [ ] where there is none
      at =
        depth: value: updates:
        let
          parts = builtins.partition (one: length one.path == depth) updates;
          inner = builtins.groupBy (one: elemAt one.path depth) parts.wrong;
          path = (head updates).path;
          below =
            if parts.wrong == [ ] then
              (
                if value == [ ] then
                  throw "updateManyAttrsByPath: Path '${lib.showAttrPath path}' does not exist in the given value, but the first update to this path tries to access the existing value."
                else
                  head value
              )
            else if value == [ ] then
              mapAttrs (_: at (depth + 1) [ ]) inner
            else if isAttrs (head value) then
              head value // mapAttrs (name: at (depth + 1) (if head value ? ${name} then [ (head value).${name} ] else [ ])) inner
            else
              let
                wanted = (head parts.wrong).path;
              in
              throw "updateManyAttrsByPath: Path '${lib.showAttrPath wanted}' needs to be updated, but path '${
                lib.showAttrPath (lib.take depth wanted)
              }' of the given value is not an attribute set, so we can't update an attribute inside of it.";
        in
        lib.foldl (done: one: one.update done) below parts.right;
    in
    updates: value: if updates == [ ] then value else at 0 [ value ] updates;

  attrVals = names: set: map (name: set.${name}) names;
  getAttrs = names: set: lib.genAttrs names (name: set.${name});
  genAttrs = names: f: listToAttrs (map (name: { inherit name; value = f name; }) names);
  genAttrs' = list: f: listToAttrs (map f list);
  attrsToList = lib.mapAttrsToList lib.nameValuePair;

  filterAttrs =
    keep: set:
    removeAttrs set (builtins.filter (name: !(keep name set.${name})) (attrNames set));
  filterAttrsRecursive =
    keep: set:
    mapAttrs (_: value: if isAttrs value then lib.filterAttrsRecursive keep value else value) (lib.filterAttrs keep set);

  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  mapAttrsFlatten = lib.mapAttrsToList;
  concatMapAttrs = f: set: lib.mergeAttrsList (lib.mapAttrsToList f set);
  mapAttrsRecursive = lib.mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    enter: f: set:
    let
      walk = path: mapAttrs (name: value: if isAttrs value && enter value then walk (path ++ [ name ]) value else f (path ++ [ name ]) value);
    in
    walk [ ] set;
  mapAttrsToListRecursive = lib.mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond =
    enter: f:
    let
      walk =
        path: set:
        concatMap (
          name:
          let
            here = path ++ [ name ];
            value = set.${name};
          in
          if isAttrs value && enter here value then walk here value else [ (f here value) ]
        ) (attrNames set);
    in
    walk [ ];
  foldAttrs =
    op: nul: sets:
    foldl' (done: name: done // { ${name} = lib.foldr op nul (catAttrs name sets); }) { } (concatMap attrNames sets);
  foldlAttrs = f: init: set: foldl' (done: name: f done name set.${name}) init (attrNames set);
  collect =
    wanted: set:
    if wanted set then [ set ] else if isAttrs set then concatMap (lib.collect wanted) (attrValues set) else [ ];
  cartesianProduct =
    set:
    foldl' (done: name: concatMap (partial: map (value: partial // { ${name} = value; }) set.${name}) done) [ { } ] (attrNames set);
  cartesianProductOfSets = lib.cartesianProduct;
  mapCartesianProduct = f: set: map f (lib.cartesianProduct set);

  mergeAttrsList = foldl' (a: b: a // b) { };
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;
  unionOfDisjoint =
    a: b:
    let
      both = builtins.intersectAttrs a b;
      all = lib.concatStringsSep " " (attrNames both);
    in
    a // b // mapAttrs (name: _: throw "unionOfDisjoint: collision on ${name}; complete list: ${all}") both;
  zipAttrsWithNames = names: f: sets: lib.genAttrs names (name: f name (catAttrs name sets));
  zipAttrsWith =
    builtins.zipAttrsWith or (
      f: sets:
      mapAttrs (name: f name) (
        foldl' (done: set: done // mapAttrs (name: value: (done.${name} or [ ]) ++ [ value ]) set) { } sets
      )
    );
  zipAttrs = lib.zipAttrsWith (_: values: values);
  zipWithNames = lib.zipAttrsWithNames;
  zip = lib.zipAttrsWith;
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
          # values: the right one, then the left one, where both have the name
          if length values == 1 || stop here (elemAt values 1) (head values) then head values else merge here values
        );
    in
    merge [ ] [ right left ];
  recursiveUpdate = lib.recursiveUpdateUntil (path: left: right: !(isAttrs left && isAttrs right));
  matchAttrs =
    pattern: set:
    assert isAttrs pattern;
    builtins.all (
      name:
      let
        wanted = pattern.${name};
      in
      set ? ${name} && (if isAttrs wanted then isAttrs set.${name} && lib.matchAttrs wanted set.${name} else wanted == set.${name})
    ) (attrNames pattern);
}
