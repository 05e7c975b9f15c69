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

  given = builtins.filter (spelling: spelling.value != "") [
    { name = "hash"; value = hash; algo = null; }
    { name = "outputHash"; value = outputHash; algo = if outputHashAlgo == "" then null else outputHashAlgo; }
    { name = "sha512"; value = sha512; algo = "sha512"; }
    { name = "sha256"; value = sha256; algo = "sha256"; }
    { name = "sha1"; value = sha1; algo = "sha1"; }
    { name = "md5"; value = md5; algo = "md5"; }
  ];
  chosen =
    if builtins.length given > 1 then
      throw "fetchurl of ${firstUrl}: more than one hash is given (${lib.concatMapStringsSep ", " (spelling: spelling.name) given})"
    else if given == [ ] then
      # an empty hash stands for one of zeros: the build fails and says which hash is right
      { value = ""; algo = "sha256"; }
    else
      builtins.head given;

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
    outputHash = chosen.value;
    outputHashAlgo = chosen.algo;
    outputHashMode = if recursiveHash || executable then "recursive" else "flat";
    impureEnvVars = lib.fetchers.proxyImpureEnvVars;
  })
)
