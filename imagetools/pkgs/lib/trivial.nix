# Functions about functions, numbers, booleans and messages.
{ lib }:
{
  inherit (builtins)
    add addErrorContext bitAnd bitOr bitXor deepSeq div fromJSON genericClosure hasContext isBool isFloat isInt lessThan mul
    pathExists readDir readFile seq sub toJSON toPath tryEval typeOf unsafeDiscardStringContext unsafeGetAttrPos;

  id = x: x;
  const = x: _: x;
  flip = f: a: b: f b a;
  pipe = builtins.foldl' (value: f: f value);
  concat = a: b: a ++ b;
  or = a: b: a || b;
  and = a: b: a && b;
  xor = a: b: (!a) != (!b);
  boolToString = b: if b then "true" else "false";
  mergeAttrs = a: b: a // b;
  mapNullable = f: a: if a == null then a else f a;
  defaultTo = default: value: if value == null then default else value;

  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = base: int: base - (int * (builtins.div base int));
  compare = a: b: if a < b then -1 else if a > b then 1 else 0;

  importJSON = path: builtins.fromJSON (builtins.readFile path);

  warn = message: value: builtins.trace "warning: ${message}" value;
  warnIf = condition: message: if condition then lib.warn message else lib.id;
  warnIfNot = condition: message: if condition then lib.id else lib.warn message;
  info = message: value: builtins.trace "INFO: ${message}" value;
  throwIf = condition: message: if condition then throw message else lib.id;
  throwIfNot = condition: message: if condition then lib.id else throw message;

  # A function may be an attribute set: with __functor it can be called, with __functionArgs it can say what it takes.
  isFunction = f: builtins.isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
  functionArgs =
    f:
    if f ? __functor then f.__functionArgs or (lib.functionArgs (f.__functor f)) else builtins.functionArgs f;
  setFunctionArgs = f: args: { __functor = self: f; __functionArgs = args; };
  toFunction = value: if lib.isFunction value then value else _: value;

  # The release of nixpkgs whose meaning is followed.
  release = "24.05";
  version = "24.05";
  codeName = "imagetools";
}
