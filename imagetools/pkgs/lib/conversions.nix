# Strings and other values: numbers in texts, what counts as a string, the contents of files; and how far texts are apart.
{ lib }:
let
  inherit (builtins) elemAt genList head isString match stringLength substring;

  noInteger = function: text: throw "${function}: Could not convert ${lib.strings.escapeNixString text} to int.";
  parsed =
    function: text: digits:
    let
      value = builtins.fromJSON digits;
    in
    if builtins.isInt value then value else noInteger function text;
in
{
  isStringLike = x: isString x || builtins.isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString =
    x:
    lib.isStringLike x
    || builtins.elem (builtins.typeOf x) [ "null" "int" "float" "bool" ]
    || (builtins.isList x && builtins.all lib.strings.isConvertibleWithToString x);
  isCoercibleToString = lib.strings.isConvertibleWithToString;
  # The second form is where a content-addressed output lies while it is being built.
  isStorePath =
    x:
    lib.isStringLike x
    && (
      let
        text = toString x;
      in
      substring 0 1 text == "/" && (dirOf text == builtins.storeDir || match "/[0-9a-z]{52}" text != null)
    );

  floatToString =
    number:
    let
      text = toString number;
    in
    lib.warnIf (number != builtins.fromJSON text) "Imprecise conversion from float to string ${text}" text;
  toInt =
    text:
    let
      found = match "[[:space:]]*(-?[[:digit:]]+)[[:space:]]*" text;
    in
    if found == null then
      noInteger "toInt" text
    else if match "0[[:digit:]]+" (head found) != null then
      throw "toInt: Ambiguity in interpretation of ${lib.strings.escapeNixString text} between octal and zero padded integer."
    else
      parsed "toInt" text (head found);
  toIntBase10 =
    text:
    let
      found = match "[[:space:]]*0*(-?[[:digit:]]+)[[:space:]]*" text;
    in
    if found == null then
      noInteger "toIntBase10" text
    else if match "0+" (head found) != null then
      0
    else
      parsed "toIntBase10" text (head found);

  fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);
  # One path a line, below `root`; lines that begin with # say something else.
  readPathsFromFile =
    root: file:
    map (line: root + "/${line}") (
      builtins.filter (line: line != "" && !(lib.hasPrefix "#" line)) (lib.splitString "\n" (builtins.readFile file))
    );

  commonPrefixLength =
    a: b:
    let
      shorter = lib.min (stringLength a) (stringLength b);
    in
    lib.findFirst (n: substring n 1 a != substring n 1 b) shorter (genList lib.id shorter);
  commonSuffixLength =
    a: b:
    let
      shorter = lib.min (stringLength a) (stringLength b);
      last = n: text: substring (stringLength text - n - 1) 1 text;
    in
    lib.findFirst (n: last n a != last n b) shorter (genList lib.id shorter);

  # How many characters must be put in, taken out or changed. Row by row: what it costs to reach each beginning of b.
  levenshtein =
    a: b:
    let
      count = stringLength b;
      next =
        above: n:
        builtins.foldl' (
          row: i:
          let
            same = substring n 1 a == substring i 1 b;
            change = elemAt above i + (if same then 0 else 1);
            cost = lib.min change (1 + lib.min (elemAt row i) (elemAt above (i + 1)));
          in
          builtins.seq cost (row ++ [ cost ])
        ) [ (n + 1) ] (genList lib.id count);
    in
    elemAt (builtins.foldl' next (genList lib.id (count + 1)) (genList lib.id (stringLength a))) count;
  levenshteinAtMost =
    most: a: b:
    let
      apart = stringLength a - stringLength b;
    in
    a == b || (most > 0 && apart <= most && -apart <= most && lib.strings.levenshtein a b <= most);
}
