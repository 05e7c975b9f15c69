# fetchFromGitiles: a repository that Gitiles shows, at one revision. See fetch_from_gitiles.md.
{ lib, fetchzip, repoRevToNameMaybe }:
{
  url,
  rev ? null,
  tag ? null,
  name ? repoRevToNameMaybe url (lib.revOrTag rev tag) "gitiles",
  ...
}@args:
let
  forge = import ../forge.nix { inherit lib fetchzip; fetchgit = null; };
  ref = forge.revision "fetchFromGitiles" args;
in
fetchzip (
  {
    inherit name;
    stripRoot = false; # its archives have no folder around everything
    meta.homepage = url;
  }
  // removeAttrs args [ "rev" "tag" ]
  // { url = "${url}/+archive/${ref}.tar.gz"; }
)
// { inherit rev tag; }
