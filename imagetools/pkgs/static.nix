# busybox and bash, from Debian's static packages. busybox makes itself: it is the builder of its own derivation, and then of
# bash's, so that nothing of the host and no other shell is needed.
{ lib, system, debian, busybox }:
let
  upstream = version: builtins.head (builtins.match "(.*)-[^-]+" version);
  busyboxTree = debian "busybox-static";
  bashTree = debian "bash-static";
  make = lib.makeOverridable (
    { pname, tree, builder, script, env, meta, passthru ? { } }:
    let
      version = upstream (lib.removePrefix "${pname}-static-" tree.name);
    in
    lib.extendDerivation true ({ inherit pname version meta passthru; } // passthru) (derivation ({
      name = "${pname}-${version}";
      inherit system builder;
      args = [ "sh" "-e" script ];
      preferLocalBuild = true;
    } // env))
  );
in
{
  inherit busyboxTree;

  busybox = make {
    pname = "busybox";
    tree = busyboxTree;
    builder = "${busyboxTree}/bin/busybox";
    script = ./busybox.sh;
    env.busybox = "${busyboxTree}/bin/busybox";
    meta = {
      description = "Tiny versions of common Unix programs in one static binary";
      mainProgram = "busybox";
      priority = 15; # loses against everything else that has a program of the same name
    };
  };

  bash = make {
    pname = "bash";
    passthru = { shellPath = "/bin/bash"; tree = bashTree; };
    tree = bashTree;
    builder = "${busybox}/bin/busybox";
    script = ./bash.sh;
    env.PATH = "${busybox}/bin";
    env.bash = "${bashTree}/bin/bash-static";
    meta = {
      description = "The GNU Bourne-Again shell, one static binary";
      mainProgram = "bash";
    };
  };
}
