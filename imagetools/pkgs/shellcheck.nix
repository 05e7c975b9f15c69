# shellcheck, from Debian: the program with the few libraries that it loads, started by their own loader.
{ lib, platform, debian, runCommandLocal, runtimeShell, busybox }:
let
  inherit (import ./loader.nix { inherit platform; } "shellcheck") triple loader;
  tree = debian "shellcheck";
  version = lib.removePrefix "shellcheck-" tree.name;
in
runCommandLocal "shellcheck-${version}" {
  pname = "shellcheck";
  inherit version tree;
  locale = "${debian "libc-bin"}/usr/lib/locale/C.utf8";
  libc = "${debian "libc6"}/lib/${triple}";
  gmp = "${debian "libgmp10"}/usr/lib/${triple}";
  ffi = "${debian "libffi8"}/usr/lib/${triple}";
  meta = {
    description = "Finds mistakes in shell scripts";
    mainProgram = "shellcheck";
  };
} ''
  mkdir -p $out/bin $out/lib/locale $out/libexec
  cp $tree/usr/bin/shellcheck $out/libexec/
  cp $libc/${loader} $libc/libc.so.6 $libc/libm.so.6 $out/lib/
  cp -L $gmp/libgmp.so.10 $ffi/libffi.so.8 $out/lib/
  # scripts may hold any letter
  cp -r $locale $out/lib/locale/
  cat > $out/bin/shellcheck <<END
  #!${runtimeShell}
  exec ${busybox}/bin/env LOCPATH=$out/lib/locale LC_ALL=C.UTF-8 $out/lib/${loader} --library-path $out/lib $out/libexec/shellcheck "\$@"
  END
  chmod 755 $out/bin/shellcheck
''
