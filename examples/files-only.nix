# One layer of files on nothing at all, with everything that a container configuration commonly says.
with import <nixpkgs> { };

dockerTools.buildImage {
  name = "files-only";
  tag = "1.0";
  copyToRoot = [
    (writeTextDir "etc/motd" "These files came out of a definition.\n")
    busybox
  ];
  config = {
    Cmd = [ "/bin/sh" "-c" "cat /etc/motd; id -u; echo $GREETING; pwd" ];
    Env = [ "PATH=/bin" "GREETING=good day" ];
    ExposedPorts."8080/tcp" = { };
    Volumes."/data" = { };
    User = "1000:1000";
    WorkingDir = "/data";
    Labels."org.opencontainers.image.title" = "files only";
  };
}
