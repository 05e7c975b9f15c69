# Two images that share all layers but the last one: a registry and an engine keep the shared ones once.
# `imagetools build examples/pair.nix && docker load -i result && docker load -i result-2`
with import <nixpkgs> { };

let
  image = side: dockerTools.buildLayeredImage {
    name = "pair-${side}";
    tag = "latest";
    contents = [ bash busybox ];
    extraCommands = ''
      echo "This is the ${side} one" > side
    '';
    config.Cmd = [ "/bin/cat" "/side" ];
  };
in
{
  left = image "left";
  right = image "right";
}
