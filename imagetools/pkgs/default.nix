# What <nixpkgs> means where the user has not said otherwise: a small package set, and functions to build with.
# The same arguments as nixpkgs takes, as far as they have a meaning here.
{
  system ? builtins.currentSystem,
  localSystem ? { inherit system; },
  crossSystem ? null,
  config ? import ./user_config.nix,
  overlays ? [ ],
  ...
}:
let
  lib = import ./lib;
  wanted = if builtins.isAttrs localSystem then localSystem.system or system else localSystem;
  settings = if lib.isFunction config then config { inherit pkgs lib; } else config;
  # config.packageOverrides, the older way to say an overlay: pkgs: { ... }
  overridden = self: super: (settings.packageOverrides or (super: { })) super;
  bottom = import ./top_level.nix {
    inherit lib;
    system = wanted;
    config = settings;
    path = ./.;
    again = more: import ./. { system = wanted; inherit config; overlays = overlays ++ more; };
  };
  pkgs = lib.fix (lib.foldl' (lower: overlay: lib.extends overlay lower) bottom ([ overridden ] ++ overlays));
in
if crossSystem == null then
  pkgs
else
  throw "the embedded package set does not build for another system (crossSystem); name a set that does: -I nixpkgs=PATH"
