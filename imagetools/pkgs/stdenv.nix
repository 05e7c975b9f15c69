# stdenv, as far as small builds ask it for something. It compiles nothing.
{ lib, system, platform, bash, libraries }:
{
  inherit system;
  shell = "${bash}/bin/bash";
  shellDryRun = "${bash}/bin/bash -n -O extglob";
  hostPlatform = platform;
  buildPlatform = platform;
  targetPlatform = platform;
  inherit (platform) isLinux isDarwin isx86_64 isAarch64 is64bit is32bit;
  # what compiled programs load; there is no compiler
  cc = { cc.lib = libraries.libstdcxx; libc = libraries.glibc; };
  mkDerivation = attrs: throw
    "stdenv.mkDerivation${
      if builtins.isAttrs attrs && (attrs ? name || attrs ? pname) then " (for '${attrs.name or attrs.pname}')" else ""
    } is not part of the embedded package set: use runCommand, or name a set that has it: -I nixpkgs=PATH";
}
