# Users, owners and rights: commands run as root while the image is built, without root, virtual machine or daemon.
with import <nixpkgs> { };

dockerTools.buildImage {
  name = "users";
  tag = "latest";
  copyToRoot = [ busybox ];
  runAsRoot = ''
    ${dockerTools.shadowSetup}
    groupadd -r app
    useradd -r -g app -d /data app
    mkdir -m 2750 /data
    echo secret > /data/file
    chown -R app:app /data
    chmod 600 /data/file
  '';
  config = {
    Cmd = [ "/bin/busybox" "sh" "-c" "id -un; stat -c '%U:%G %a' /data /data/file; cat /data/file" ];
    User = "app";
  };
}
