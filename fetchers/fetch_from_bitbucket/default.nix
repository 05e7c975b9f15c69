# fetchFromBitbucket: a repository of Bitbucket at one revision. See fetch_from_bitbucket.md.
{ fetchzip, repoRevToNameMaybe }:
{ owner, repo, rev, name ? repoRevToNameMaybe repo rev "bitbucket", ... }@args:
let
  homepage = "https://bitbucket.org/${owner}/${repo}/";
in
fetchzip ({ inherit name; url = "${homepage}get/${rev}.tar.gz"; meta = { inherit homepage; }; } // removeAttrs args [ "owner" "repo" "rev" ])
// { inherit rev; }
