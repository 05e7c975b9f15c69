# Formats that nest freely: Nix itself, property lists, Dhall and Lua.
{ lib }:
let
  inherit (builtins) concatStringsSep isAttrs isBool isFloat isInt isList isPath isString map toJSON;
  inherit (lib) concatMapStringsSep mapAttrsToList;

  # Items between two brackets, one a line where there are several lines.
  block =
    { multiline, indent }:
    separator: open: close: items:
    let
      before = if multiline then "\n${indent}  " else " ";
      after = if multiline then "\n${indent}" else " ";
    in
    open + before + concatStringsSep (separator + before) items + after + close;
in
{
  # A value for people to read, much like Nix. { __pretty; val; } shows itself where that is allowed.
  toPretty =
    { allowPrettyValues ? false, multiline ? true, indent ? "" }:
    let
      quoted = lines: "\"${concatMapStringsSep "\\n" (lib.escape [ "\\" "\"" "\${" ]) lines}\"";
      # two single quotes around lines; the last one goes up to the closing quotes
      indented =
        indent: lines:
        let
          inner = "\n${indent}  ";
          escaped = map (builtins.replaceStrings [ "\${" "''" ] [ "''\${" "'''" ]) lines;
          last = lib.last escaped;
        in
        "''${inner}${concatStringsSep inner (lib.init escaped)}${if last == "" then "\n${indent}" else inner + last}''";
      function =
        value:
        let
          args = mapAttrsToList (name: optional: if optional then "${name}?" else name) (lib.functionArgs value);
        in
        if args == [ ] then "<function>" else "<function, args: {${concatStringsSep ", " args}}>";
      show =
        indent: value:
        let
          inside = block { inherit multiline indent; } "";
          deeper = show (indent + "  ");
        in
        if isString value then
          let
            lines = builtins.filter isString (builtins.split "\n" value);
          in
          if multiline && builtins.length lines > 1 then indented indent lines else quoted lines
        else if isInt value || isPath value then
          toString value
        else if isFloat value then
          toJSON value
        else if isBool value then
          lib.boolToString value
        else if value == null then
          "null"
        else if isList value then
          (if value == [ ] then "[ ]" else inside "[" "]" (map deeper value))
        else if lib.isFunction value then
          function value
        else if allowPrettyValues && value ? __pretty && value ? val then
          value.__pretty value.val
        else if value == { } then
          "{ }"
        else if lib.isDerivation value then
          "<derivation ${value.name or "???"}>"
        else
          inside "{" "}" (
            mapAttrsToList (
              name: item:
              "${lib.strings.escapeNixIdentifier name} = ${
                builtins.addErrorContext "while evaluating an attribute `${name}`" (deeper item)
              };"
            ) value
          );
    in
    show indent;

  # The same value, but whatever lies deeper than the limit fails, or says that it was not looked at.
  withRecursion =
    { depthLimit, throwOnDepthLimit ? true }:
    assert isInt depthLimit;
    let
      special = [ "__functor" "__functionArgs" "__toString" "__pretty" ];
      limited =
        depth: value:
        if depth <= depthLimit then
          value
        else if throwOnDepthLimit then
          throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
        else
          "<unevaluated>";
      walk =
        depth: value:
        let
          next = inner: walk (depth + 1) (limited (depth + 1) inner);
        in
        if isAttrs value then
          builtins.mapAttrs (name: inner: if builtins.elem name special then inner else next inner) value
        else if isList value then
          map next value
        else
          limited (depth + 1) value;
    in
    walk 0;

  # Apple's property lists.
  toPlist =
    { escape ? false }:
    let
      text = if escape then lib.escapeXML else lib.id;
      folder = tag: indent: lines: concatStringsSep "\n" ([ "${indent}<${tag}>" ] ++ (if lines == [ ] then [ "" ] else lines) ++ [ "${indent}</${tag}>" ]);
      entry =
        indent: name: value:
        lib.optionals (name != "_module" && value != null) [ "${indent}<key>${text name}</key>" (show indent value) ];
      show =
        indent: value:
        if value == null then
          ""
        else if isBool value then
          "${indent}<${lib.boolToString value}/>"
        else if isInt value then
          "${indent}<integer>${toString value}</integer>"
        else if isFloat value then
          "${indent}<real>${toString value}</real>"
        else if isString value || isPath value then
          "${indent}<string>${text (toString value)}</string>"
        else if isList value then
          folder "array" indent (map (show "\t${indent}") value)
        else if isAttrs value then
          folder "dict" indent (lib.concatLists (mapAttrsToList (entry "\t${indent}") value))
        else
          abort "generators.toPlist: a ${builtins.typeOf value} cannot be part of a property list";
    in
    value:
    concatStringsSep "\n" [
      ''<?xml version="1.0" encoding="UTF-8"?>''
      ''<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">''
      ''<plist version="1.0">''
      (show "" value)
      "</plist>"
    ];

  toDhall =
    { }@how:
    value:
    let
      inner = lib.generators.toDhall how;
      items = concatStringsSep ", ";
    in
    if isAttrs value then
      "{ ${items (mapAttrsToList (name: item: "${name} = ${inner item}") value)} }"
    else if isList value then
      "[ ${items (map inner value)} ]"
    else if isInt value then
      lib.optionalString (value >= 0) "+" + toString value
    else if isBool value then
      (if value then "True" else "False")
    else if lib.isFunction value || value == null then
      abort "generators.toDhall: cannot convert a ${if value == null then "null" else "function"} to Dhall"
    else
      toJSON value;

  # A Lua value, or with asBindings one assignment a line.
  toLua =
    { multiline ? true, indent ? "", asBindings ? false }:
    let
      isName = name: builtins.match "[[:alpha:]_][[:alnum:]_]*(\\.[[:alpha:]_][[:alnum:]_]*)*" name != null;
      bindings =
        set:
        let
          wrong = builtins.filter (name: !isName name) (builtins.attrNames set);
        in
        assert lib.assertMsg (wrong == [ ]) "Bad Lua var names: ${lib.generators.toPretty { } wrong}";
        lib.concatStrings (mapAttrsToList (name: value: "${indent}${name} = ${show indent value}\n") set);
      show =
        indent: value:
        let
          table = items: if items == [ ] then "{}" else block { inherit multiline indent; } "," "{" "}" items;
          inner = show "${indent}  ";
        in
        if value == null then
          "nil"
        else if isInt value || isFloat value || isString value || isBool value then
          toJSON value
        else if isPath value || lib.isDerivation value then
          toJSON "${value}"
        else if isList value then
          table (map inner value)
        else if isAttrs value then
          (
            if value._type or null == "lua-inline" then
              "(${value.expr})"
            else
              table (mapAttrsToList (name: item: "[${toJSON name}] = ${inner item}") value)
          )
        else
          abort "generators.toLua: type ${builtins.typeOf value} is unsupported";
    in
    if asBindings then bindings else show indent;
  mkLuaInline = expr: { _type = "lua-inline"; inherit expr; };
}
