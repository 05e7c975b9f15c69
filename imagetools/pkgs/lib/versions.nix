# Versions.
{ lib }:
rec {
  splitVersion = builtins.splitVersion;
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(versionOlder a b);
  major = version: builtins.elemAt (splitVersion version) 0;
  minor = version: builtins.elemAt (splitVersion version) 1;
  patch = version: builtins.elemAt (splitVersion version) 2;
  majorMinor = version: lib.concatStringsSep "." (lib.take 2 (splitVersion version));
}
