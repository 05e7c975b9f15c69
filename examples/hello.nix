# A layered image that prints a line. `imagetools build examples/hello.nix && docker load -i result && docker run --rm hello:latest`
{ pkgs ? import <nixpkgs> { } }:

let
  hello = pkgs.writeShellScriptBin "hello" ''
    echo "Hello from a definition in the Nix language"
  '';
in
pkgs.dockerTools.buildLayeredImage {
  name = "hello";
  tag = "latest";
  contents = [ hello ];
  config.Cmd = [ "/bin/hello" ];
}
