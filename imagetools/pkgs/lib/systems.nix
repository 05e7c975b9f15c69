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

  # kernel → the processors that it is known on
  known = {
    linux = [
      "aarch64" "arc" "armv5tel" "armv6l" "armv7a" "armv7l" "i686" "loongarch64" "m68k" "microblaze" "microblazeel" "mips" "mips64"
      "mips64el" "mipsel" "powerpc" "powerpc64" "powerpc64le" "riscv32" "riscv64" "s390" "s390x" "sh4" "x86_64"
    ];
    darwin = [ "aarch64" "x86_64" ];
    freebsd = [ "aarch64" "i686" "x86_64" ];
    netbsd = [ "aarch64" "armv6l" "armv7a" "armv7l" "i686" "m68k" "mipsel" "powerpc" "riscv32" "riscv64" "x86_64" ];
    openbsd = [ "i686" "x86_64" ];
    cygwin = [ "i686" "x86_64" ];
    solaris = [ "x86_64" ];
    redox = [ "x86_64" ];
    windows = [ "aarch64" "i686" "x86_64" ];
  };
  doublesOf = kernels: lib.concatMap (kernel: map (cpu: "${cpu}-${kernel}") known.${kernel}) kernels;
  unix = [ "linux" "darwin" "freebsd" "netbsd" "openbsd" "cygwin" "solaris" "redox" ];
  all = doublesOf (unix ++ [ "windows" ]);
  onCpu = pattern: builtins.filter (double: builtins.match "(${pattern})-.*" double != null) all;
in
{
  # Lists of systems, for meta.platforms.
  doubles = {
    inherit all;
    none = [ ];
    unix = doublesOf unix;
    gnu = doublesOf [ "linux" ];
    illumos = doublesOf [ "solaris" ];
    x86 = onCpu "i686|x86_64";
    i686 = onCpu "i686";
    x86_64 = onCpu "x86_64";
    arm = onCpu "armv.*";
    armv7 = onCpu "armv7.";
    aarch = onCpu "armv.*|aarch64";
    aarch64 = onCpu "aarch64";
    mips = onCpu "mips.*";
    power = onCpu "powerpc.*";
    riscv = onCpu "riscv.*";
    riscv32 = onCpu "riscv32";
    riscv64 = onCpu "riscv64";
    s390x = onCpu "s390x";
    loongarch64 = onCpu "loongarch64";
  }
  // lib.genAttrs [ "linux" "darwin" "freebsd" "netbsd" "openbsd" "cygwin" "redox" "windows" ] (kernel: doublesOf [ kernel ]);

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
