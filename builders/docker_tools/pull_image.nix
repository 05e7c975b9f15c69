# pullImage: an image from a registry as a docker archive, a fixed output. See pull_image.md.
{ lib, defaultArchitecture }:
{ imageName
, imageDigest
, hash ? ""
, sha256 ? ""
, outputHash ? ""
, outputHashAlgo ? ""
, os ? "linux"
, arch ? defaultArchitecture
, finalImageName ? imageName
, finalImageTag ? "latest"
, tlsVerify ? true
, name ? null
}:
let
  where = "dockerTools.pullImage";
  text = argument: value:
    if builtins.isString value then value
    else throw "${where}: the argument '${argument}' must be a string, but it is a ${builtins.typeOf value}";
  of = "${where} of '${text "imageName" imageName}'";

  finalName = text "finalImageName" finalImageName;
  finalTag = text "finalImageTag" finalImageTag;
  fileName =
    if name != null then name
    else builtins.replaceStrings [ "/" ":" ] [ "-" "-" ] "docker-image-${finalName}-${finalTag}.tar";

  checkedName =
    if builtins.match ".*@.*" (text "imageName" imageName) != null then
      throw "${of}: a digest does not belong into imageName, use the argument imageDigest"
    else if builtins.match ".*:[^/]*" imageName != null then
      throw "${of}: a tag does not belong into imageName: what is fetched is named by imageDigest, what it is called then by finalImageTag"
    else
      imageName;
  checkedDigest =
    if builtins.match "sha256:[0-9a-f]{64}" (text "imageDigest" imageDigest) != null then imageDigest
    else throw "${of}: imageDigest must be sha256: and 64 hexadecimal digits, but it is '${imageDigest}' (imagetools prefetch docker ${imageName} tells it)";

  fixed = import ../../fetchers/fixed_output.nix { inherit lib; } { fetcher = where; what = "'${imageName}'"; } {
    inherit hash sha256 outputHash outputHashAlgo;
  };
in
derivation {
  name = builtins.seq checkedName (builtins.seq checkedDigest fileName);
  builder = "builtin:docker-pull";
  system = "builtin";
  imageName = finalName;
  imageTag = finalTag;
  imageDigest = checkedDigest;
  sourceURL = "docker://${checkedName}@${checkedDigest}";
  destNameTag = "${finalName}:${finalTag}";
  os = text "os" os;
  arch = text "arch" arch;
  inherit tlsVerify;
  inherit (fixed) outputHash outputHashAlgo;
  outputHashMode = "flat";
  preferLocalBuild = true;
  impureEnvVars = lib.fetchers.proxyImpureEnvVars;
}
