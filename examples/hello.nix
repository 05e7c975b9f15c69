# A layered image that prints a line.
#
#   imagetools build examples/hello.nix && imagetools load result && docker run --rm hello
with import <nixpkgs> { };
let
  greeting = writeText "greeting" "Hello from an image that was defined in Nix.\n";
in
dockerTools.buildLayeredImage {
  name = "hello";
  tag = "latest";
  config.Cmd = [ "${busybox}/bin/busybox" "cat" greeting ];
}
