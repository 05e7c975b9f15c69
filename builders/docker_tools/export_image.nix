# exportImage: the file system of an image as one tar, as `docker import` takes it. Made by builtin:docker-export (export_image.py).
{ system, defaultArchitecture, buildingOn }:
let
  # Raise it together with EXPORT_VERSION in export_image.py whenever the bytes of any tar change.
  builderVersion = 1;
in
{ fromImage
, fromImageName ? null
, fromImageTag ? null
, name ? fromImage.name or (baseNameOf (builtins.unsafeDiscardStringContext (toString fromImage)))
, architecture ? defaultArchitecture
, diskSize ? 1024 # of nixpkgs' virtual machine; nothing needs it here
}:
derivation ({
  inherit name system builderVersion architecture;
  builder =
    if fromImage == null then throw "dockerTools.exportImage: the argument 'fromImage' must be an image, but it is null"
    else "builtin:docker-export";
} // buildingOn "dockerTools.exportImage" { inherit fromImage fromImageName fromImageTag; })
