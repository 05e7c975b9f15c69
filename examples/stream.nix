# An image that is never stored: the result is a script that writes it.
# `imagetools build examples/stream.nix && ./result | docker load && docker run --rm stream:latest`
with import <nixpkgs> { };

dockerTools.streamLayeredImage {
  name = "stream";
  tag = "latest";
  contents = [ busybox ];
  extraCommands = ''
    mkdir -m 1777 tmp
  '';
  config.Cmd = [ "/bin/sh" "-c" "echo written > /tmp/it && cat /tmp/it" ];
}
