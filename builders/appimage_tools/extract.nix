# appimageTools.extract: what is in an AppImage, as a tree. Made by builtin:appimage-extract (extract.py), which never runs it.
{ lib, bash, busybox }:
{
  src,
  name ? null,
  pname ? null,
  version ? null,
  postExtract ? "",
  ...
}:
assert lib.assertMsg (name != null || (pname != null && version != null))
  "appimageTools.extract: give it a name, or both pname and version";
assert lib.assertMsg (builtins.isString postExtract) "appimageTools.extract: postExtract must be a string";
derivation (
  {
    name = "${if name != null then name else "${pname}-${version}"}-extracted";
    src = "${src}";
    builder = "builtin:appimage-extract";
    builderVersion = 1; # raise it when the same AppImage would give another tree
    system = "builtin";
    preferLocalBuild = true;
  }
  // lib.optionalAttrs (postExtract != "") {
    inherit postExtract;
    shell = "${bash}/bin/bash";
    script = ../trivial/run.sh;
    PATH = "${bash}/bin:${busybox}/bin";
  }
)
