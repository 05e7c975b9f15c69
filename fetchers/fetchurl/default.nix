# fetchurl: one file from the web, a fixed output. See fetchurl.md.
{ lib }:
{
  url ? "",
  urls ? [ ],
  name ? "",
  pname ? "",
  version ? "",
  hash ? "",
  outputHash ? "",
  outputHashAlgo ? "",
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  executable ? false,
  recursiveHash ? false,
  curlOpts ? "",
  curlOptsList ? [ ],
  netrcPhase ? null,
  netrcImpureEnvVars ? [ ],
  postFetch ? "",
  downloadToTemp ? false,
  showURLs ? false,
  nativeBuildInputs ? [ ],
  meta ? { },
  passthru ? { },
  preferLocalBuild ? true,
}:
let
  allUrls =
    if urls != [ ] && url == "" then
      (if builtins.isList urls then urls else throw "fetchurl: `urls` is not a list, but a ${builtins.typeOf urls}")
    else if urls == [ ] && url != "" then
      [ url ]
    else
      throw "fetchurl needs either `url` or `urls`";
  firstUrl = toString (builtins.head allUrls);

  fixed = import ../fixed_output.nix { inherit lib; } { fetcher = "fetchurl"; what = firstUrl; } {
    inherit hash outputHash outputHashAlgo md5 sha1 sha256 sha512;
  };

  notYet =
    attribute: unused: value:
    if unused then value else throw "fetchurl: the attribute `${attribute}` is not supported yet by imagetools";
  checked =
    value:
    lib.pipe value [
      (notYet "curlOpts" (curlOpts == "" || curlOpts == [ ]))
      (notYet "curlOptsList" (curlOptsList == [ ]))
      (notYet "netrcPhase" (netrcPhase == null))
      (notYet "netrcImpureEnvVars" (netrcImpureEnvVars == [ ]))
      (notYet "postFetch" (postFetch == ""))
      (notYet "downloadToTemp" (!downloadToTemp))
      (notYet "showURLs" (!showURLs))
      (notYet "nativeBuildInputs" (nativeBuildInputs == [ ]))
    ];
in
checked (
  lib.extendDerivation true ({ inherit meta; passthru = { inherit url; } // passthru; url = firstUrl; } // passthru) (derivation {
    name =
      if pname != "" && version != "" then
        "${pname}-${version}"
      else if name != "" then
        name
      else
        baseNameOf firstUrl;
    builder = "builtin:fetchurl";
    system = "builtin";
    url = firstUrl;
    urls = allUrls;
    inherit executable preferLocalBuild;
    unpack = false;
    inherit (fixed) outputHash outputHashAlgo;
    outputHashMode = if recursiveHash || executable then "recursive" else "flat";
    impureEnvVars = lib.fetchers.proxyImpureEnvVars;
  })
)
