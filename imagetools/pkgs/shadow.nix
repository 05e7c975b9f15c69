# Programs that keep /etc/passwd, /etc/group and kin, from Debian: for runAsRoot, where images get users. Those that ask PAM are left
# out. Started by their own loader, since an image need not have one where Debian has it.
{ lib, platform, debian, runCommandLocal, runtimeShell }:
let
  inherit (import ./loader.nix { inherit platform; } "shadow") triple loader;
  tree = debian "passwd";
  version = lib.removePrefix "passwd-" tree.name;
in
runCommandLocal "shadow-${version}" {
  pname = "shadow";
  inherit version tree;
  libc = "${debian "libc6"}/lib/${triple}";
  libraries = map (package: "${debian package}") [
    "libaudit1"
    "libbz2-1.0"
    "libcap-ng0"
    "libcrypt1"
    "libpcre2-8-0"
    "libselinux1"
    "libsemanage2"
    "libsepol2"
  ];
  meta.description = "useradd, groupadd and the other programs that change /etc/passwd and /etc/group";
} ''
  mkdir -p $out/bin $out/lib $out/libexec
  cp $libc/${loader} $libc/libc.so.6 $out/lib/
  for package in $libraries; do
    cp -L $package/lib/${triple}/lib*.so.* $package/usr/lib/${triple}/lib*.so.* $out/lib/ 2>/dev/null || true
  done
  for program in usr/sbin/{group,user}{add,del,mod} usr/sbin/{grp,pw}{conv,unconv} usr/sbin/{grpck,pwck,groupmems} usr/bin/{chage,gpasswd}; do
    cp $tree/$program $out/libexec/
    name=''${program##*/}
    chmod 555 $out/libexec/$name
    printf '#!%s\nexec %s --library-path %s %s "$@"\n' ${runtimeShell} $out/lib/${loader} $out/lib $out/libexec/$name > $out/bin/$name
    chmod 755 $out/bin/$name
  done
  $out/bin/useradd --help > /dev/null
''
