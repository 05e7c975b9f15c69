# What the functions that make images have in common: their arguments, checked, as attributes of one derivation.
# dockerTools and ociTools are made of it. bash and busybox run `extraCommands`; they are no part of an image.
{ lib, system, bash, busybox }:
let
  # Raise it together with BUILDER_VERSION in request.py whenever the bytes of any image change.
  builderVersion = 2;

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

  suffixOf = where: compressor:
    { none = ""; gz = ".gz"; zstd = ".zst"; }.${compressor} or (throw "${where}: the argument 'compressor' must be one of none, gz, zstd");

  toList = value: if builtins.isList value then value else if value == null then [ ] else [ value ];

  lower = builtins.replaceStrings
    [ "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ]
    [ "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ];

  # The attributes that a derivation needs to run bash, and none where there is nothing to run.
  running = where: extraCommands:
    if extraCommands == "" then { }
    else if !builtins.isString extraCommands then
      throw "${where}: the argument 'extraCommands' must be a string, but it is a ${builtins.typeOf extraCommands}"
    else { inherit extraCommands; } // shellAttributes;

  # install and substituteInPlace, as in nixpkgs; an image's own install comes first.
  runCommands = builtins.toFile "run.sh" (
    builtins.readFile ../trivial/usual_commands.sh
    + "\nif type -P install >/dev/null; then unset -f install; fi\n"
    + builtins.readFile ../trivial/run.sh
  );

  shellAttributes = {
    shell = "${bash}/bin/bash";
    script = runCommands;
    PATH = "${bash}/bin:${busybox}/bin";
  };

  # The same for commands that run as root, in the build of the image and without a virtual machine; `unneeded`: given arguments
  # that would be that machine's.
  runningAsRoot = where: { runAsRoot ? null, fakeRootCommands ? "", enableFakechroot ? false, unneeded ? [ ] }:
    let
      text = name: value:
        if value == null || value == "" then { }
        else if builtins.isString value then { ${name} = value; }
        else throw "${where}: the argument '${name}' must be a string, but it is a ${builtins.typeOf value}";
      texts = text "runAsRoot" runAsRoot // text "fakeRootCommands" fakeRootCommands;
      chroot =
        if !builtins.isBool enableFakechroot then
          throw "${where}: the argument 'enableFakechroot' must be true or false, but it is a ${builtins.typeOf enableFakechroot}"
        else if enableFakechroot then { inherit enableFakechroot; }
        else { };
    in
    if texts == { } then builtins.seq chroot { }
    else texts // chroot // (if unneeded == [ ] then { } else { unneeded = builtins.concatStringsSep " " unneeded; }) // shellAttributes;

  # What says on which image to build; nothing where there is none.
  buildingOn = where: { fromImage, fromImageName, fromImageTag }:
    let
      text = name: value:
        if value == null then { }
        else if builtins.isString value then { ${name} = value; }
        else throw "${where}: the argument '${name}' must be a string or null, but it is a ${builtins.typeOf value}";
    in
    if fromImage == null then
      if fromImageName == null && fromImageTag == null then { }
      else warn "${where}: fromImageName and fromImageTag mean nothing without fromImage" { }
    else if !(builtins.isString fromImage || builtins.isPath fromImage || fromImage ? outPath) then
      throw "${where}: the argument 'fromImage' must be an image (a derivation or a path), but it is a ${builtins.typeOf fromImage}"
    else { fromImage = "${fromImage}"; } // text "fromImageName" fromImageName // text "fromImageTag" fromImageTag;

  # Which store paths share a layer: steps, or a path to a JSON file with them (layering.md); nothing where popularity decides.
  layering = where: layeringPipeline: debug:
    let file = builtins.isString layeringPipeline || builtins.isPath layeringPipeline || layeringPipeline ? outPath; in
    (if layeringPipeline == null then { }
    else if file then { layeringPipeline = builtins.toJSON "${layeringPipeline}"; }
    else if builtins.isList layeringPipeline then { layeringPipeline = builtins.toJSON layeringPipeline; }
    else throw "${where}: the argument 'layeringPipeline' must be a list of steps or the path of a JSON file, but it is a ${builtins.typeOf layeringPipeline}")
    // (if debug then { inherit debug; } else { });

  # Nothing where there is none, so that such images have the derivations that they have without the argument.
  database = includeNixDB: if includeNixDB then { inherit includeNixDB; } else { };

  image = where: buildArgs:
    { fileName, name, tag, contents, config, compressor, passthru, meta, drvName ? "${fileName}.tar${suffixOf where compressor}", ... }@more:
    let
      imageName = names.checkName where (if builtins.isString name then lower name else name);
      drv = derivation ({
        name = builtins.seq imageName drvName;
        builder = "builtin:docker-image";
        inherit system builderVersion imageName compressor;
        imageTag = if tag == null then "" else names.checkTag where tag;
        contents = builtins.toJSON (map (content: "${content}") (toList contents));
        config = builtins.toJSON config;
      } // builtins.removeAttrs more [ "drvName" "fileName" "name" "tag" "passthru" "meta" "contents" "config" ]);
      attributes = passthru // {
        inherit imageName buildArgs;
        imageTag =
          if tag != null then tag
          else builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext drv.outPath));
      };
    in
    drv // attributes // { passthru = attributes; inherit meta; };

  # The arguments of buildLayeredImage and streamLayeredImage; `make` gets what `image` wants.
  layered = where: make:
    args@{ name
    , tag ? null
    , fromImage ? null
    , fromImageName ? null
    , fromImageTag ? null
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
      layers =
        if layeringPipeline != null then 100
        else if builtins.isInt maxLayers && maxLayers > 1 then maxLayers
        else throw "${where}: the argument maxLayers must be a whole number greater than 1 (it is ${builtins.toJSON maxLayers})";
    in
    make args ({
      inherit name tag contents config architecture created mtime uid gid uname gname compressor includeStorePaths passthru meta;
      fileName = baseNameOf name;
      layout = "layered";
      keepContentsDirlinks = false;
      maxLayers = layers;
    } // buildingOn where { inherit fromImage fromImageName fromImageTag; } // layering where layeringPipeline debug // database includeNixDB // running where extraCommands
    // runningAsRoot where { inherit fakeRootCommands enableFakechroot; });
in
{
  inherit
    buildingOn
    database
    defaultArchitecture
    image
    layered
    makeOverridable
    running
    runningAsRoot
    suffixOf
    warn
    ;
}
