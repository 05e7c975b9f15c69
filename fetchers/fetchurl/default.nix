# fetchurl: one file from the web, a fixed output. See fetchurl.md.
{ lib, bash, busybox, config ? { } }:
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
  hashedMirrors ? config.hashedMirrors or [ ],
  meta ? { },
  passthru ? { },
  preferLocalBuild ? true,
}:
let
  rewriteURL = config.rewriteURL or (url: url);
  givenUrls =
    if urls != [ ] && url == "" then
      (if builtins.isList urls then urls else throw "fetchurl: `urls` is not a list, but a ${builtins.typeOf urls}")
    else if urls == [ ] && url != "" then
      [ url ]
    else
      throw "fetchurl needs either `url` or `urls`";
  rewritten = builtins.filter (each: each != null) (map rewriteURL givenUrls);
  allUrls =
    if rewritten == [ ] then throw "fetchurl: config.rewriteURL leaves none of its ${toString (builtins.length givenUrls)} URLs" else rewritten;
  firstUrl = toString (builtins.head allUrls);
  # as it may be shown: without a login, without what stands behind a question mark
  shownUrl =
    let
      parts = builtins.match "([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#]*@)?([^?#]*).*" firstUrl;
    in
    if parts == null then "a URL" else (if builtins.head parts == null then "" else builtins.head parts) + builtins.elemAt parts 2;

  fixed = import ../fixed_output.nix { inherit lib; } { fetcher = "fetchurl"; what = shownUrl; } {
    inherit hash outputHash outputHashAlgo md5 sha1 sha256 sha512;
  };
  shell = import ../post_fetch.nix { inherit lib bash busybox; } { inherit postFetch netrcPhase nativeBuildInputs; };

  # A name goes into the store path, which everybody may read.
  defaultName =
    let
      last = baseNameOf firstUrl;
      secret = ".*[?&;]([^=&;]*[-_.])?([Aa]ccess[-_]?)?([Tt]oken|[Ss]ecret|[Pp]assw(or)?d|[Pp]ass|[Pp]wd|[Aa]uth|[Ss]ignature|[Ss]ig|([Aa]pi[-_]?)?[Kk]ey|[Jj]wt|[Ss]ession)([-_.][^=&;]*)?=.+";
    in
    if builtins.match secret last != null || builtins.match ".*:.*@.*" last != null then
      throw "fetchurl of ${shownUrl}: the last part of the URL, the default for `name`, seems to hold a secret; give a `name`"
    else
      last;

  mirrors = lib.importJSON ../mirrors.json;
  sites = lib.unique (
    builtins.concatMap (
      each:
      let
        found = builtins.match "mirror://([^/]*)/.*" (toString each);
      in
      if found == null then [ ] else found
    ) allUrls
  );
  # NIX_MIRRORS_<site> can only be asked when building, so an unknown site is no error before
  unknown = builtins.filter (site: builtins.match "[A-Za-z0-9_]+" site == null) sites;
in
if unknown != [ ] then
  throw "fetchurl of ${shownUrl}: a mirror:// URL whose site cannot be in the table of mirrors (it has ${lib.concatStringsSep ", " (builtins.attrNames mirrors)})"
else if builtins.isList curlOpts && curlOpts != [ ] then
  throw "fetchurl of ${shownUrl}: `curlOpts` is a list; the list is called `curlOptsList`"
else
  lib.extendDerivation true
    (
      {
        inherit meta;
        passthru = { inherit url; } // passthru;
        url = firstUrl;
      }
      // passthru
    )
    (
      derivation (
        {
          name =
            if pname != "" && version != "" then
              "${pname}-${version}"
            else if showURLs then
              "urls"
            else if name != "" then
              name
            else
              defaultName;
          builder = "builtin:fetchurl";
          system = "builtin";
          url = firstUrl;
          urls = allUrls;
          inherit executable preferLocalBuild;
          unpack = false;
          inherit (fixed) outputHash outputHashAlgo;
          outputHashMode = if recursiveHash || executable then "recursive" else "flat";
          impureEnvVars =
            lib.fetchers.proxyImpureEnvVars
            ++ [ "NIX_CURL_FLAGS" "NIX_HASHED_MIRRORS" "NIX_CONNECT_TIMEOUT" ]
            ++ map (site: "NIX_MIRRORS_${site}") sites
            ++ netrcImpureEnvVars;
        }
        // lib.optionalAttrs (hashedMirrors != [ ]) { inherit hashedMirrors; }
        // lib.optionalAttrs (curlOpts != "" && curlOpts != [ ]) { inherit curlOpts; }
        // lib.optionalAttrs (curlOptsList != [ ]) { curlOptsList = lib.escapeShellArgs curlOptsList; }
        // lib.optionalAttrs downloadToTemp { inherit downloadToTemp; }
        // lib.optionalAttrs showURLs { inherit showURLs; }
        // shell
      )
    )
