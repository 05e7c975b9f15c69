# fetchFromSavannah: a repository of GNU Savannah at one revision. See fetch_from_savannah.md.
{ lib, fetchzip, repoRevToNameMaybe }:
{ repo, rev, name ? repoRevToNameMaybe repo rev "savannah", ... }@args:
let
  base = "https://git.savannah.gnu.org";
  homepage = "${base}/cgit/${repo}.git/";
in
fetchzip (
  {
    inherit name;
    # a repository such as emacs/elpa lies in a folder, its archives are called by the last part
    url = "${homepage}snapshot/${lib.last (lib.splitString "/" repo)}-${rev}.tar.gz";
    meta = { inherit homepage; };
    passthru.gitRepoUrl = "${base}/git/${repo}.git";
  }
  // removeAttrs args [ "repo" "rev" ]
)
// { inherit rev; }
