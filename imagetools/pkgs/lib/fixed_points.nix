# Attribute sets that refer to themselves, and what changes them from outside.
{ lib }:
rec {
  fix = f: let self = f self; in self;
  fix' = f: let self = f self // { __unfix__ = f; }; in self;

  converge = f: value: let next = f value; in if next == value then value else converge f next;

  # An overlay sees the finished set (final) and what lies below it (prev).
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;

  composeExtensions =
    first: second: final: prev:
    let
      changed = first final prev;
    in
    changed // second final (prev // changed);
  composeManyExtensions = lib.foldr composeExtensions (final: prev: { });

  makeExtensible = makeExtensibleWithCustomName "extend";
  makeExtensibleWithCustomName =
    name: f:
    fix' (self: f self // { ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f); });

  # An overlay from a function that takes only prev, or from plain attributes.
  toExtension =
    f:
    if lib.isFunction f then
      final: prev:
      let
        once = f prev;
      in
      if lib.isFunction once then f final prev else once
    else
      final: prev: f;
}
