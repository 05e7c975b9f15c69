# Strings: joining, cutting, changing. Quoting stands in escapes.nix, conversion from and to other values in conversions.nix.
{ lib }:
let
  inherit (builtins) concatStringsSep genList head isString length map match replaceStrings stringLength substring;

  # "x" as a set of characters of a regular expression: what trim takes away
  blank = " \t\r\n";
in
{
  inherit (builtins) appendContext compareVersions concatStringsSep elem elemAt filter fromJSON genList head isAttrs isInt isList isPath
    isString length match parseDrvName readFile replaceStrings split storeDir stringLength substring tail toJSON typeOf
    unsafeDiscardStringContext;

  join = concatStringsSep;
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
  replaceString = from: to: replaceStrings [ from ] [ to ];
  replaceChars = replaceStrings;

  makeSearchPath = folder: paths: concatStringsSep ":" (map (path: path + "/" + folder) (builtins.filter (path: path != null) paths));
  makeSearchPathOutput = output: folder: packages: lib.makeSearchPath folder (map (lib.getOutput output) packages);
  makeBinPath = lib.makeSearchPathOutput "bin" "bin";
  makeLibraryPath = lib.makeSearchPathOutput "lib" "lib";
  makeIncludePath = lib.makeSearchPathOutput "dev" "include";
  normalizePath = path: lib.addContextFrom path (concatStringsSep "/" (builtins.filter isString (builtins.split "/+" "${path}")));

  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: lib.concatMapStrings f (lib.stringToCharacters text);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  hasInfix = infix: text: length (builtins.split (lib.escapeRegex infix) "${text}") > 1;
  removePrefix = prefix: text: if lib.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if lib.hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  trim = lib.trimWith { start = true; end = true; };
  trimWith =
    { start ? false, end ? false }:
    text:
    let
      before = lib.optionalString start "[${blank}]*";
      found = match (if end then "${before}(.*[^${blank}])[${blank}]*" else "${before}(.*)") text;
    in
    if found == null then "" else head found;

  splitString =
    separator: text:
    map (lib.addContextFrom text) (builtins.filter isString (builtins.split (lib.escapeRegex (toString separator)) (toString text)));
  # Cut before each character for which `splits` (the one before, this one) holds; it is part of what follows, or left out.
  splitStringBy =
    splits: keep: text:
    let
      size = stringLength text;
      character = n: if n < 0 then "" else substring n 1 text;
      cuts = builtins.filter (n: splits (character (n - 1)) (character n)) (genList (n: n) size);
      starts = [ 0 ] ++ (if keep then cuts else map (n: n + 1) cuts);
      piece = start: end: lib.addContextFrom text (substring start (end - start) text);
    in
    lib.zipListsWith piece starts (cuts ++ [ size ]);
  addContextFrom = from: to: substring 0 0 from + to;

  fixedWidthString =
    width: filler: text:
    let
      missing = width - stringLength text;
      size = stringLength filler;
    in
    assert lib.assertMsg (missing >= 0 && (missing == 0 || (size > 0 && lib.mod missing size == 0)))
      "fixedWidthString: the requested length (${toString width}) cannot be reached from the text '${text}' with '${filler}'";
    lib.strings.replicate (if missing == 0 then 0 else missing / size) filler + text;
  fixedWidthNumber = width: n: lib.fixedWidthString width "0" (toString n);

  lowerChars = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toLower = replaceStrings lib.upperChars lib.lowerChars;
  toUpper = replaceStrings lib.lowerChars lib.upperChars;
  toSentenceCase =
    text:
    lib.throwIfNot (isString text) "toSentenceCase does only accepts string values, but got ${builtins.typeOf text}" (
      lib.addContextFrom text (lib.toUpper (substring 0 1 text) + lib.toLower (substring 1 (-1) text))
    );
  # Words end at a dash, an underscore or a space, and between a small letter and a capital one.
  toCamelCase =
    text:
    let
      parts = lib.splitStringBy (_: this: builtins.elem this [ "-" "_" " " ]) false text;
      humps = lib.splitStringBy (before: this: match "[a-z]" before != null && match "[A-Z]" this != null) true;
      words = lib.concatMap humps parts;
    in
    lib.throwIfNot (isString text) "toCamelCase does only accepts string values, but got ${builtins.typeOf text}" (
      lib.addContextFrom text (lib.toLower (head words) + lib.concatMapStrings lib.toSentenceCase (builtins.tail words))
    );

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
