# fetchFromGitHub: a repository of GitHub at one revision. See fetch_from_github.md.
{ lib, fetchzip, fetchgit, repoRevToNameMaybe }:
{
  owner,
  repo,
  rev ? null,
  tag ? null,
  name ? repoRevToNameMaybe repo (lib.revOrTag rev tag) "github",
  githubBase ? "github.com",
  private ? false,
  varPrefix ? null,
  functionName ? "fetchFromGitHub",
  meta ? { },
  ...
}@args:
let
  forge = import ../forge.nix { inherit lib fetchzip fetchgit; };
  ref = forge.revision functionName args;
  git = forge.needsGit args;
  homepage = "https://${githubBase}/${owner}/${repo}";
  # an archive of a private repository comes from the API, which takes every kind of token
  public = githubBase == "github.com";
  api = if public then "https://api.github.com" else "https://${githubBase}/api/v3";
in
forge.fetch {
  args = args // lib.optionalAttrs private (
    forge.netrcFrom functionName "NIX${lib.optionalString (varPrefix != null) "_${varPrefix}"}_GITHUB_PRIVATE_" (
      if public && !git then "api.github.com" else githubBase
    )
  );
  own = [ "owner" "repo" "githubBase" "private" "varPrefix" "functionName" ];
  inherit name git;
  gitRepoUrl = "${homepage}.git";
  archive = {
    url = if private then "${api}/repos/${owner}/${repo}/tarball/${ref}" else "${homepage}/archive/${ref}.tar.gz";
    extension = "tar.gz";
  };
}
// {
  meta = { inherit homepage; } // meta;
  inherit owner repo tag;
  rev = ref;
}
