# ociTools: bundles for container runners, and images as OCI layouts. See oci_tools.md.
#
# Made by builtin:oci-bundle and builtin:oci-layout (oci_bundle.py, oci_image_layout.py).
{ lib, system, bash, busybox }:
let
  inherit (import ../docker_tools/arguments.nix { inherit lib system bash busybox; }) defaultArchitecture image layered makeOverridable suffixOf;
  machines = import ./machines.nix;

  # Raise it together with BUILDER_VERSION in oci_bundle.py whenever the bytes of any bundle change.
  bundleVersion = 1;

  isStrings = value: builtins.isList value && builtins.all (item: builtins.isString item || builtins.isPath item || item ? outPath) value;

  checkMount = where: destination: mount:
    let
      wrong = what: throw "${where}: the mount '${destination}' ${what}";
      unknown = builtins.attrNames (removeAttrs mount [ "type" "source" "options" ]);
    in
    if builtins.match "/.*" destination == null then wrong "must be an absolute path"
    else if builtins.elem ".." (lib.splitString "/" destination) then wrong "must not have '..' in it"
    else if !builtins.isAttrs mount then wrong "must be a set { type, source, options }, but it is a ${builtins.typeOf mount}"
    else if !(mount ? type && mount ? source) then wrong "needs 'type' and 'source'"
    else if unknown != [ ] then wrong "has an unknown attribute '${builtins.head unknown}'; known are type, source, options"
    else if !(builtins.isString mount.type) then wrong "must have a string as its type"
    else if !(isStrings [ mount.source ]) then wrong "must have a string as its source"
    else if mount.options or null != null && !isStrings mount.options then wrong "must have a list of strings as its options"
    else { type = mount.type; source = "${mount.source}"; options = mount.options or null; };

  # `args` are the machine's; `given` what the person wrote.
  layoutFor = where: machine: given:
    args@{ name
    , contents ? [ ]
    , copyToRoot ? null
    , compressor ? "gz"
    , format ? "dir"
    , annotations ? { }
    , ...
    }:
    let
      make = _: request:
        let
          made = image where given (request // (if machine.variant == "" then { } else { inherit (machine) variant; }) // {
            builder = "builtin:oci-layout";
            drvName = builtins.seq (suffixOf where compressor) "${request.fileName}${checkedFormat}";
            outputs = [ "out" "digests" ];
            inherit format;
            annotations = builtins.toJSON checkedAnnotations;
            passthru = digestsOf (builtins.fromJSON (builtins.readFile made.digests)) // request.passthru;
          });
        in
        made;
      checkedFormat = { dir = ""; tar = ".tar"; }.${format} or (throw "${where}: the argument 'format' must be one of dir, tar");
      checkedAnnotations =
        if !builtins.isAttrs annotations then
          throw "${where}: the argument 'annotations' must be a set of strings, but it is a ${builtins.typeOf annotations}"
        else
          builtins.mapAttrs
            (key: value:
              if builtins.isString value then value
              else throw "${where}: the annotation '${key}' must be a string, but it is a ${builtins.typeOf value}")
            annotations;
      both = args ? contents && copyToRoot != null;
    in
    layered where make (removeAttrs args [ "format" "annotations" "copyToRoot" ] // {
      inherit (machine) architecture;
      contents =
        if both then throw "${where}: in image '${name}' both contents and copyToRoot are given; they mean the same here"
        else if copyToRoot != null then copyToRoot
        else contents;
    });

  digestsOf = digests: {
    manifestDigest = digests.manifest;
    configDigest = digests.config;
    layerDigests = digests.layers;
    inherit (digests) diffIds;
  };

  # One layout of several images, which are one image for several machines.
  severalOf = where: args: images:
    let
      one = builtins.head images;
      drv = derivation (machines.together images // { ownArchitecture = defaultArchitecture; });
      digests = builtins.fromJSON (builtins.readFile drv.digests);
      attributes = {
        manifestDigest = digests.manifest;
        machines = builtins.mapAttrs (_: digestsOf) digests.machines;
      } // args.passthru or { } // {
        inherit (one) imageName;
        buildArgs = args;
        imageTag =
          if args.tag or null != null then args.tag
          else builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext drv.outPath));
      };
    in
    drv // attributes // { passthru = attributes; meta = args.meta or { }; };
in
{
  # A folder with config.json and rootfs, as runc and its kin take it.
  buildContainer = makeOverridable (
    { args
    , mounts ? { }
    , os ? "linux"
    , arch ? builtins.head (builtins.match "([^-]*)-.*" system)
    , readonly ? false
    , name ? "oci-container"
    }:
    let where = "ociTools.buildContainer"; in
    if !isStrings args || args == [ ] then
      throw "${where}: the argument 'args' must be a list of strings, the program first (it is ${if args == [ ] then "empty" else "a ${builtins.typeOf args}"})"
    else if !builtins.isAttrs mounts then
      throw "${where}: the argument 'mounts' must be a set of mount points, but it is a ${builtins.typeOf mounts}"
    else if !builtins.isBool readonly then
      throw "${where}: the argument 'readonly' must be true or false, but it is a ${builtins.typeOf readonly}"
    else
      derivation {
        inherit name system os arch readonly;
        builder = "builtin:oci-bundle";
        builderVersion = bundleVersion;
        processArgs = builtins.toJSON (map (arg: "${arg}") args);
        mounts = builtins.toJSON (builtins.mapAttrs (checkMount where) mounts);
      }
  );

  # An image as an OCI layout: a folder, or a tar of it. The output `digests` is a small JSON file that refers to nothing.
  # With `architectures` the layout has an index, with an image for each of them; any argument may then be a function of the machine.
  buildLayout = makeOverridable (
    args@{ name
    , architecture ? defaultArchitecture
    , architectures ? null
    , ...
    }:
    let
      where = "ociTools.buildLayout";
      checkedArchitectures =
        if args ? architecture then
          throw "${where}: in image '${name}' both architecture and architectures are given"
        else if !builtins.isList architectures || architectures == [ ] then
          throw "${where}: the argument 'architectures' must be a list of processors, such as [ \"amd64\" \"arm64\" ] (it is ${
            if architectures == [ ] then "empty" else "a ${builtins.typeOf architectures}"
          })"
        else
          map
            (text:
              if builtins.length (builtins.filter (other: other == text) architectures) > 1 then
                throw "${where}: the argument 'architectures' has '${text}' twice"
              else text)
            architectures;
      rest = removeAttrs args [ "architecture" "architectures" ];
      oneOf = argument: text:
        let machine = machines.machine where argument text; in
        layoutFor where machine args (machines.forMachine machine rest);
    in
    if architectures == null then oneOf "architecture" architecture
    else severalOf where args (map (oneOf "architectures") checkedArchitectures)
  );
}
