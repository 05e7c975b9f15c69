# What images without a base lack and many programs expect: small trees for copyToRoot and contents, and shadowSetup for runAsRoot.
{ lib, pkgs }:
let
  inherit (pkgs) bashInteractive cacert runCommandLocal runtimeShell shadow;

  # links: where they lie, and what they lead to
  linked = name: description: links:
    runCommandLocal name { meta = { inherit description; }; } (lib.concatStrings (lib.mapAttrsToList (place: target: ''
      mkdir -p "$out/${dirOf place}"
      ln -s ${target} "$out/${place}"
    '') links));

  bundle = "${cacert}/etc/ssl/certs/ca-bundle.crt";
in
{
  inherit (pkgs) fakeNss;

  usrBinEnv = linked "usr-bin-env" "/usr/bin/env, for scripts" { "usr/bin/env" = "${pkgs.coreutils or pkgs.busybox}/bin/env"; };

  # The shell for people, since it is also what `docker run -it` starts.
  binSh = linked "bin-sh" "/bin/sh, which is bash" { "bin/sh" = "${bashInteractive}/bin/bash"; };

  # Where the distributions have it: Debian and Arch, older NixOS, Fedora.
  caCertificates = linked "ca-certificates" "The certificates of cacert, where programs look for them" {
    "etc/ssl/certs/ca-certificates.crt" = bundle;
    "etc/ssl/certs/ca-bundle.crt" = bundle;
    "etc/pki/tls/certs/ca-bundle.crt" = bundle;
  };

  # Each file only where there is none, so that it suits every base image.
  shadowSetup = ''
    export PATH=${shadow}/bin:$PATH
    mkdir -p /etc/pam.d
    [[ -f /etc/passwd ]] || {
      echo "root:x:0:0::/root:${runtimeShell}" > /etc/passwd
      echo "root:!x:::::::" > /etc/shadow
    }
    [[ -f /etc/group ]] || {
      echo "root:x:0:" > /etc/group
      echo "root:x::" > /etc/gshadow
    }
    [[ -f /etc/pam.d/other ]] || cat > /etc/pam.d/other <<EOF
    account sufficient pam_unix.so
    auth sufficient pam_rootok.so
    password requisite pam_unix.so nullok yescrypt
    session required pam_unix.so
    EOF
    [[ -f /etc/login.defs ]] || touch /etc/login.defs
  '';
}
