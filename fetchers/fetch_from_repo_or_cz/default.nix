# fetchFromRepoOrCz: a repository of repo.or.cz at one revision. See fetch_from_repo_or_cz.md.
{ fetchzip, repoRevToNameMaybe }:
{ repo, rev, name ? repoRevToNameMaybe repo rev "repoorcz", ... }@args:
let
  homepage = "https://repo.or.cz/${repo}.git/";
in
fetchzip ({ inherit name; url = "${homepage}snapshot/${rev}.tar.gz"; meta = { inherit homepage; }; } // removeAttrs args [ "repo" "rev" ])
// { inherit rev; }
