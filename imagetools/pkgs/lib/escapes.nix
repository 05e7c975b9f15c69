# Texts for others to read: shells, Nix, XML, URLs, regular expressions, and the flags of build systems.
{ lib }:
let
  inherit (builtins) concatStringsSep isBool isString map match replaceStrings;

  # every character that a text may hold, with its number
  printable = lib.stringToCharacters " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  numbers =
    { "\t" = 9; "\n" = 10; "\r" = 13; }
    // builtins.listToAttrs (lib.imap0 (n: name: { inherit name; value = n + 32; }) printable);
  hex = c: lib.fixedWidthString 2 "0" (lib.toHexString numbers.${c});
  reserved = builtins.filter (c: match "[A-Za-z0-9_.~-]" c == null) (builtins.attrNames numbers);

  keywords = [ "assert" "else" "if" "in" "inherit" "let" "or" "rec" "then" "with" ];
in
{
  charToInt = c: numbers.${c};
  escape = characters: replaceStrings characters (map (c: "\\${c}") characters);
  escapeC = characters: replaceStrings characters (map (c: "\\x${lib.toLower (hex c)}") characters);
  escapeURL = replaceStrings reserved (map (c: "%${hex c}") reserved);
  escapeRegex = lib.escape (lib.stringToCharacters "\\[{()^$?*+|.");
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  escapeNixString = text: lib.escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier =
    text:
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" text != null && !(builtins.elem text keywords) then text else lib.strings.escapeNixString text;

  # Quoted only where a shell would not take it literally.
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then "'${replaceStrings [ "'" ] [ "'\\''" ] text}'" else text;
  escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    lib.throwIfNot (lib.isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name" (
      if builtins.isAttrs value && !(lib.isStringLike value) then
        "declare -A ${name}=(${concatStringsSep " " (lib.mapAttrsToList (key: item: "[${lib.escapeShellArg key}]=${lib.escapeShellArg item}") value)})"
      else if builtins.isList value then
        "declare -a ${name}=(${lib.escapeShellArgs value})"
      else
        "${name}=${lib.escapeShellArg value}"
    );
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList lib.toShellVar vars);

  cmakeOptionType =
    type: feature: value:
    let
      name = lib.toUpper type;
    in
    assert builtins.elem name [ "BOOL" "FILEPATH" "PATH" "STRING" "INTERNAL" "LIST" ] && isString feature && isString value;
    "-D${feature}:${name}=${value}";
  cmakeBool = feature: flag: assert isBool flag; lib.cmakeOptionType "bool" feature (lib.toUpper (lib.boolToString flag));
  cmakeFeature = lib.cmakeOptionType "string";
  mesonOption = feature: value: assert isString feature && isString value; "-D${feature}=${value}";
  mesonBool = feature: flag: assert isBool flag; lib.mesonOption feature (lib.boolToString flag);
  mesonEnable = feature: flag: assert isBool flag; lib.mesonOption feature (if flag then "enabled" else "disabled");
  enableFeature = flag: feature: assert isBool flag && isString feature; "--${if flag then "enable" else "disable"}-${feature}";
  enableFeatureAs = flag: feature: value: lib.enableFeature flag feature + lib.optionalString flag "=${value}";
  withFeature = flag: feature: assert isString feature; "--${if flag then "with" else "without"}-${feature}";
  withFeatureAs = flag: feature: value: lib.withFeature flag feature + lib.optionalString flag "=${value}";
}
