# fetchsvn: the files of a Subversion repository at one revision, a fixed output. See fetchsvn.md.
{ lib }:
{
  url,
  rev ? "HEAD",
  name ? null,
  hash ? "",
  outputHash ? "",
  outputHashAlgo ? "",
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  ignoreExternals ? false,
  ignoreKeywords ? false,
  sshSupport ? true,
  meta ? { },
  passthru ? { },
  preferLocalBuild ? true,
}:
let
  fail = text: throw "fetchsvn of ${import ../shown_url.nix url}: ${text}";
  fixedOutput = import ../fixed_output.nix { inherit lib; } { fetcher = "fetchsvn"; what = import ../shown_url.nix url; };

  # …/repo/trunk is called repo, …/repo/branches/x and …/repo/tags/x repo-x, anything else after its last part (as in nixpkgs)
  reversed = lib.reverseList (lib.splitString "/" (lib.removeSuffix "/" (toString url)));
  part = number: if number < builtins.length reversed then builtins.elemAt reversed number else "";
  repository =
    if part 0 == "trunk" then
      part 1
    else if part 1 == "branches" || part 1 == "tags" then
      "${part 2}-${part 0}"
    else
      part 0;

  checked =
    if md5 != "" && md5 != null then
      fail "md5 is no longer taken; use `hash`"
    else if lib.hasPrefix "svn+" (toString url) then
      fail (
        if sshSupport then
          "a build sees no keys of yours, so svn+ssh:// cannot work; fetch through https:// or svn://"
        else
          "svn+ssh:// needs `sshSupport`"
      )
    else
      derivation;
in
lib.extendDerivation true ({ inherit meta passthru; } // passthru) (
  checked (
    fixedOutput { inherit hash outputHash outputHashAlgo sha1 sha256 sha512; }
    // {
      name =
        if name != null then
          name
        else if builtins.match ".*(@|[?&;].*=).*" repository != null then
          fail "the last part of the URL, the default for `name`, seems to hold a secret; give a `name`"
        else
          "${repository}-r${toString rev}";
      builder = "builtin:fetchsvn";
      system = "builtin";
      outputHashMode = "recursive";
      rev = toString rev;
      inherit url ignoreExternals ignoreKeywords preferLocalBuild;
      impureEnvVars = lib.fetchers.proxyImpureEnvVars;
    }
  )
)
