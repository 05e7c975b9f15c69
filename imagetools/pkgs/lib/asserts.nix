# Assertions that say what is wrong.
{ lib }:
{
  assertMsg = condition: message: if condition then true else builtins.trace message false;
  assertOneOf =
    name: value: choices:
    lib.assertMsg (builtins.elem value choices) "${name} must be one of ${lib.concatMapStringsSep ", " toString choices}, but is: ${toString value}";
}
