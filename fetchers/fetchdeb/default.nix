# fetchdeb: a Debian package by name, version and architecture, through the host's own apt; a fixed output. See fetchdeb.md.
{ lib }:
{
  package,
  version,
  architecture,
  hash,
  meta ? { },
}:
let
  # the name in an archive leaves the epoch out, and so must a store name (it may hold neither a colon nor a tilde)
  plain = builtins.elemAt (builtins.match "([0-9]+:)?(.*)" version) 1;
in
lib.extendDerivation true { inherit meta; } (derivation {
  name = lib.strings.sanitizeDerivationName "${package}_${plain}_${architecture}.deb";
  builder = "builtin:fetchdeb";
  system = "builtin";
  inherit package version architecture;
  outputHash = hash;
  outputHashAlgo = null;
  outputHashMode = "flat";
  preferLocalBuild = true;
  impureEnvVars = lib.fetchers.proxyImpureEnvVars;
})
