# Options as data: declared and shown, not merged. The module system that gives them a meaning is not here.
{ lib }:
{
  isType = type: value: (value._type or "") == type;
  setType = type: value: value // { _type = type; };

  isOption = lib.isType "option";
  mkOption = lib.setType "option";
  literalExpression =
    text:
    if builtins.isString text then { _type = "literalExpression"; inherit text; } else throw "literalExpression expects a string.";
  literalMD = text: if builtins.isString text then { _type = "literalMD"; inherit text; } else throw "literalMD expects a string.";

  getValues = map (definition: definition.value);
  getFiles = map (definition: definition.file);
  unknownModule = "<unknown-file>";
  showFiles = lib.concatMapStringsSep " and " (file: "`${file}'");
  # A path of attributes as a person writes it; <name> and * stand for any attribute and stay as they are.
  showOption =
    path:
    let
      show = part: if builtins.match "<.*>|\\*" part != null then part else lib.strings.escapeNixIdentifier part;
    in
    lib.concatMapStringsSep "." show path;
  # Derivations have their names for paths, so that nothing is built.
  scrubOptionValue =
    value:
    if lib.isDerivation value then
      { inherit (value) type name; drvPath = value.name; outPath = value.name; }
    else if builtins.isList value then
      map lib.scrubOptionValue value
    else if builtins.isAttrs value then
      builtins.mapAttrs (_: lib.scrubOptionValue) (removeAttrs value [ "_args" ])
    else
      value;
}
