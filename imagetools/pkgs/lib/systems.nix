# Systems: what a name like "x86_64-linux" means, and what Debian calls it.
{ lib }:
let
  cpus = {
    x86_64 = { bits = 64; debian = "amd64"; docker = "amd64"; };
    aarch64 = { bits = 64; debian = "arm64"; docker = "arm64"; };
    i686 = { bits = 32; debian = "i386"; docker = "386"; };
    armv7l = { bits = 32; debian = "armhf"; docker = "arm"; };
    armv6l = { bits = 32; debian = "armel"; docker = "arm"; };
    powerpc64le = { bits = 64; debian = "ppc64el"; docker = "ppc64le"; };
    riscv64 = { bits = 64; debian = "riscv64"; docker = "riscv64"; };
    s390x = { bits = 64; debian = "s390x"; docker = "s390x"; };
  };
in
{
  elaborate =
    system:
    let
      parts = builtins.match "([^-]+)-(.+)" system;
      cpu = builtins.head parts;
      kernel = builtins.elemAt parts 1;
      known = cpus.${cpu} or { bits = null; debian = null; docker = cpu; };
    in
    if parts == null then
      throw "'${system}' is no system; it should look like x86_64-linux"
    else
      {
        inherit system;
        config = "${cpu}-unknown-${kernel}-gnu";
        linuxArch = cpu;
        debianArch = known.debian;
        parsed = { cpu = { name = cpu; inherit (known) bits; }; kernel.name = kernel; };
        go.GOARCH = known.docker;
        isLinux = kernel == "linux";
        isDarwin = kernel == "darwin";
        isx86_64 = cpu == "x86_64";
        isAarch64 = cpu == "aarch64";
        isx86 = cpu == "x86_64" || cpu == "i686";
        is64bit = known.bits == 64;
        is32bit = known.bits == 32;
      };
}
