# The set below all overlays: self is the finished set, so that an overlay's bash is the one that everything uses.
{ lib, system, config, path, again }:
self:
let
  platform = lib.systems.elaborate system;
  trivial = import ../bundled/builders/trivial {
    inherit lib system;
    inherit (self) bash busybox runtimeShell shellcheck;
  };
  debian = import ./debian.nix {
    inherit lib platform;
    inherit (self) fetchdeb unpackDeb;
  };
  static = import ./static.nix {
    inherit lib system debian;
    inherit (self) busybox;
  };
  # a function over functions of the set, from its folder in fetchers/
  fetcher = folder: let make = import (../bundled/fetchers + "/${folder}"); in lib.makeOverridable (lib.callPackageWith self make { });
  fetchpatchAs =
    patchutilsVersion:
    lib.makeOverridable (lib.callPackageWith self (import ../bundled/fetchers/fetchpatch) { inherit patchutilsVersion; });
  libraries = import ./libraries.nix { inherit lib debian; };
  data = import ./data.nix { inherit lib debian; inherit (self) runCommandLocal; };
in
removeAttrs trivial [ "runtimeShell" ]
// libraries
// {
  inherit lib system config path;
  pkgs = self;
  stdenv = import ./stdenv.nix { inherit lib system platform libraries; inherit (self) bash; };
  stdenvNoCC = self.stdenv;
  hostPlatform = platform;
  buildPlatform = platform;
  targetPlatform = platform;

  callPackage = lib.callPackageWith self;
  callPackages = lib.callPackagesWith self;
  newScope = scope: lib.callPackageWith (self // scope);
  extend = overlay: again [ overlay ];
  appendOverlays = again;
  buildPackages = self;

  fetchurl = fetcher "fetchurl";
  fetchdeb = lib.makeOverridable (import ../bundled/fetchers/fetchdeb { inherit lib; });
  unpackDeb = import ../bundled/fetchers/fetchdeb/unpack.nix { inherit lib; };
  fetchzip = fetcher "fetchzip";
  fetchgit = fetcher "fetchgit";
  fetchhg = fetcher "fetchhg";
  fetchsvn = fetcher "fetchsvn";
  fetchpatch = fetchpatchAs "0.3.3" // { version = 1; };
  fetchpatch2 = fetchpatchAs "0.4.2" // { version = 2; };
  requireFile = fetcher "require_file";
  fetchDebianPatch = fetcher "fetch_debian_patch";
  repoRevToNameMaybe = lib.repoRevToName (config.fetchedSourceNameDefault or "source");
  fetchFromGitHub = fetcher "fetch_from_github";
  fetchFromGitLab = fetcher "fetch_from_gitlab";
  fetchFromGitea = fetcher "fetch_from_gitea";
  fetchFromCodeberg = lib.makeOverridable (args: self.fetchFromGitea ({ domain = "codeberg.org"; } // args));
  fetchFromGitiles = fetcher "fetch_from_gitiles";
  fetchFromBitbucket = fetcher "fetch_from_bitbucket";
  fetchFromSavannah = fetcher "fetch_from_savannah";
  fetchFromRepoOrCz = fetcher "fetch_from_repo_or_cz";
  fetchFromSourcehut = fetcher "fetch_from_sourcehut";

  inherit (static) bash busybox;
  bashInteractive = self.bash;
  inherit (data) cacert iana-etc;
  mkShell = import ./mk_shell.nix { inherit lib; inherit (self) runCommandLocal; };
  mkShellNoCC = self.mkShell;
  shadow = self.callPackage ./shadow.nix { inherit platform debian; };
  shellcheck = self.callPackage ./shellcheck.nix { inherit platform debian; };
  runtimeShell = "${self.bash}/bin/bash";
  # What lies at /bin/sh in every build. Made by builtin builders alone, so it needs no shell itself.
  sandboxShell = static.busyboxTree;

  testers = import ../bundled/builders/testers { inherit lib; };
  mkBinaryCache = import ../bundled/builders/binary_cache { inherit lib; };
  ociTools = import ../bundled/builders/oci_tools { inherit lib system; inherit (self) bash busybox; };
  buildFHSEnv = import ../bundled/builders/fhs_env {
    inherit lib system;
    inherit (self) pkgs bash busybox writeShellScript runCommandLocal;
  };
  buildFHSUserEnv = self.buildFHSEnv;
  buildFHSEnvBubblewrap = self.buildFHSEnv;
  buildFHSUserEnvBubblewrap = self.buildFHSEnv;
  buildFHSEnvChroot = self.buildFHSEnv;
  appimageTools = import ../bundled/builders/appimage_tools {
    inherit lib;
    inherit (self) bash busybox buildFHSEnv runCommandLocal runtimeShell;
  };
  dockerTools = import ../bundled/builders/docker_tools { inherit lib system; inherit (self) bash busybox pkgs; };
  fakeNss = import ../bundled/builders/docker_tools/fake_nss.nix {
    inherit lib;
    inherit (self) runCommandLocal symlinkJoin writeTextDir;
  };
}
