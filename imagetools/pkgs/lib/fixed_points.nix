# Attribute sets that refer to themselves, and what changes them from outside.
{ lib }:
{
  fix = f: let self = f self; in self;
  fix' = f: let self = f self // { __unfix__ = f; }; in self;

  converge = f: value: let next = f value; in if next == value then value else lib.converge f next;

  # An overlay sees the finished set (final) and what lies below it (prev).
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;

  composeExtensions =
    first: second: final: prev:
    let
      changed = first final prev;
    in
    changed // second final (prev // changed);
  composeManyExtensions = lib.foldr lib.composeExtensions (final: prev: { });

  makeExtensible = lib.makeExtensibleWithCustomName "extend";
  makeExtensibleWithCustomName =
    name: f:
    lib.fix' (self: f self // { ${name} = overlay: lib.makeExtensibleWithCustomName name (lib.extends overlay f); });

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
