# mergeImages: several archives as one, which `docker load` takes. Made by builtin:docker-merge (merge_images.py).
{ system, defaultArchitecture }:
let
  where = "dockerTools.mergeImages";

  # Raise it together with MERGE_VERSION in merge_images.py whenever the bytes of any archive change.
  builderVersion = 1;

  isImage = image: builtins.isString image || builtins.isPath image || image ? outPath;
in
images:
if !builtins.isList images then
  throw "${where} takes a list of images, but this is a ${builtins.typeOf images}"
else if images == [ ] then
  throw "${where} takes a list of images, but this one is empty"
else if !builtins.all isImage images then
  throw "${where} takes a list of images (derivations or paths), but one of them is a ${builtins.typeOf (builtins.head (builtins.filter (image: !isImage image) images))}"
else
  derivation {
    name = "merge-docker-images";
    builder = "builtin:docker-merge";
    inherit system builderVersion;
    architecture = defaultArchitecture;
    images = builtins.toJSON (map (image: "${image}") images);
  }
