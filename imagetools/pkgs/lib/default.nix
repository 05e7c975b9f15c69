# lib: the functions that definitions and the embedded set need, under the names and with the meaning that nixpkgs has.
# One file a topic; everything also stands at the top, as in nixpkgs. Pure: knows neither packages nor a system.
let
  topic = file: import file { inherit lib; };
  trivial = topic ./trivial.nix;
  fixedPoints = topic ./fixed_points.nix;
  attrsets = topic ./attrsets.nix;
  lists = topic ./lists.nix;
  strings = topic ./strings.nix;
  asserts = topic ./asserts.nix;
  versions = topic ./versions.nix;
  customisation = topic ./customisation.nix;
  derivations = topic ./derivations.nix;
  meta = topic ./meta.nix;

  lib =
    trivial // fixedPoints // attrsets // lists // asserts // customisation // derivations
    // removeAttrs strings [ "replicate" ] # at the top it means the lists' one
    // {
      inherit trivial fixedPoints attrsets lists strings asserts versions customisation derivations meta;
      fetchers = topic ./fetchers.nix;
      systems = topic ./systems.nix;
      inherit (meta) addMetaAttrs appendToName getExe getExe' hiPrio hiPrioSet lowPrio lowPrioSet setName setPrio;
      inherit (versions) versionAtLeast versionOlder;
    };
in
lib
