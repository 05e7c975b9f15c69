# Lists.
{ lib }:
let
  inherit (builtins) concatLists elem elemAt filter foldl' genList head length lessThan map sort tail;
in
{
  inherit (builtins) all any concatLists concatMap elem elemAt filter foldl' genList groupBy head isList length map partition sort tail;

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

  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);
  range = first: final: if first > final then [ ] else genList (n: first + n) (final - first + 1);
  replicate = n: x: genList (_: x) n;
  flatten = x: if builtins.isList x then builtins.concatMap lib.flatten x else [ x ];
  remove = x: filter (y: y != x);
  count = wanted: foldl' (n: x: if wanted x then n + 1 else n) 0;
  findFirst =
    wanted: default: list:
    let
      found = filter wanted list;
    in
    if found == [ ] then default else head found;

  last = list: assert lib.assertMsg (list != [ ]) "lists.last: list must not be empty!"; elemAt list (length list - 1);
  init = list: assert lib.assertMsg (list != [ ]) "lists.init: list must not be empty!"; lib.take (length list - 1) list;
  take = n: lib.sublist 0 n;
  drop = n: list: lib.sublist n (length list) list;
  sublist =
    start: n: list:
    let
      rest = length list - start;
    in
    genList (i: elemAt list (start + i)) (if start >= length list then 0 else lib.min n rest);
  reverseList = list: let count = length list; in genList (n: elemAt list (count - n - 1)) count;

  zipListsWith = f: a: b: genList (n: f (elemAt a n) (elemAt b n)) (lib.min (length a) (length b));
  zipLists = lib.zipListsWith (fst: snd: { inherit fst snd; });
  crossLists = f: foldl' (fs: args: builtins.concatMap (f: map f args) fs) [ f ];

  unique = foldl' (done: x: if elem x done then done else done ++ [ x ]) [ ];
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
      less = a: b: lib.compareLists (x: y: if builtins.typeOf x == builtins.typeOf y then lib.compare x y else 0) (head a) (head b) < 0;
    in
    map (pair: elemAt pair 1) (sort less (map (text: [ (key text) text ]) list));
  sortOn = f: list: map (pair: pair.value) (sort (a: b: a.key < b.key) (map (value: { key = f value; inherit value; }) list));
}
