# fetchzip: an archive from the web as a tree, a fixed output over the tree. See fetchzip.md.
#
# It is a fetchurl whose builder unpacks: names, hashes, URLs and everything about the download are fetchurl's.
{ lib, fetchurl, repoRevToNameMaybe }:
{
  url ? "",
  urls ? [ ],
  name ? repoRevToNameMaybe (if url != "" then url else builtins.head urls) null "unpacked",
  nativeBuildInputs ? [ ],
  postFetch ? "",
  extraPostFetch ? "",
  stripRoot ? true,
  extension ? null,
  allowOutsideLinks ? false,
  recursiveHash ? true,
  downloadToTemp ? true,
  executable ? false,
  showURLs ? false,
  passthru ? { },
  ...
}@args:
let
  firstUrl = toString (if url != "" then url else builtins.head urls);
  meaningless = what: why: throw "fetchzip of ${import ../shown_url.nix firstUrl}: ${what} has no meaning here, ${why}";
  download = fetchurl (
    {
      inherit name;
      recursiveHash = true;
      postFetch = postFetch + lib.optionalString (postFetch != "" && extraPostFetch != "") "\n" + extraPostFetch;
    }
    // removeAttrs args [ "postFetch" "extraPostFetch" "stripRoot" "extension" "allowOutsideLinks" "recursiveHash" "downloadToTemp" ]
  );
  unpacked = derivation (
    removeAttrs download.drvAttrs [ "executable" "unpack" "downloadToTemp" ]
    // {
      builder = "builtin:fetchzip";
      outputHashMode = "recursive";
      archiveName = if extension != null then "download.${extension}" else baseNameOf firstUrl;
      inherit stripRoot;
    }
    // lib.optionalAttrs allowOutsideLinks { inherit allowOutsideLinks; }
  );
in
if !recursiveHash then
  meaningless "`recursiveHash = false`" "the hash is over what was unpacked"
else if !downloadToTemp then
  meaningless "`downloadToTemp = false`" "the archive never is the output"
else if executable then
  meaningless "`executable`" "modes come from the archive"
else if showURLs then
  meaningless "`showURLs`" "it would unpack a list of addresses"
else if extension != null && builtins.match "[^/]+" extension == null then
  throw "fetchzip of ${import ../shown_url.nix firstUrl}: `extension` is a part of a file name, such as \"tar.gz\", and not \"${toString extension}\""
else
  lib.extendDerivation true (
    {
      inherit (download) meta passthru;
      url = firstUrl;
    }
    // passthru
  ) unpacked
