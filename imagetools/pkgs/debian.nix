# Debian packages of the set as trees, by the lock in debian.json. `imagetools pkgs lock` renews that file.
{ lib, platform, fetchdeb, unpackDeb }:
let
  lock = builtins.fromJSON (builtins.readFile ./debian.json);

  # A package is locked once for all architectures, or for each that the set knows.
  locked =
    package:
    let
      entries = lock.packages.${package};
      architecture = if entries ? all then "all" else toString platform.debianArch;
    in
    { inherit architecture; }
    // entries.${architecture} or (throw
      "the embedded package set has no '${package}' for ${platform.system}: it is locked for ${
        lib.concatStringsSep ", " (builtins.attrNames entries)
      } only");
in
package:
let
  entry = locked package;
in
unpackDeb {
  name = lib.strings.sanitizeDerivationName "${package}-${builtins.elemAt (builtins.match "([0-9]+:)?(.*)" entry.version) 1}";
  src = fetchdeb {
    inherit package;
    inherit (entry) version hash architecture;
  };
}
