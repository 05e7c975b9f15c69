# fetchpatch and fetchpatch2: a patch from the web, put in order, a fixed output over the result. See fetchpatch.md.
#
# It is a fetchurl whose builder goes over what has come: names, hashes, URLs and everything about the download are fetchurl's.
{ lib, fetchurl, bash, busybox, patchutilsVersion ? "0.3.3" }:
{
  relative ? null,
  stripLen ? 0,
  decode ? "cat",
  extraPrefix ? null,
  excludes ? [ ],
  includes ? [ ],
  hunks ? [ ],
  revert ? false,
  postFetch ? "",
  nativeBuildInputs ? [ ],
  executable ? false,
  downloadToTemp ? false,
  showURLs ? false,
  passthru ? { },
  ...
}@args:
let
  self = if patchutilsVersion == "0.3.3" then "fetchpatch" else "fetchpatch2";
  fail = why: throw "${self} of ${import ../shown_url.nix download.url}: ${why}";
  isTexts = value: builtins.isList value && builtins.all (each: builtins.isString each || builtins.isPath each) value;

  download = fetchurl (
    { inherit postFetch nativeBuildInputs; }
    // removeAttrs args [
      "relative"
      "stripLen"
      "decode"
      "extraPrefix"
      "excludes"
      "includes"
      "hunks"
      "revert"
      "executable"
      "downloadToTemp"
      "showURLs"
    ]
  );
  # the shell that `decode` needs; where there is a postFetch, the download has it already
  shell = lib.optionalAttrs (decode != "cat") (
    removeAttrs (import ../post_fetch.nix { inherit lib bash busybox; } { postFetch = decode; inherit nativeBuildInputs; }) [ "postFetch" ]
  );

  folders = if relative == null then 0 else 1 + lib.length (lib.splitString "/" relative);
  prefix = if relative != null && extraPrefix == null then "" else extraPrefix;

  patch = derivation (
    removeAttrs download.drvAttrs [ "executable" "unpack" "hashedMirrors" ]
    // {
      builder = "builtin:fetchpatch";
      patchutils = patchutilsVersion;
      stripLen = folders + stripLen;
    }
    // lib.optionalAttrs (relative != null) { inherit relative; }
    // lib.optionalAttrs (prefix != null) { extraPrefix = prefix; }
    // lib.optionalAttrs (decode != "cat") { inherit decode; }
    // lib.optionalAttrs (includes != [ ]) { includes = builtins.toJSON (map toString includes); }
    // lib.optionalAttrs (excludes != [ ]) { excludes = builtins.toJSON (map toString excludes); }
    // lib.optionalAttrs (hunks != [ ]) { hunks = lib.concatMapStringsSep "," toString hunks; }
    // lib.optionalAttrs revert { inherit revert; }
    // shell
  );
in
if excludes != [ ] && includes != [ ] then
  fail "`excludes` and `includes` cannot be used together"
else if !isTexts excludes || !isTexts includes then
  fail "`excludes` and `includes` are lists of patterns, such as [ \"tests/*\" ]"
else if !builtins.isList hunks then
  fail "`hunks` is a list of numbers and ranges, such as [ 1 \"3-5\" \"8-\" ]"
else if !builtins.isInt stripLen || stripLen < 0 then
  fail "`stripLen` is the number of folders to take off each name"
else if executable then
  fail "`executable` has no meaning here, a patch is no program"
else if downloadToTemp then
  fail "`downloadToTemp` has no meaning here, the output always is what became of the download"
else if showURLs then
  fail "`showURLs` has no meaning here, a list of addresses is no patch"
else
  lib.extendDerivation true (
    {
      inherit (download) meta url;
      passthru = download.passthru or passthru;
    }
    // (download.passthru or passthru)
  ) patch
