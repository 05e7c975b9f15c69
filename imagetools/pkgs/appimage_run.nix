# What `imagetools appimage run` builds: the image `file` (a path as text), wrapped with what appimageTools gives by default.
{ file, name, pkgs ? import ./. { } }:
pkgs.appimageTools.wrapType2 {
  pname = name;
  version = "run";
  src = builtins.path { path = /. + file; name = "${name}.AppImage"; recursive = false; };
}
