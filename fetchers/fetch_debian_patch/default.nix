# fetchDebianPatch: a patch of a Debian source package, as sources.debian.org shows it. See fetch_debian_patch.md.
{ lib, fetchpatch }:
{
  pname,
  version,
  debianRevision ? null,
  area ? "main",
  patch ? null,
  name ? patch,
  hash ? "",
}:
let
  # the older spelling has the file name of the patch in `name`
  file = if patch != null then patch else if name != null then name else throw "fetchDebianPatch of ${pname}: `patch` is missing";
  # Debian's archive sorts packages by their first letter, libraries by their first four
  folder = builtins.substring 0 (if lib.hasPrefix "lib" pname then 4 else 1) pname;
  release = version + lib.optionalString (debianRevision != null) "-${debianRevision}";
in
assert lib.assertOneOf "fetchDebianPatch: area" area [ "main" "contrib" "non-free" "non-free-firmware" ];
fetchpatch {
  name = if name != null then name else file;
  inherit hash;
  url = "https://sources.debian.org/data/${area}/${folder}/${pname}/${release}/debian/patches/${file}";
}
