# Functions about functions, numbers, booleans and messages.
{ lib }:
let
  hexDigits = lib.stringToCharacters "0123456789ABCDEF";
in
{
  inherit (builtins)
    add addErrorContext bitAnd bitOr bitXor ceil deepSeq div floor fromJSON genericClosure hasContext isBool isFloat isInt lessThan
    mul pathExists readDir readFile seq sub toJSON toPath tryEval typeOf unsafeDiscardStringContext unsafeGetAttrPos;

  id = x: x;
  const = x: _: x;
  flip = f: a: b: f b a;
  pipe = builtins.foldl' (value: f: f value);
  concat = a: b: a ++ b;
  or = a: b: a || b;
  and = a: b: a && b;
  xor = a: b: (!a) != (!b);
  bitNot = n: -1 - n;
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";
  mergeAttrs = a: b: a // b;
  mapNullable = f: a: if a == null then a else f a;
  defaultTo = default: value: if value == null then default else value;
  applyIfFunction = f: arg: if lib.isFunction f then f arg else f;

  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = base: int: base - (int * (builtins.div base int));
  compare = a: b: if a < b then -1 else if a > b then 1 else 0;
  # Those that satisfy `wanted` come first.
  splitByAndCompare =
    wanted: both: neither: a: b:
    if wanted a then (if wanted b then both a b else -1) else if wanted b then 1 else neither a b;

  # Digits of a number, the highest first.
  toBaseDigits =
    base: number:
    let
      digits = n: if n < base then [ n ] else digits (n / base) ++ [ (lib.mod n base) ];
    in
    assert builtins.isInt base && builtins.isInt number && base >= 2 && number >= 0;
    digits number;
  toHexString = number: lib.concatMapStrings (builtins.elemAt hexDigits) (lib.toBaseDigits 16 number);
  fromHexString =
    text:
    let
      found = builtins.match "(0x)?([0-7]?[0-9A-Fa-f]{1,15})" text;
      worth = builtins.listToAttrs (lib.imap0 (value: name: { inherit name value; }) hexDigits);
      digits = lib.stringToCharacters (lib.toUpper (builtins.elemAt found 1));
    in
    if found == null then
      throw "fromHexString: ${lib.generators.toPretty { } text} is not a hexadecimal number of at most 63 bits"
    else
      builtins.foldl' (number: digit: number * 16 + worth.${digit}) 0 digits;

  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);

  warn = builtins.warn or (message: value: builtins.trace "evaluation warning: ${message}" value);
  warnIf = condition: message: if condition then lib.warn message else lib.id;
  warnIfNot = condition: message: if condition then lib.id else lib.warn message;
  showWarnings = messages: value: lib.foldr lib.warn value messages;
  info = message: value: builtins.trace "INFO: ${message}" value;
  throwIf = condition: message: if condition then throw message else lib.id;
  throwIfNot = condition: message: if condition then lib.id else throw message;
  checkListOfEnum =
    message: valid: given:
    let
      wrong = lib.subtractLists valid given;
      shown = lib.concatMapStringsSep ", " toString;
    in
    lib.throwIfNot (wrong == [ ]) "${message}: ${shown wrong} unexpected; valid ones: ${shown valid}";

  # A function may be an attribute set: with __functor it can be called, with __functionArgs it can say what it takes.
  isFunction = f: builtins.isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
  functionArgs =
    f:
    if f ? __functor then f.__functionArgs or (lib.functionArgs (f.__functor f)) else builtins.functionArgs f;
  setFunctionArgs = f: args: { __functor = self: f; __functionArgs = args; };
  mirrorFunctionArgs = f: let args = lib.functionArgs f; in g: lib.setFunctionArgs g args;
  toFunction = value: if lib.isFunction value then value else _: value;

  inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";
  inPureEvalMode = !(builtins ? currentSystem);

  # The release of nixpkgs whose meaning is followed.
  release = "26.05";
  version = lib.trivial.release + lib.trivial.versionSuffix;
  versionSuffix = "";
  nixpkgsVersion = lib.version;
  codeName = "imagetools";
  revisionWithDefault = default: default;
  oldestSupportedRelease = 2511;
  oldestSupportedReleaseIsAtLeast = release: release <= lib.trivial.oldestSupportedRelease;
  isInOldestRelease = lib.trivial.oldestSupportedReleaseIsAtLeast;
}
