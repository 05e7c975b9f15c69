# Libraries out of Debian's packages, under the names that nixpkgs has for them: for environments that have the folders of an
# ordinary Linux (buildFHSEnv, appimageTools). Trees as in Debian (usr/lib/x86_64-linux-gnu), unlike nixpkgs'. Such a library
# does not know where those lie that it loads, so each names them: `needs`, which buildFHSEnv follows. All need glibc.
{ lib, debian }:
let
  # `override` may change the names that follow, and what is needed
  make = lib.makeOverridable (
    { pname, package, needs }:
    let
      tree = debian package;
    in
    lib.extendDerivation true {
      inherit pname needs;
      version = lib.removePrefix "${package}-" tree.name;
      meta.description = "Debian's ${package}";
    } tree
  );
  library = pname: package: needs: make { inherit pname package needs; };
  of = lib.mapAttrs (pname: entry: library pname (builtins.head entry) (builtins.tail entry));

  glibc = library "glibc" "libc6" [ ] // { bin = library "glibc-bin" "libc-bin" [ ]; };

  plain = of {
    alsa-lib = [ "libasound2" alsaData ];
    brotli = [ "libbrotli1" ];
    bzip2 = [ "libbz2-1.0" ];
    dbus = [ "libdbus-1-3" plain.systemdLibs ];
    e2fsprogs = [ "libcom-err2" ];
    expat = [ "libexpat1" ];
    fontconfig = [ "libfontconfig1" plain.expat plain.freetype plain.libuuid ];
    freetype = [ "libfreetype6" plain.brotli plain.libpng plain.zlib ];
    fribidi = [ "libfribidi0" ];
    glib = [ "libglib2.0-0" plain.libffi plain.pcre2 plain.util-linux plain.libselinux plain.zlib ];
    gmp = [ "libgmp10" ];
    graphite2 = [ "libgraphite2-3" ];
    harfbuzz = [ "libharfbuzz0b" plain.freetype plain.glib plain.graphite2 ];
    libcap = [ "libcap2" ];
    libdatrie = [ "libdatrie1" ];
    libdrm = [ "libdrm2" drmData ];
    libffi = [ "libffi8" ];
    libgcc = [ "libgcc-s1" ];
    libgcrypt = [ "libgcrypt20" plain.libgpg-error ];
    libGL = [ "libgl1" plain.libglvnd glx plain.libopengl egl ];
    libglvnd = [ "libglvnd0" ];
    libgpg-error = [ "libgpg-error0" ];
    libopengl = [ "libopengl0" plain.libglvnd ];
    libpng = [ "libpng16-16" plain.zlib ];
    libselinux = [ "libselinux1" plain.pcre2 ];
    libstdcxx = [ "libstdc++6" plain.libgcc ];
    libthai = [ "libthai0" thaiData plain.libdatrie ];
    libuuid = [ "libuuid1" ];
    libxcrypt = [ "libcrypt1" ];
    libxkbcommon = [ "libxkbcommon0" xorg.xkeyboardconfig ];
    lz4 = [ "liblz4-1" ];
    ncurses = [ "libtinfo6" ];
    nspr = [ "libnspr4" ];
    nss = [ "libnss3" plain.nspr plain.sqlite ];
    openssl = [ "libssl3" ];
    p11-kit = [ "libp11-kit0" plain.libffi ];
    pcre2 = [ "libpcre2-8-0" ];
    sqlite = [ "libsqlite3-0" ];
    systemdLibs = [ "libsystemd0" plain.libcap plain.libgcrypt plain.lz4 plain.xz plain.zstd ];
    util-linux = [ "libmount1" blkid plain.libselinux ];
    wayland = [ "libwayland-client0" waylandServer waylandCursor waylandEgl plain.libffi ];
    xz = [ "liblzma5" ];
    zlib = [ "zlib1g" ];
    zstd = [ "libzstd1" ];
  };

  xorg = of {
    libICE = [ "libice6" ];
    libSM = [ "libsm6" xorg.libICE plain.libuuid ];
    libX11 = [ "libx11-6" x11Data x11Xcb xorg.libxcb ];
    libXau = [ "libxau6" ];
    libxcb = [ "libxcb1" xorg.libXau xorg.libXdmcp ];
    libXcomposite = [ "libxcomposite1" xorg.libX11 ];
    libXcursor = [ "libxcursor1" xorg.libX11 xorg.libXfixes xorg.libXrender ];
    libXdamage = [ "libxdamage1" xorg.libX11 xorg.libXfixes ];
    libXdmcp = [ "libxdmcp6" bsd ];
    libXext = [ "libxext6" xorg.libX11 ];
    libXfixes = [ "libxfixes3" xorg.libX11 ];
    libXi = [ "libxi6" xorg.libX11 xorg.libXext ];
    libXinerama = [ "libxinerama1" xorg.libX11 xorg.libXext ];
    libXrandr = [ "libxrandr2" xorg.libX11 xorg.libXext xorg.libXrender ];
    libXrender = [ "libxrender1" xorg.libX11 ];
    libXtst = [ "libxtst6" xorg.libX11 xorg.libXext xorg.libXi ];
    xkeyboardconfig = [ "xkb-data" ];
  };

  # parts that have no name of their own in nixpkgs
  alsaData = library "alsa-data" "libasound2-data" [ ];
  blkid = library "libblkid" "libblkid1" [ ];
  bsd = library "libbsd" "libbsd0" [ (library "libmd" "libmd0" [ ]) ];
  drmData = library "libdrm-data" "libdrm-common" [ ];
  egl = library "libEGL" "libegl1" [ plain.libglvnd ];
  glx = library "libGLX" "libglx0" [ plain.libglvnd xorg.libX11 ];
  thaiData = library "libthai-data" "libthai-data" [ ];
  waylandCursor = library "wayland-cursor" "libwayland-cursor0" [ ];
  waylandEgl = library "wayland-egl" "libwayland-egl1" [ ];
  waylandServer = library "wayland-server" "libwayland-server0" [ plain.libffi ];
  x11Data = library "libX11-data" "libx11-data" [ ];
  x11Xcb = library "libX11-xcb" "libx11-xcb1" [ ];
in
plain // { inherit glibc xorg; }
