# An image on another one: its layers stay as they are, its environment is inherited, what it has is not there twice.
with import <nixpkgs> { };

let
  base = dockerTools.buildLayeredImage {
    name = "base";
    contents = [ busybox (writeTextDir "etc/motd" "from the base\n") ];
    config.Env = [ "PATH=/bin" "GREETING=hello" ];
  };
in
dockerTools.buildLayeredImage {
  name = "on-a-base";
  tag = "latest";
  fromImage = base; # or what pullImage gives, or ./saved.tar of `docker save`
  contents = [ busybox (writeTextDir "etc/issue" "from the image\n") ];
  config = {
    Cmd = [ "sh" "-c" "cat /etc/motd /etc/issue; echo $GREETING" ];
    Env = [ "GREETING=good day" ];
  };
}
