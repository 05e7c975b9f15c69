# Strings.
{ lib }:
let
  inherit (builtins) concatStringsSep genList head isString length map match replaceStrings stringLength substring;
in
{
  inherit (builtins) compareVersions concatStringsSep isString match parseDrvName readFile replaceStrings split splitVersion storeDir
    stringLength substring toFile unsafeDiscardStringContext;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStringsSep "" (map f list);
  concatImapStrings = f: list: concatStringsSep "" (lib.imap1 f list);
  concatMapStringsSep = separator: f: list: concatStringsSep separator (map f list);
  concatImapStringsSep = separator: f: list: concatStringsSep separator (lib.imap1 f list);
  concatMapAttrsStringSep = separator: f: set: concatStringsSep separator (lib.mapAttrsToList f set);
  concatLines = lib.concatMapStrings (line: line + "\n");
  intersperse =
    separator: list:
    if list == [ ] then [ ] else builtins.tail (lib.concatMap (x: [ separator x ]) list);
  optionalString = condition: text: if condition then text else "";
  replicate = n: text: concatStringsSep "" (lib.lists.replicate n text);

  makeSearchPath = folder: paths: concatStringsSep ":" (map (path: "${path}/${folder}") (builtins.filter (path: path != null) paths));
  makeSearchPathOutput = output: folder: packages: lib.makeSearchPath folder (map (lib.getOutput output) packages);
  makeBinPath = lib.makeSearchPathOutput "bin" "bin";
  makeLibraryPath = lib.makeSearchPathOutput "lib" "lib";

  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: lib.concatMapStrings f (lib.stringToCharacters text);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  hasInfix = infix: text: builtins.length (builtins.split (lib.escapeRegex infix) "${text}") > 1;
  removePrefix = prefix: text: if lib.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if lib.hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString =
    separator: text:
    map (part: lib.addContextFrom text part) (
      builtins.filter isString (builtins.split (lib.escapeRegex (toString separator)) (toString text))
    );
  addContextFrom = from: to: substring 0 0 from + to;
  trim = text: let found = match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" text; in if found == null then "" else head found;
  fixedWidthString =
    width: filler: text:
    let
      missing = width - stringLength text;
    in
    assert lib.assertMsg (missing >= 0) "fixedWidthString: the requested length (${toString width}) is shorter than the text '${text}'";
    substring 0 missing (lib.strings.replicate missing filler) + text;
  fixedWidthNumber = width: n: lib.fixedWidthString width "0" (toString n);

  lowerChars = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toLower = replaceStrings lib.upperChars lib.lowerChars;
  toUpper = replaceStrings lib.lowerChars lib.upperChars;

  escape = characters: replaceStrings characters (map (c: "\\${c}") characters);
  escapeRegex = lib.escape (lib.stringToCharacters "\\[{()^$?*+|.");
  # Quoted only where a shell would not take it literally.
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then "'${replaceStrings [ "'" ] [ "'\\''" ] text}'" else text;
  escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
  escapeNixString = text: lib.escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier = text: if match "[a-zA-Z_][a-zA-Z0-9_'-]*" text != null then text else lib.escapeNixString text;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    lib.throwIfNot (lib.isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name" (
      if builtins.isAttrs value && !lib.isDerivation value && !(value ? outPath || value ? __toString) then
        "declare -A ${name}=(${concatStringsSep " " (lib.mapAttrsToList (key: item: "[${lib.escapeShellArg key}]=${lib.escapeShellArg item}") value)})"
      else if builtins.isList value then
        "declare -a ${name}=(${lib.escapeShellArgs value})"
      else
        "${name}=${lib.escapeShellArg value}"
    );
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList lib.toShellVar vars);

  getName = x: if isString x then (builtins.parseDrvName x).name else x.pname or (builtins.parseDrvName x.name).name;
  getVersion = x: if isString x then (builtins.parseDrvName x).version else x.version or (builtins.parseDrvName x.name).version;
  nameFromURL =
    url: separator:
    let
      file = lib.last (lib.splitString "/" url);
      name = head (lib.splitString separator file);
    in
    assert name != file;
    name;

  isStringLike = x: isString x || builtins.isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString =
    x:
    lib.isStringLike x
    || builtins.elem (builtins.typeOf x) [ "null" "int" "float" "bool" ]
    || (builtins.isList x && builtins.all lib.isConvertibleWithToString x);
  isStorePath =
    x:
    lib.isStringLike x
    && (
      let
        text = toString x;
      in
      substring 0 1 text == "/" && dirOf text == builtins.storeDir
    );
  floatToString = toString;
  toInt =
    text:
    let
      found = match "[[:space:]]*(-?(0|[1-9][0-9]*))[[:space:]]*" text;
    in
    if found == null then throw "toInt: Could not convert ${lib.escapeNixString text} to int." else builtins.fromJSON (head found);
  toIntBase10 =
    text:
    let
      found = match "[[:space:]]*0*(-?[[:digit:]]+)[[:space:]]*" text;
    in
    if found == null then throw "toIntBase10: Could not convert ${lib.escapeNixString text} to int." else builtins.fromJSON (head found);
  fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);

  # What a store name may hold: other characters become a dash, a leading dot goes, and it has 1 to 207 bytes.
  sanitizeDerivationName =
    text:
    let
      plain = unsafeDiscard (toString text);
      unsafeDiscard = builtins.unsafeDiscardStringContext;
      noDots = head (match "\\.*(.*)" plain);
      parts = builtins.filter (part: part != "") (
        builtins.concatMap (part: if isString part then [ part ] else [ "-" ]) (builtins.split "[^[:alnum:]+._?=-]+" noDots)
      );
      clean = concatStringsSep "" parts;
      size = stringLength clean;
    in
    if stringLength plain <= 207 && match "[[:alnum:]+_?=-][[:alnum:]+._?=-]*" plain != null then
      plain
    else if size == 0 then
      "unknown"
    else if size > 207 then
      substring (size - 207) (-1) clean
    else
      clean;
}
