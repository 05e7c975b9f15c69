# lib: the functions that definitions and the embedded set need, under the names and with the meaning that nixpkgs has.
# One file a topic; everything also stands at the top, as in nixpkgs. Pure: knows neither packages nor a system.
let
  extensible =
    f:
    let
      self = f self // { extend = overlay: extensible (final: let prev = f final; in prev // overlay final prev); };
    in
    self;
in
extensible (
  lib:
  let
    topic = file: import file { inherit lib; };
    trivial = topic ./trivial.nix;
    fixedPoints = topic ./fixed_points.nix;
    attrsets = topic ./attrsets.nix // topic ./package_sets.nix;
    lists = topic ./lists.nix;
    strings = topic ./strings.nix // topic ./escapes.nix // topic ./conversions.nix // { inherit (versions) versionAtLeast versionOlder; };
    asserts = topic ./asserts.nix;
    versions = topic ./versions.nix;
    customisation = topic ./customisation.nix;
    derivations = topic ./derivations.nix;
    generators = topic ./generators.nix // topic ./generators_nested.nix;
    debug = topic ./debug.nix;
    meta = topic ./meta.nix;
    filesystem = topic ./filesystem.nix;
    sources = topic ./sources.nix // topic ./source_names.nix;
    options = topic ./options.nix;
    stringsWithDeps = topic ./texts_in_order.nix;
  in
  # what has another meaning at the top, or stands in its topic only
  removeAttrs strings [
    "charToInt" "commonPrefixLength" "commonSuffixLength" "escapeC" "escapeNixIdentifier" "escapeNixString" "floatToString"
    "isCoercibleToString" "isConvertibleWithToString" "levenshtein" "levenshteinAtMost" "normalizePath" "replicate"
    "sanitizeDerivationName" "storeDir"
  ]
  // removeAttrs lists [ "commonPrefix" "findFirstIndex" "hasPrefix" "removePrefix" ]
  // removeAttrs trivial [ "codeName" "oldestSupportedRelease" "release" "revisionWithDefault" "versionSuffix" ]
  // removeAttrs attrsets [ "longestValidPathPrefix" "unionOfDisjoint" ]
  // removeAttrs asserts [ "assertEachOneOf" "checkAssertWarn" ]
  // removeAttrs filesystem [ "haskellPathsInDir" "listFilesRecursive" "locateDominatingFile" "resolveDefaultNix" ]
  // removeAttrs sources [ "shortRev" "trace" "urlToName" ]
  // removeAttrs debug [ "throwTestFailures" ]
  // fixedPoints // customisation // derivations // options // stringsWithDeps
  // {
    inherit trivial fixedPoints attrsets lists strings asserts versions customisation derivations generators debug meta filesystem sources options stringsWithDeps;
    cli = topic ./cli.nix;
    path = topic ./paths.nix;
    fetchers = topic ./fetchers.nix;
    systems = topic ./systems.nix;
    platforms = lib.systems.doubles;
    licenses = topic ./licenses.nix;
    inherit (generators) mkLuaInline;
    inherit (meta)
      addMetaAttrs appendToName dontDistribute getExe getExe' getLicenseFromSpdxId getLicenseFromSpdxIdOr hiPrio hiPrioSet licensesSpdx
      lowPrio lowPrioSet mapDerivationAttrset setName setPrio updateName;
    inherit (versions) compareVersions splitVersion versionAtLeast versionOlder;
    inherit (builtins) fromTOML getContext hashString placeholder toFile toPath toXML;
    inherit toString;

    # Hashes of nothing, to be told the right one.
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    fakeSha256 = lib.strings.replicate 64 "0";
    fakeSha512 = lib.strings.replicate 128 "0";
    maybeEnv = name: default: let value = builtins.getEnv name; in if value == "" then default else value;
  }
)
