# The hash that a fetcher was given, in whichever spelling: what `derivation` wants (rows 1.005, 1.008).
#
#   fixedOutput = import ../fixed_output.nix { inherit lib; };
#   inherit (fixedOutput { fetcher = "fetchurl"; what = firstUrl; } args) outputHash outputHashAlgo;
#
# `args` may hold hash, sha512, sha256, sha1, md5, and outputHash with outputHashAlgo; null and "" count as not given. Other
# attributes in it are of no interest. Without any hash the build fails once and says which one is right.
{ lib }:
{ fetcher, what ? "" }:
args:
let
  of = what: if what == "" then fetcher else "${fetcher} of ${what}";
  value = name: if args.${name} or null == null then "" else args.${name};
  given = builtins.filter (name: value name != "") [ "hash" "outputHash" "sha512" "sha256" "sha1" "md5" ];
  name = builtins.head given;
in
if builtins.length given > 1 then
  throw "${of what}: more than one hash is given (${lib.concatStringsSep ", " given})"
else if given == [ ] then
  { outputHash = ""; outputHashAlgo = "sha256"; }
else if !builtins.isString (value name) then
  throw "${of what}: `${name}` is not a string, but a ${builtins.typeOf (value name)}"
else
  {
    outputHash = value name;
    outputHashAlgo =
      if name == "hash" then
        null
      else if name == "outputHash" then
        (if value "outputHashAlgo" == "" then null else value "outputHashAlgo")
      else
        name;
  }
