# Lists.
{ lib }:
let
  inherit (builtins) concatLists elem elemAt filter foldl' genList head length map partition sort tail;
in
{
  inherit (builtins) all any concatLists concatMap elem elemAt filter genList groupBy head isList length map partition sort tail;

  singleton = x: [ x ];
  forEach = list: f: map f list;
  toList = x: if builtins.isList x then x else [ x ];
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: list: if condition then list else [ ];

  foldr =
    op: nul: list:
    let
      count = length list;
      from = n: if n == count then nul else op (elemAt list n) (from (n + 1));
    in
    from 0;
  fold = lib.foldr;
  foldl =
    op: nul: list:
    let
      upTo = n: if n == -1 then nul else op (upTo (n - 1)) (elemAt list n);
    in
    upTo (length list - 1);
  foldl' = op: nul: builtins.seq nul (foldl' op nul);

  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);
  ifilter0 = wanted: list: map (elemAt list) (filter (n: wanted n (elemAt list n)) (genList (n: n) (length list)));
  range = first: final: if first > final then [ ] else genList (n: first + n) (final - first + 1);
  replicate = n: x: genList (_: x) n;
  flatten = x: if builtins.isList x then builtins.concatMap lib.flatten x else [ x ];
  remove = x: filter (y: y != x);
  count = wanted: foldl' (n: x: if wanted x then n + 1 else n) 0;
  concatAttrValues = set: concatLists (builtins.attrValues set);

  # Stops at the first that is found. The number counts down from -1 while nothing is.
  findFirstIndex =
    wanted: default: list:
    let
      found = foldl' (n: x: if n >= 0 then n else if wanted x then -n - 1 else n - 1) (-1) list;
    in
    if found < 0 then default else found;
  findFirst =
    wanted: default: list:
    let
      n = lib.lists.findFirstIndex wanted null list;
    in
    if n == null then default else elemAt list n;
  findSingle =
    wanted: none: several: list:
    let
      found = filter wanted list;
    in
    if found == [ ] then none else if length found == 1 then head found else several;
  groupBy' = op: nul: key: list: builtins.mapAttrs (_: lib.foldl op nul) (builtins.groupBy key list);

  last = list: assert lib.assertMsg (list != [ ]) "lists.last: list must not be empty!"; elemAt list (length list - 1);
  init = list: assert lib.assertMsg (list != [ ]) "lists.init: list must not be empty!"; lib.take (length list - 1) list;
  take = n: lib.sublist 0 n;
  takeEnd = n: list: lib.drop (lib.max 0 (length list - n)) list;
  drop = n: list: lib.sublist n (length list) list;
  dropEnd = n: list: lib.take (lib.max 0 (length list - n)) list;
  sublist =
    start: n: list:
    let
      rest = length list - start;
    in
    genList (i: elemAt list (start + i)) (if start >= length list then 0 else lib.min n rest);
  hasPrefix = prefix: list: lib.take (length prefix) list == prefix;
  removePrefix =
    prefix: list:
    if lib.lists.hasPrefix prefix list then
      lib.drop (length prefix) list
    else
      throw "lib.lists.removePrefix: First argument is not a list prefix of the second argument";
  commonPrefix =
    a: b:
    let
      differ = lib.zipListsWith (x: y: x != y) a b;
    in
    lib.take (lib.lists.findFirstIndex lib.id (length differ) differ) a;
  replaceElemAt =
    list: n: new:
    assert lib.assertMsg (n >= 0 && n < length list)
      "'lists.replaceElemAt' called with index ${toString n} on a list of size ${toString (length list)}";
    lib.imap0 (i: old: if i == n then new else old) list;
  reverseList = list: let count = length list; in genList (n: elemAt list (count - n - 1)) count;

  zipListsWith = f: a: b: genList (n: f (elemAt a n) (elemAt b n)) (lib.min (length a) (length b));
  zipLists = lib.zipListsWith (fst: snd: { inherit fst snd; });
  crossLists = f: foldl' (fs: args: builtins.concatMap (f: map f args) fs) [ f ];

  unique = foldl' (done: x: if elem x done then done else done ++ [ x ]) [ ];
  uniqueStrings = list: builtins.attrNames (builtins.groupBy lib.id list);
  allUnique = list: length (lib.unique list) == length list;
  intersectLists = wanted: filter (x: elem x wanted);
  subtractLists = unwanted: filter (x: !(elem x unwanted));
  mutuallyExclusive = a: b: length a == 0 || !(builtins.any (x: elem x a) b);
  compareLists =
    compare: a: b:
    if a == [ ] then
      (if b == [ ] then 0 else -1)
    else if b == [ ] then
      1
    else
      let
        first = compare (head a) (head b);
      in
      if first == 0 then lib.compareLists compare (tail a) (tail b) else first;
  naturalSort =
    list:
    let
      # digits as numbers, all else as text
      key = text: map (part: if builtins.isList part then lib.toIntBase10 (head part) else part) (builtins.split "(0|[1-9][0-9]*)" text);
      less = a: b: lib.compareLists lib.compare (head a) (head b) < 0;
    in
    map (pair: elemAt pair 1) (sort less (map (text: [ (key text) text ]) list));
  sortOn = f: list: map (pair: pair.value) (sort (a: b: a.key < b.key) (map (value: { key = f value; inherit value; }) list));

  # From the first element to ever smaller ones, as `before` says, until there is none (minimal) or one comes again (cycle).
  listDfs =
    stopOnCycles: before: list:
    let
      visit =
        here: visited: rest:
        let
          loops = filter (x: before x here) visited;
          next = partition (x: before x here) rest;
        in
        if stopOnCycles && loops != [ ] then
          { cycle = here; inherit loops visited rest; }
        else if next.right == [ ] then
          { minimal = here; inherit visited rest; }
        else
          visit (head next.right) ([ here ] ++ visited) (tail next.right ++ next.wrong);
    in
    visit (head list) [ ] (tail list);
  toposort =
    before: list:
    let
      first = lib.listDfs true before list;
      others = lib.toposort before (first.visited ++ first.rest);
    in
    if length list < 2 then
      { result = list; }
    else if first ? cycle then
      { cycle = lib.reverseList ([ first.cycle ] ++ first.visited); inherit (first) loops; }
    else if others ? cycle then
      others
    else
      { result = [ first.minimal ] ++ others.result; };
}
