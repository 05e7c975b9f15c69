# dockerTools: images for Docker and everything that reads its archives. See docker_tools.md.
#
# Each image is one derivation, made by builtin:docker-image (docker_image.py). Strings carry their context into it, so contents and
# config pull their closures in, as everywhere in Nix.
{ lib, system }:
let
  # Raise it together with BUILDER_VERSION in request.py whenever the bytes of any image change.
  builderVersion = 1;

  names = import ./names.nix;

  makeOverridable = lib.makeOverridable or (function: function);
  warn = lib.warn or (message: builtins.trace "warning: ${message}");

  # Go's names, which images use.
  architectures = {
    x86_64 = "amd64";
    aarch64 = "arm64";
    i686 = "386";
    armv5tel = "arm";
    armv6l = "arm";
    armv7l = "arm";
    mipsel = "mipsle";
    powerpc64le = "ppc64le";
    riscv64 = "riscv64";
    s390x = "s390x";
  };
  cpu = builtins.head (builtins.match "([^-]*)-.*" system);
  defaultArchitecture =
    architectures.${cpu} or (throw "dockerTools: no image architecture is known for the system '${system}'; give the argument 'architecture'");

  suffixes = { none = ""; gz = ".gz"; zstd = ".zst"; };

  toList = value: if builtins.isList value then value else if value == null then [ ] else [ value ];

  lower = builtins.replaceStrings
    [ "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ]
    [ "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ];

  notYet = what: throw "${what} is not supported yet by imagetools";

  # `unused`: what each argument must be as long as nothing answers to it.
  refuse = where: unused: args:
    let
      given = builtins.filter (name: args ? ${name} && args.${name} != unused.${name}) (builtins.attrNames unused);
    in
    if given == [ ] then args else notYet "${where}: the argument '${builtins.head given}'";

  image = where: buildArgs: { fileName, name, tag, contents, config, architecture, created, mtime, compressor, passthru, meta, ... }@more:
    let
      imageName = names.checkName where (if builtins.isString name then lower name else name);
      suffix = suffixes.${compressor} or (throw "${where}: the argument 'compressor' must be one of none, gz, zstd");
      drv = derivation ({
        name = builtins.seq imageName "${fileName}.tar${suffix}";
        builder = "builtin:docker-image";
        inherit system builderVersion imageName architecture created mtime compressor;
        imageTag = if tag == null then "" else names.checkTag where tag;
        contents = builtins.toJSON (map (content: "${content}") (toList contents));
        config = builtins.toJSON config;
      } // builtins.removeAttrs more [ "fileName" "name" "tag" "passthru" "meta" "contents" "config" ]);
      attributes = passthru // {
        inherit imageName buildArgs;
        imageTag =
          if tag != null then tag
          else builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext drv.outPath));
      };
    in
    drv // attributes // { passthru = attributes; inherit meta; };
in
{
  # One layer with the contents copied into the root.
  buildImage = makeOverridable (
    args@{ name
    , tag ? null
    , fromImage ? null
    , fromImageName ? null
    , fromImageTag ? null
    , copyToRoot ? null
    , contents ? null
    , keepContentsDirlinks ? false
    , config ? null
    , architecture ? defaultArchitecture
    , extraCommands ? ""
    , uid ? 0
    , gid ? 0
    , runAsRoot ? null
    , diskSize ? 1024
    , buildVMMemorySize ? 512
    , created ? "1970-01-01T00:00:01Z"
    , compressor ? "gz"
    , includeNixDB ? false
    , meta ? { }
    , passthru ? { }
    }:
    let
      where = "dockerTools.buildImage";
      checked = refuse where
        {
          fromImage = null;
          fromImageName = null;
          fromImageTag = null;
          extraCommands = "";
          runAsRoot = null;
          includeNixDB = false;
        }
        args;
      rootContents =
        if contents == null then copyToRoot
        else if copyToRoot != null then throw "${where}: in image '${name}' both contents and copyToRoot are given; contents is the old name"
        else warn "${where}: in image '${name}' the argument contents is the old name of copyToRoot" contents;
    in
    image where (builtins.seq checked args) {
      inherit name tag config architecture created compressor passthru meta keepContentsDirlinks;
      fileName = builtins.seq checked "docker-image-${baseNameOf name}";
      contents = rootContents;
      layout = "single";
      mtime = "1970-01-01T00:00:01Z";
      inherit uid gid;
      uname = if uid == 0 then "root" else "";
      gname = if gid == 0 then "root" else "";
      maxLayers = 2;
      includeStorePaths = true;
    }
  );

  # Popular store paths in layers of their own, links to the contents in the root.
  buildLayeredImage = makeOverridable (
    args@{ name
    , tag ? null
    , fromImage ? null
    , contents ? [ ]
    , config ? { }
    , architecture ? defaultArchitecture
    , created ? "1970-01-01T00:00:01Z"
    , mtime ? "1970-01-01T00:00:01Z"
    , uid ? 0
    , gid ? 0
    , uname ? "root"
    , gname ? "root"
    , maxLayers ? 100
    , extraCommands ? ""
    , fakeRootCommands ? ""
    , enableFakechroot ? false
    , includeStorePaths ? true
    , includeNixDB ? false
    , layeringPipeline ? null
    , debug ? false
    , compressor ? "gz"
    , meta ? { }
    , passthru ? { }
    }:
    let
      where = "dockerTools.buildLayeredImage";
      checked = refuse where
        {
          fromImage = null;
          extraCommands = "";
          fakeRootCommands = "";
          enableFakechroot = false;
          includeNixDB = false;
          layeringPipeline = null;
        }
        args;
      layers =
        if builtins.isInt maxLayers && maxLayers > 1 then maxLayers
        else throw "${where}: the argument maxLayers must be a whole number greater than 1 (it is ${builtins.toJSON maxLayers})";
    in
    image where (builtins.seq checked args) {
      inherit name tag contents config architecture created mtime uid gid uname gname compressor includeStorePaths passthru meta;
      fileName = builtins.seq checked (baseNameOf name);
      layout = "layered";
      keepContentsDirlinks = false;
      maxLayers = layers;
    }
  );

  inherit (builtins.mapAttrs (name: _: notYet "dockerTools.${name}") {
    binSh = 0;
    buildImageWithNixDb = 0;
    buildLayeredImageWithNixDb = 0;
    buildNixShellImage = 0;
    caCertificates = 0;
    exportImage = 0;
    fakeNss = 0;
    mergeImages = 0;
    pullImage = 0;
    shadowSetup = 0;
    streamLayeredImage = 0;
    streamNixShellImage = 0;
    usrBinEnv = 0;
  })
    binSh buildImageWithNixDb buildLayeredImageWithNixDb buildNixShellImage caCertificates exportImage fakeNss mergeImages
    pullImage shadowSetup streamLayeredImage streamNixShellImage usrBinEnv;
}
