# Versions.
{ lib }:
rec {
  inherit (builtins) compareVersions splitVersion;
  versionOlder = a: b: compareVersions b a == 1;
  versionAtLeast = a: b: !(versionOlder a b);
  major = version: builtins.elemAt (splitVersion version) 0;
  minor = version: builtins.elemAt (splitVersion version) 1;
  patch = version: builtins.elemAt (splitVersion version) 2;
  majorMinor = version: lib.concatStringsSep "." (lib.take 2 (splitVersion version));
  # Exactly n numbers; what follows a dash stays as it is.
  pad =
    n: version:
    let
      numbers = builtins.head (lib.splitString "-" version);
    in
    lib.concatStringsSep "." (lib.take n (splitVersion numbers ++ lib.replicate n "0")) + lib.removePrefix numbers version;
}
