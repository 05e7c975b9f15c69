# Paths by their components. A subpath is a text: relative, not empty, without "..".
{ lib }:
let
  inherit (builtins) elemAt filter isPath isString length match split typeOf;

  # Why a value is no subpath, or null.
  problem =
    value:
    if !isString value then
      "The given value is of type ${typeOf value}, but a string was expected"
    else if value == "" then
      "The given string is empty"
    else if lib.hasPrefix "/" value then
      "The given string \"${value}\" starts with a `/`, representing an absolute path"
    else if match "(.*/)?\\.\\.(/.*)?" value != null then
      "The given string \"${value}\" contains a `..` component, which is not allowed in subpaths"
    else
      null;
  checked =
    function: value:
    if problem value == null then value else throw "lib.path.${function}: not a valid subpath string:\n    ${problem value}";
  path =
    function: which: value:
    if isPath value then value else throw "lib.path.${function}: ${which} is of type ${typeOf value}, but a path was expected";

  components = text: filter (part: isString part && part != "" && part != ".") (split "/" text);
  joined = parts: "./" + (if parts == [ ] then "." else lib.concatStringsSep "/" parts);

  # { root; components; }: a path has a root that dirOf does not go above
  apart =
    let
      up = below: here: if here == dirOf here then { root = here; components = below; } else up ([ (baseNameOf here) ] ++ below) (dirOf here);
    in
    up [ ];
  store = components builtins.storeDir;

  # Both paths apart; they must have one root.
  both =
    function: a: b:
    let
      first = apart (path function "First argument" a);
      second = apart (path function "Second argument" b);
    in
    assert lib.assertMsg (first.root == second.root)
      "lib.path.${function}: the paths have different roots: '${toString first.root}' and '${toString second.root}'";
    { inherit first second; inside = lib.lists.hasPrefix first.components second.components; };
in
{
  append = base: subpath: path "append" "The first argument" base + ("/" + checked "append" subpath);
  hasPrefix = a: b: (both "hasPrefix" a b).inside;
  removePrefix =
    a: b:
    let
      found = both "removePrefix" a b;
    in
    if found.inside then
      joined (lib.drop (length found.first.components) found.second.components)
    else
      throw "lib.path.removePrefix: '${toString a}' does not contain '${toString b}'";
  splitRoot =
    value:
    let
      found = apart (path "splitRoot" "Argument" value);
    in
    { inherit (found) root; subpath = joined found.components; };
  # Whether it is a store path or lies in one.
  hasStorePathPrefix =
    value:
    let
      parts = (apart (path "hasStorePathPrefix" "Argument" value)).components;
      below = lib.drop (length store) parts;
    in
    (lib.lists.hasPrefix store parts && below != [ ] && match ".{32}-.+" (elemAt below 0) != null)
    || (parts != [ ] && match "[0-9a-z]{52}" (elemAt parts 0) != null);

  subpath = {
    isValid = value: problem value == null;
    join = subpaths: joined (lib.concatMap (one: components (checked "subpath.join" one)) subpaths);
    components = subpath: components (checked "subpath.components" subpath);
    normalise = subpath: joined (components (checked "subpath.normalise" subpath));
  };
}
