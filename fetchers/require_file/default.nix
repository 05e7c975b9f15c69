# requireFile: a file that a person must fetch, since no program may. See require_file.md.
{ lib }:
{
  name ? null,
  url ? null,
  message ? null,
  hash ? null,
  sha512 ? null,
  sha256 ? null,
  sha1 ? null,
  md5 ? null,
  hashMode ? "flat",
}@args:
let
  file =
    if name != null then
      name
    else if url != null then
      baseNameOf (toString url)
    else
      throw "requireFile needs `name` or `url`";
  fixed = import ../fixed_output.nix { inherit lib; } { fetcher = "requireFile"; what = file; } args;
  algo = if fixed.outputHashAlgo != null then fixed.outputHashAlgo else builtins.head (builtins.split "[-:]" fixed.outputHash);
  recursive = lib.optionalString (hashMode != "flat") "--recursive ";
  # a folder has no file:// URL; the whole text fits into the ten lines that an error shows of a log
  commands = add: prefetch: "  ${add}" + lib.optionalString (hashMode == "flat") "\n  ${prefetch} --type ${algo} file:///path/to/${file}";
  sayings =
    if message != null then
      message
    else if url == null then
      throw "requireFile needs `url` or `message`"
    else
      ''
        Unfortunately, ${file} cannot be downloaded automatically. Please go to ${url} to download it yourself,
        and add it to the store, using either
        ${commands "imagetools store add --fixed ${algo} ${recursive}${file}" "imagetools prefetch url"}
        or, for a store of Nix,
        ${commands "nix-store --add-fixed ${recursive}${algo} ${file}" "nix-prefetch-url"}'';
in
assert lib.assertOneOf "requireFile: hashMode" hashMode [ "flat" "recursive" ];
if fixed.outputHash == "" then
  throw "requireFile of ${file} needs a hash"
else
  derivation {
    name = file;
    builder = "builtin:require-file";
    system = "builtin";
    message = sayings;
    inherit (fixed) outputHash outputHashAlgo;
    outputHashMode = hashMode;
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
