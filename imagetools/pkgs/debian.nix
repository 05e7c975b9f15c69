# Debian packages of the set as trees, by the lock in debian.json. `imagetools pkgs lock` renews that file.
{ lib, platform, fetchdeb, unpackDeb }:
let
  lock = builtins.fromJSON (builtins.readFile ./debian.json);
  architecture = platform.debianArch;
  locked =
    package:
    lock.packages.${package}.${toString architecture} or (throw
      "the embedded package set has no '${package}' for ${platform.system}: it is locked for ${
        lib.concatStringsSep ", " (builtins.attrNames lock.packages.${package})
      } only");
in
package:
let
  entry = locked package;
in
unpackDeb {
  name = "${package}-${builtins.elemAt (builtins.match "([0-9]+:)?(.*)" entry.version) 1}";
  src = fetchdeb {
    inherit package;
    inherit (entry) version hash;
    architecture = entry.architecture or architecture;
  };
}
