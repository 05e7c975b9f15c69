# mkBinaryCache: the closure of some packages as a flat-file binary cache, for file:// or any web server. See binary_cache.md.
{ lib }:
{
  rootPaths,
  name ? "binary-cache",
  compression ? "zstd",
}:
assert lib.assertMsg (builtins.isList rootPaths && rootPaths != [ ]) "mkBinaryCache: rootPaths must be a list of packages, not empty";
assert lib.assertOneOf "mkBinaryCache: compression" compression [ "none" "xz" "zstd" ];
derivation {
  inherit name compression;
  rootPaths = map (root: "${root}") rootPaths;
  builder = "builtin:binary-cache";
  builderVersion = 1; # raise it when the same closure would give other bytes
  system = "builtin";
  preferLocalBuild = true;
}
