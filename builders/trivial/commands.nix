# runCommand and its kin: a derivation from a piece of shell. The text goes by file (passAsFile), so its length has no limit.
{ lib, shellDerivation }:
rec {
  runCommandWith =
    { name, runLocal ? false, derivationArgs ? { }, stdenv ? null }:
    buildCommand:
    shellDerivation (
      {
        name = lib.strings.sanitizeDerivationName name;
        inherit buildCommand;
      }
      // lib.optionalAttrs runLocal { preferLocalBuild = true; allowSubstitutes = false; }
      // derivationArgs
      // { passAsFile = [ "buildCommand" ] ++ (if derivationArgs.passAsFile or null == null then [ ] else derivationArgs.passAsFile); }
    );

  runCommand = name: env: runCommandWith { inherit name; derivationArgs = env; };
  runCommandNoCC = runCommand;

  # For what takes less than a second: never sent elsewhere, never asked of a binary cache.
  runCommandLocal = name: env: runCommandWith { inherit name; runLocal = true; derivationArgs = env; };
  runCommandNoCCLocal = runCommandLocal;

  runCommandCC = name: env: buildCommand: throw
    "runCommandCC (for '${name}') needs a C compiler, which the embedded package set does not have; name a set that has one: -I nixpkgs=PATH";
  writeCBin = name: code: runCommandCC name { } code;
}
