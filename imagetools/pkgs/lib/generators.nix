# Files in common formats from values. All have the shape: generator { how... } data. Formats that nest freely are in
# generators_nested.nix.
{ lib }:
let
  inherit (builtins) concatStringsSep isAttrs isBool isFloat isInt isList isString map;
  inherit (lib) escape mapAttrsToList;
  inherit (lib.generators) mkKeyValueDefault mkValueStringDefault toINI toKeyValue;

  isTree = value: isAttrs value && !lib.isDerivation value;
in
{
  # A value in the spelling that most formats take. Packages are their paths.
  mkValueStringDefault =
    { }:
    value:
    let
      refuse = what: abort "generators.mkValueStringDefault: ${what} not supported: ${lib.generators.toPretty { } value}";
    in
    if isString value || isInt value || lib.isDerivation value then
      toString value
    else if isBool value then
      lib.boolToString value
    else if value == null then
      "null"
    else if isFloat value then
      lib.strings.floatToString value
    else if isList value then
      refuse "lists"
    else if isAttrs value then
      refuse "attrsets"
    else if lib.isFunction value then
      refuse "functions"
    else
      refuse "this value is";

  # A line; where the separator occurs in the key, a backslash is put before it.
  mkKeyValueDefault =
    { mkValueString ? mkValueStringDefault { } }:
    separator: key: value:
    "${escape [ separator ] key}${separator}${mkValueString value}";

  toKeyValue =
    { mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false, indent ? "" }:
    let
      line = key: value: "${indent}${mkKeyValue key value}\n";
      lines = key: value: if listsAsDuplicateKeys then lib.concatMapStrings (line key) (lib.toList value) else line key value;
    in
    set: concatStringsSep "" (mapAttrsToList lines set);

  toINI =
    { mkSectionName ? escape [ "[" "]" ], mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }:
    sections:
    concatStringsSep "\n" (
      mapAttrsToList (name: values: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } values) sections
    );

  # Lines before the first section as well.
  toINIWithGlobalSection =
    { mkSectionName ? escape [ "[" "]" ], mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }:
    { globalSection, sections ? { } }:
    lib.optionalString (globalSection != { }) (toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } globalSection + "\n")
    + toINI { inherit mkSectionName mkKeyValue listsAsDuplicateKeys; } sections;

  # What git reads: sections may have one inner name, which is all that lies between the first and the last attribute.
  toGitINI =
    let
      mkSectionName =
        name:
        let
          parts = lib.splitString "." name;
        in
        if lib.hasInfix "\"" name || builtins.length parts == 1 then
          name
        else
          ''${builtins.head parts} "${concatStringsSep "." (builtins.tail parts)}"'';
      quote = text: "\"${builtins.replaceStrings [ "\n" "\t" "\"" "\\" ] [ "\\n" "\\t" "\\\"" "\\\\" ] text}\"";
      mkValueString = value: if isString value then quote value else mkValueStringDefault { } value;
      line = key: value: "\t" + mkKeyValueDefault { inherit mkValueString; } " = " key value;
      mkKeyValue = key: value: lib.concatMapStringsSep "\n" (line key) (if isList value then value else [ value ]);

      leaves =
        path: value:
        if isTree value then
          lib.concatMap (name: leaves (path ++ [ name ]) value.${name}) (builtins.attrNames value)
        else if builtins.length path == 1 then
          [ { ${builtins.head path} = value; } ]
        else
          [ { ${concatStringsSep "." (lib.init path)}.${lib.last path} = value; } ];
      isDeep = _: value: isAttrs value && builtins.any isTree (builtins.attrValues value);
      flat = set: lib.foldl lib.recursiveUpdate { } (leaves [ ] (lib.filterAttrs isDeep set));
    in
    set: toINI { inherit mkKeyValue mkSectionName; } (lib.filterAttrs (name: value: !(isDeep name value)) set // flat set);

  toJSON = { }: builtins.toJSON;
  # JSON is YAML.
  toYAML = { }: builtins.toJSON;
}
