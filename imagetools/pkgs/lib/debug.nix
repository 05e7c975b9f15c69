# Showing values on the way through. In names, Val means that what is shown is also what comes back, Seq that it is evaluated
# whole before, N how deep at most, Fn that a function makes of it what is shown.
{ lib }:
let
  inherit (builtins) deepSeq isAttrs isList map mapAttrs trace;
  pretty = lib.generators.toPretty { allowPrettyValues = true; };
  marked = name: part: lib.debug.traceShowValMarked "${name} ${part}:";
  callXml =
    n: text: x:
    if lib.isFunction x then
      arg: callXml (n + 1) "${text}\n arg ${toString n} is \n ${builtins.toXML (builtins.seq arg arg)}" (x arg)
    else
      trace "${text}\n result:\n${builtins.toXML (builtins.seq x x)}" x;
in
rec {
  inherit (builtins) addErrorContext trace unsafeGetAttrPos;

  traceIf = condition: message: x: if condition then trace message x else x;
  traceVal = x: trace x x;
  traceValFn = f: x: trace (f x) x;
  traceSeq = x: trace (deepSeq x x);
  traceSeqN =
    depth: x:
    let
      short = text: val: { __pretty = _: text; inherit val; };
      cut =
        n: value:
        if n == 0 then
          (if isList value then short "[…]" value else if isAttrs value then short "{…}" value else value)
        else if isList value then
          map (cut (n - 1)) value
        else if isAttrs value then
          mapAttrs (_: cut (n - 1)) value
        else
          value;
    in
    trace (pretty (cut depth x));
  traceValSeq = traceValSeqFn lib.id;
  traceValSeqFn = f: x: traceValFn f (deepSeq x x);
  traceValSeqN = traceValSeqNFn lib.id;
  traceValSeqNFn = f: depth: x: traceSeqN depth (f x) x;
  # What a function was given and what it gave.
  traceFnSeqN =
    depth: name: f: x:
    let
      to = f x;
    in
    traceSeqN (depth + 1) { fn = name; from = x; inherit to; } to;

  # Tests are the attributes whose names begin with test, or those that `tests` lists: { expr; expected; }. Gives those that fail.
  runTests =
    tests:
    let
      chosen = tests.tests or [ ];
      wanted = name: if chosen == [ ] then lib.hasPrefix "test" name else builtins.elem name chosen;
      failed = name: wanted name && tests.${name}.expr != tests.${name}.expected;
    in
    map (name: { inherit name; inherit (tests.${name}) expected; result = tests.${name}.expr; }) (
      builtins.filter failed (builtins.attrNames tests)
    );
  testAllTrue = expr: { inherit expr; expected = map (_: true) expr; };
  throwTestFailures =
    { failures, description ? "tests", ... }:
    let
      show = value: builtins.unsafeDiscardStringContext (pretty value);
      report = one: "FAIL ${show one.name}:\nExpected:\n${show one.expected}\n\nResult:\n${show one.result}\n";
      shown = builtins.foldl' (_: one: traceVal (report one)) null failures;
      names = lib.concatMapStringsSep "\n- " (one: one.name) failures;
    in
    if failures == [ ] then
      null
    else
      throw (
        builtins.seq shown "${toString (builtins.length failures)} ${description} failed:\n- ${names}\n\n${builtins.toJSON failures}"
      );

  # Names of older releases.
  showVal =
    value:
    let
      show = text: { __pretty = _: text; val = value; };
      one = if lib.isDerivation value then
          show "<δ:${value.name}:${lib.concatStringsSep "," (builtins.attrNames value)}>"
        else if value == [ ] then
          show "[]"
        else if isList value then
          show "[ ${showVal (builtins.head value)}, … ]"
        else if isAttrs value then
          show "{ ${lib.concatStringsSep ", " (builtins.attrNames value)} }"
        else
          value;
    in
    pretty one;
  traceShowVal = x: trace (showVal x) x;
  traceShowValMarked = mark: x: trace (mark + showVal x) x;
  traceXMLVal = x: trace (builtins.toXML x) x;
  traceXMLValMarked = mark: x: trace (mark + builtins.toXML x) x;
  traceCall = name: f: a: marked name "result" (f (marked name "arg 1" a));
  traceCall2 = name: f: a: b: marked name "result" (f (marked name "arg 1" a) (marked name "arg 2" b));
  traceCall3 = name: f: a: b: c: marked name "result" (f (marked name "arg 1" a) (marked name "arg 2" b) (marked name "arg 3" c));
  traceCallXml = text: callXml 1 "calling ${text}\n";
  traceValIfNot = condition: x: if condition x then true else traceSeq (showVal x) false;
  addErrorContextToAttrs = mapAttrs (name: addErrorContext "while evaluating ${name}");
  attrNamesToStr = set: lib.concatMapStringsSep "; " (name: "${name}=") (builtins.attrNames set);
}
