# fetchFromGitLab: a repository of a GitLab at one revision. See fetch_from_gitlab.md.
{ lib, fetchzip, fetchgit, repoRevToNameMaybe }:
{
  owner,
  repo,
  rev ? null,
  tag ? null,
  name ? repoRevToNameMaybe repo (lib.revOrTag rev tag) "gitlab",
  protocol ? "https",
  domain ? "gitlab.com",
  group ? null,
  private ? false,
  varPrefix ? null,
  meta ? { },
  ...
}@args:
let
  forge = import ../forge.nix { inherit lib fetchzip fetchgit; };
  ref = forge.revision "fetchFromGitLab" args;
  git = forge.needsGit args;
  slug = lib.concatStringsSep "/" (lib.optional (group != null) group ++ [ owner repo ]);
  project = builtins.replaceStrings [ "." "/" ] [ "%2E" "%2F" ] slug;
  sha = builtins.replaceStrings [ "%" "+" "/" ] [ "%25" "%2B" "%2F" ] ref;
  base = "${protocol}://${domain}";
in
if private && !git then
  throw "fetchFromGitLab: GitLab gives archives of private repositories to nobody with a netrc; set forceFetchGit = true"
else
  forge.fetch {
    args = args // lib.optionalAttrs private (
      forge.netrcFrom "fetchFromGitLab" "NIX${lib.optionalString (varPrefix != null) "_${varPrefix}"}_GITLAB_PRIVATE_" domain
    );
    own = [ "owner" "repo" "protocol" "domain" "group" "private" "varPrefix" ];
    inherit name git;
    gitRepoUrl = "${base}/${slug}.git";
    archive.url = "${base}/api/v4/projects/${project}/repository/archive.tar.gz?sha=${sha}";
  }
  // {
    meta = { homepage = "${base}/${slug}/"; } // meta;
    inherit owner repo tag;
    rev = ref;
  }
