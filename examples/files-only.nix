# One layer from scratch: nothing but files, and a config that says how to use them.
#
#   imagetools build examples/files-only.nix && imagetools load result && docker run --rm files-only
with import <nixpkgs> { };
dockerTools.buildImage {
  name = "files-only";
  tag = "latest";
  copyToRoot = [
    busybox
    (writeTextDir "srv/www/index.html" "<h1>It works.</h1>\n")
  ];
  config = {
    Entrypoint = [ "/bin/busybox" ];
    Cmd = [ "cat" "/srv/www/index.html" ];
    Env = [ "LANG=C.UTF-8" "GREETING=hello" ];
    ExposedPorts."8080/tcp" = { };
    Volumes."/data" = { };
    User = "1000:1000";
    WorkingDir = "/srv/www";
    Labels."org.opencontainers.image.title" = "files-only";
  };
}
