# fetchFromSourcehut: a repository of SourceHut, of git or Mercurial, at one revision. See fetch_from_sourcehut.md.
{ lib, fetchzip, fetchgit, fetchhg, repoRevToNameMaybe }:
{
  owner,
  repo,
  rev,
  name ? repoRevToNameMaybe repo rev "sourcehut",
  domain ? "sr.ht",
  vc ? "git",
  fetchSubmodules ? false,
  postFetch ? "",
  meta ? { },
  ...
}@args:
let
  address = service: "https://${service}.${domain}/${owner}/${repo}";
  homepage = address vc;
  given = removeAttrs args [ "owner" "repo" "rev" "domain" "vc" "fetchSubmodules" ] // { inherit name; };
  whole = given // { inherit rev; url = homepage; };
  # Mercurial writes into an archive which revision was asked for and in which words
  tidy = lib.optionalString (vc == "hg") "rm -f \"$out/.hg_archival.txt\"\n";
in
assert lib.assertOneOf "fetchFromSourcehut: vc" vc [ "git" "hg" ];
(
  if !fetchSubmodules then
    fetchzip (
      { passthru.gitRepoUrl = address "git"; }
      // given
      // { url = "${homepage}/archive/${rev}.tar.gz"; postFetch = tidy + postFetch; }
    )
  else if vc == "git" then
    fetchgit (whole // { fetchSubmodules = true; })
  else
    fetchhg (whole // { fetchSubrepos = true; })
)
// {
  inherit rev;
  meta = { inherit homepage; } // meta;
}
