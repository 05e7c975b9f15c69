# fetchhg: the files of a Mercurial repository at one revision, a fixed output. See fetchhg.md.
{ lib }:
{
  url,
  rev ? null,
  name ? null,
  hash ? "",
  outputHash ? "",
  outputHashAlgo ? "",
  md5 ? null,
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  fetchSubrepos ? false,
  meta ? { },
  passthru ? { },
  preferLocalBuild ? true,
}:
let
  fixedOutput = import ../fixed_output.nix { inherit lib; } { fetcher = "fetchhg"; what = import ../shown_url.nix url; };
  checked = if md5 != null && md5 != "" then throw "fetchhg of ${import ../shown_url.nix url}: md5 is no longer taken; use `hash`" else derivation;
in
lib.extendDerivation true ({ inherit meta passthru; } // passthru) (
  checked (
    fixedOutput { inherit hash outputHash outputHashAlgo sha1 sha256 sha512; }
    // {
      # part of the path, so exactly what nixpkgs calls it
      name = "hg-archive${lib.optionalString (name != null) "-${name}"}";
      builder = "builtin:fetchhg";
      system = "builtin";
      outputHashMode = "recursive";
      rev = if rev == null then "" else toString rev;
      inherit url fetchSubrepos preferLocalBuild;
      impureEnvVars = lib.fetchers.proxyImpureEnvVars;
    }
  )
)
