# unpackDeb: the files of a Debian package as a tree. No maintainer script runs. See fetchdeb.md.
{ lib }:
{ name, src, meta ? { } }:
lib.extendDerivation true { inherit meta; } (derivation {
  inherit name src;
  builder = "builtin:unpackdeb";
  builderVersion = 1; # raise it when the same package would give other files
  system = "builtin";
  preferLocalBuild = true;
  allowSubstitutes = false;
})
