# dockerTools: images for Docker and everything that reads its archives. See docker_tools.md.
#
# Each image is one derivation, made by builtin:docker-image or builtin:docker-stream (docker_image.py, docker_stream.py). Strings carry their context into it, so contents and
# config pull their closures in, as everywhere in Nix.
#
# `pkgs` is the set that the helpers are made of.
{ lib, system, bash, busybox, pkgs ? throw "dockerTools: the helpers need 'pkgs'" }:
let
  inherit (import ./arguments.nix { inherit lib system bash busybox; })
    buildingOn
    database
    defaultArchitecture
    image
    layered
    makeOverridable
    running
    runningAsRoot
    warn
    ;
in
rec {
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
      rootContents =
        if contents == null then copyToRoot
        else if copyToRoot != null then throw "${where}: in image '${name}' both contents and copyToRoot are given; contents is the old name"
        else warn "${where}: in image '${name}' the argument contents is the old name of copyToRoot" contents;
    in
    image where args ({
      inherit name tag config architecture created compressor passthru meta keepContentsDirlinks;
      fileName = "docker-image-${baseNameOf name}";
      contents = rootContents;
      layout = "single";
      mtime = "1970-01-01T00:00:01Z";
      inherit uid gid;
      uname = if uid == 0 then "root" else "";
      gname = if gid == 0 then "root" else "";
      maxLayers = 2;
      includeStorePaths = true;
    } // buildingOn where { inherit fromImage fromImageName fromImageTag; } // database includeNixDB // running where extraCommands // runningAsRoot where {
      inherit runAsRoot;
      unneeded = builtins.filter (name: args ? ${name}) [ "diskSize" "buildVMMemorySize" ];
    })
  );

  # Popular store paths in layers of their own, links to the contents in the root.
  buildLayeredImage = makeOverridable (
    let where = "dockerTools.buildLayeredImage"; in
    layered where (buildArgs: request:
      image where buildArgs (request // {
        passthru = request.passthru // { stream = streamLayeredImage (removeAttrs buildArgs [ "compressor" ]); };
      }))
  );

  # A script that writes that same archive, uncompressed, to its standard output; the image never enters the store.
  streamLayeredImage = makeOverridable (
    let where = "dockerTools.streamLayeredImage"; in
    layered where (buildArgs: request:
      image where buildArgs (request // {
        builder = "builtin:docker-stream";
        drvName = "stream-${request.fileName}";
        outputs = [ "out" "plan" ];
        template = ./stream_image.py.j2;
        passthru = request.passthru // { isExe = true; };
        compressor = "none";
        # the tag that the image has when it is built
        tag = if request.tag != null then request.tag else (image where buildArgs request).imageTag;
      }))
  );

  # An image from a registry.
  pullImage = import ./pull_image.nix { inherit lib defaultArchitecture; };

  # Images in which a Nix knows its store.
  buildImageWithNixDb = args: buildImage (args // { includeNixDB = true; });
  buildLayeredImageWithNixDb = args: buildLayeredImage (args // { includeNixDB = true; });

  inherit (import ./helpers.nix { inherit lib pkgs; })
    binSh
    caCertificates
    fakeNss
    shadowSetup
    usrBinEnv
    ;

  # The file system of an image as one tar.
  exportImage = import ./export_image.nix { inherit system defaultArchitecture buildingOn; };

  # Several images in one archive.
  mergeImages = import ./merge_images.nix { inherit system defaultArchitecture; };

  # Shells with the environment of a derivation's build.
  inherit (import ./nix_shell_image.nix { inherit lib pkgs streamLayeredImage buildLayeredImage binSh usrBinEnv; })
    buildNixShellImage
    streamNixShellImage
    ;
}
