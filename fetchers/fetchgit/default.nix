# fetchgit: the files of a git repository at one revision, a fixed output. See fetchgit.md.
{ lib, bash, busybox, config ? { } }:
{
  url,
  rev ? null,
  tag ? null,
  name ? null,
  hash ? "",
  outputHash ? "",
  outputHashAlgo ? "",
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  leaveDotGit ? null,
  deepClone ? false,
  fetchSubmodules ? true,
  fetchTags ? false,
  fetchLFS ? false,
  branchName ? null,
  sparseCheckout ? null,
  nonConeMode ? null,
  rootDir ? "",
  preFetch ? "",
  postCheckout ? "",
  postFetch ? "",
  nativeBuildInputs ? [ ],
  netrcPhase ? null,
  netrcImpureEnvVars ? [ ],
  gitConfigFile ? config.gitConfigFile or null,
  allowedRequisites ? null,
  derivationArgs ? { },
  meta ? { },
  passthru ? { },
  preferLocalBuild ? true,
}:
let
  fail = text: throw "fetchgit of ${import ../shown_url.nix url}: ${text}";
  fixedOutput = import ../fixed_output.nix { inherit lib; } { fetcher = "fetchgit"; what = import ../shown_url.nix url; };
  shellAttrs = import ../post_fetch.nix { inherit lib bash busybox; };

  # The rule of nixpkgs 20.09, whose names stand in the paths that people have; a part of the repository is named after the part.
  urlToName =
    let
      last = lib.last (lib.splitString ":" (baseNameOf (lib.removeSuffix "/" (toString url))));
      matched = builtins.match "(.*).git" last;
      named = if tag != null then tag else revision;
    in
    if builtins.match ".*(@|[?&;].*=).*" last != null then
      fail "the last part of the URL, the default for `name`, seems to hold a secret; give a `name`"
    else
      "${if matched == null then last else builtins.head matched}${
        if rootDir != "" then
          "-${lib.strings.sanitizeDerivationName rootDir}"
        else
          lib.optionalString (builtins.match "[a-f0-9]*" named != null) "-${builtins.substring 0 7 named}"
      }";

  revision =
    if rev != null && tag != null then
      fail "`rev` and `tag` exclude each other"
    else if tag != null then
      "refs/tags/${tag}"
    else if rev != null then
      rev
    else
      "HEAD";

  tags = fetchTags != false && fetchTags != [ ];
  withHistory = if leaveDotGit == null then deepClone || tags else leaveDotGit;
  # a string is a list whose items are its lines
  patterns =
    if sparseCheckout == null then
      lib.optional (rootDir != "") rootDir
    else if builtins.isString sparseCheckout then
      lib.optional (sparseCheckout != "") sparseCheckout
    else
      sparseCheckout;
  anyPattern = if nonConeMode == null then rootDir != "" else nonConeMode;

  checked =
    if tags && !withHistory then
      fail "`fetchTags` needs `leaveDotGit`, since tags are kept in .git alone"
    else if rootDir != "" && withHistory then
      fail "`rootDir` and `leaveDotGit` exclude each other, since .git belongs to the whole repository"
    else if anyPattern && patterns == [ ] then
      fail "`nonConeMode` needs `sparseCheckout`"
    else if md5 != "" then
      fail "md5 is no longer taken; use `hash`"
    else
      derivation;
in
lib.extendDerivation true
  (
    {
      inherit tag;
      meta = lib.optionalAttrs (builtins.match "https?://[^@]*" (toString url) != null) { homepage = toString url; } // meta;
      gitRepoUrl = url;
      passthru = { gitRepoUrl = url; inherit tag; } // passthru;
    }
    // passthru
  )
  (
    checked (
      lib.optionalAttrs (allowedRequisites != null) { inherit allowedRequisites; }
      // derivationArgs
      // shellAttrs { inherit nativeBuildInputs netrcPhase; postFetch = if preFetch + postCheckout != "" && postFetch == "" then ":" else postFetch; }
      // lib.optionalAttrs (preFetch != "") { inherit preFetch; }
      // lib.optionalAttrs (postCheckout != "") { inherit postCheckout; }
      // lib.optionalAttrs (gitConfigFile != null) { inherit gitConfigFile; }
      // fixedOutput { inherit hash outputHash outputHashAlgo sha1 sha256 sha512; }
      // {
        name = if name == null then urlToName else name;
        builder = "builtin:fetchgit";
        system = "builtin";
        outputHashMode = "recursive";
        rev = revision;
        leaveDotGit = withHistory;
        sparseCheckout = lib.concatStringsSep "\n" patterns;
        nonConeMode = anyPattern;
        inherit url deepClone fetchSubmodules fetchTags fetchLFS rootDir preferLocalBuild;
        branchName = if branchName == null then "" else branchName;
        impureEnvVars =
          lib.fetchers.proxyImpureEnvVars
          ++ netrcImpureEnvVars
          ++ [ "GIT_PROXY_COMMAND" "NIX_GIT_SSL_CAINFO" "SOCKS_SERVER" "FETCHGIT_HTTP_PROXIES" ];
      }
    )
  )
