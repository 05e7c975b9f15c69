# Options of a command line from attributes.
{ lib }:
let
  inherit (builtins) concatLists isBool isList stringLength;
  text = lib.generators.mkValueStringDefault { };
  perOption = f: options: concatLists (lib.mapAttrsToList f options);
in
rec {
  # What each option looks like is said by `format name`: { option; sep; explicitBool; formatArg }. sep = null makes two words.
  toCommandLine =
    format:
    let
      one =
        name: value:
        let
          how = format name;
          shown = (how.formatArg or text) value;
        in
        if value == null || (value == false && !how.explicitBool) then
          [ ]
        else if value == true && !how.explicitBool then
          [ how.option ]
        else if how.sep == null then
          [ how.option shown ]
        else
          [ "${how.option}${how.sep}${shown}" ];
      all =
        name: value:
        if name == "" then
          throw "lib.cli.toCommandLine only accepts non-empty option names."
        else if isList value then
          lib.concatMap (one name) value
        else
          one name value;
    in
    perOption all;
  toCommandLineShell = format: options: lib.escapeShellArgs (toCommandLine format options);

  toCommandLineGNU =
    { isLong ? name: stringLength name > 1, explicitBool ? false, formatArg ? text }:
    toCommandLine (name: {
      option = if isLong name then "--${name}" else "-${name}";
      sep = if isLong name then "=" else "";
      inherit explicitBool formatArg;
    });
  toCommandLineShellGNU = how: options: lib.escapeShellArgs (toCommandLineGNU how options);

  toGNUCommandLine =
    {
      mkOptionName ? name: if stringLength name == 1 then "-${name}" else "--${name}",
      mkBool ? name: value: lib.optional value (mkOptionName name),
      mkList ? name: lib.concatMap (mkOption name),
      mkOption ?
        name: value:
        if value == null then
          [ ]
        else if optionValueSeparator == null then
          [ (mkOptionName name) (text value) ]
        else
          [ "${mkOptionName name}${optionValueSeparator}${text value}" ],
      optionValueSeparator ? null,
    }:
    perOption (name: value: (if isBool value then mkBool else if isList value then mkList else mkOption) name value);
  toGNUCommandLineShell = how: options: lib.escapeShellArgs (toGNUCommandLine how options);
}
