# A web server and its page. `imagetools build examples/web.nix && docker load -i result && docker run --rm -p 127.0.0.1:8080:8080 web:latest`
with import <nixpkgs> { };

let
  site = writeTextDir "index.html" ''
    <!DOCTYPE html>
    <title>web</title>
    <h1>This page was written by a definition</h1>
  '';
in
dockerTools.buildLayeredImage {
  name = "web";
  tag = "latest";
  config = {
    Cmd = [ "${busybox}/bin/httpd" "-f" "-v" "-p" "8080" "-h" site ];
    ExposedPorts."8080/tcp" = { };
    User = "1000:1000";
    StopSignal = "SIGKILL"; # as first process of a container it hears no SIGTERM
  };
}
