# Machines that an image is for: Go's names for them, which images use, and Nix's.
let
  # Nix's names of the processors.
  processors = {
    "386" = "i686";
    "amd64" = "x86_64";
    "arm" = "armv7l";
    "arm/v5" = "armv5tel";
    "arm/v6" = "armv6l";
    "arm/v7" = "armv7l";
    "arm64" = "aarch64";
    "loong64" = "loongarch64";
    "mips64le" = "mips64el";
    "mipsle" = "mipsel";
    "ppc64le" = "powerpc64le";
    "riscv64" = "riscv64";
    "s390x" = "s390x";
  };

  # What is said of a whole image, not of one machine's.
  ofAll = [ "name" "tag" "architecture" "architectures" "compressor" "format" "meta" "passthru" ];

  # An attribute's value as `derivation` puts it into the environment.
  environmentText = value:
    if builtins.isList value then builtins.concatStringsSep " " (map environmentText value)
    else if builtins.isPath value || builtins.isAttrs value then "${value}"
    else toString value;
in
{
  # `text` is a processor (arm64), or one of a certain kind (arm/v7).
  machine = where: argument: text:
    let
      parts = if builtins.isString text then builtins.match "([a-z0-9]+)(/([a-z0-9]+))?" text else null;
      architecture = builtins.head parts;
      processor = processors.${text} or (processors.${architecture} or (throw "${where}: no system of Nix is known for the machine '${text}'"));
    in
    if parts == null then
      throw "${where}: the argument '${argument}' must ${if argument == "architecture" then "be" else "hold"} Go's names of processors, such as amd64, arm64 or arm/v7, not ${
        if builtins.isString text then "'${text}'" else "a ${builtins.typeOf text}"
      }"
    else {
      inherit architecture;
      variant = let variant = builtins.elemAt parts 2; in if variant == null then "" else variant;
      os = "linux";
      platform = "linux/${text}";
      system = "${processor}-linux";
    };

  # The arguments as they are for one machine: those that are functions get it.
  forMachine = machine:
    builtins.mapAttrs (name: value: if builtins.isFunction value && !builtins.elem name ofAll then value machine else value);

  # Several derivations of images as attributes of one: what all have, and `machines`, in which they differ.
  together = derivations:
    let
      texts = map (one: builtins.mapAttrs (_: environmentText) one.drvAttrs) derivations;
      everything = builtins.foldl' (all: one: one // all) { } (map (one: one.drvAttrs) derivations);
      of = text: name: text.${name} or null;
      differing = builtins.filter
        (name: builtins.any (text: of text name != of (builtins.head texts) name) texts)
        (builtins.attrNames everything);
      changes = text: builtins.listToAttrs (map (name: { inherit name; value = of text name; }) differing);
    in
    everything // { machines = builtins.toJSON (map changes texts); };
}
