# One image for two machines: what is the same lies in the registry once, what differs is said by functions of the machine.
# `imagetools build examples/machines.nix && imagetools push registry.example.org/machines --all`
with import <nixpkgs> { };

let
  site = writeTextDir "srv/index.html" "<h1>The same everywhere</h1>\n";
in
ociTools.buildLayout {
  name = "machines";
  tag = "latest";
  architectures = [ "amd64" "arm64" ];
  # programs of a set that builds for the machine: (import <nixpkgs> { inherit (machine) system; }).hello
  contents = machine: [
    site
    (writeTextDir "etc/machine" "${machine.platform}\n")
  ];
  config = { architecture, ... }: {
    Cmd = [ "/bin/serve" "/srv" ];
    Labels."org.example.architecture" = architecture;
  };
  annotations."org.opencontainers.image.title" = "machines";
}
