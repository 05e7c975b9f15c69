# The names that Docker takes, so that a wrong one fails while the definition is evaluated.
# The same grammar as imagetools/image/reference.py, which the builder asks again.
let
  component = "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*";
  hostPart = "[a-z0-9]([a-z0-9-]*[a-z0-9])?";
  host = "${hostPart}([.]${hostPart})*(:[0-9]+)?";
  fits = grammar: text: builtins.match grammar text != null;
in
{
  # Docker wants lower case; nixpkgs lowers silently, and so does the caller before it comes here.
  checkName = where: name:
    if !builtins.isString name then
      throw "${where}: the argument 'name' must be a string, but it is a ${builtins.typeOf name}"
    else if fits "(${host}/)?${component}(/${component})*" name && builtins.stringLength name <= 255
      && !fits "[a-f0-9]{64}" name then
      name
    else if builtins.match ".*:[^/]*" name != null then
      throw "${where}: '${name}' cannot be the name of an image: a tag does not belong into it, use the argument 'tag'"
    else
      throw "${where}: '${name}' cannot be the name of an image: its parts, split by '/', are lower-case letters and digits, joined by '.', '_', '__' or dashes (at most 255 characters, and not 64 hexadecimal digits)";

  checkTag = where: tag:
    if !builtins.isString tag then
      throw "${where}: the argument 'tag' must be a string or null, but it is a ${builtins.typeOf tag}"
    else if fits "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}" tag then
      tag
    else
      throw "${where}: '${tag}' cannot be the tag of an image: 1 to 128 letters, digits, '_', '.' and '-' are allowed, and no '.' or '-' in front";
}
