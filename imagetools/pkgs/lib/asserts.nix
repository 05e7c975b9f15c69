# Assertions that say what is wrong.
{ lib }:
let
  show = lib.generators.toPretty { };
in
{
  assertMsg = condition: message: condition || throw message;
  assertOneOf =
    name: value: choices:
    lib.assertMsg (builtins.elem value choices) "${name} must be one of ${show choices}, but is: ${show value}";
  assertEachOneOf =
    name: values: choices:
    lib.assertMsg (builtins.all (value: builtins.elem value choices) values)
      "each element in ${name} must be one of ${show choices}, but is: ${show values}";
  checkAssertWarn =
    assertions: warnings: value:
    let
      failed = builtins.filter (one: !one.assertion) assertions;
    in
    if failed == [ ] then
      lib.showWarnings warnings value
    else
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (one: "- ${one.message}") failed}";
}
