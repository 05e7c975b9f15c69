# What test_pkgs_builds.py builds twice. bash and busybox: folders with the unpacked packages.
{ bash, busybox }:
let
  trees = { inherit bash busybox; };
  source = name: builtins.path { path = /. + trees.${name}; name = "${name}-static-5.0-1"; };
  pkgs = import <nixpkgs> {
    overlays = [
      (final: prev: {
        unpackDeb = { name, ... }: { inherit name; outPath = "${source (builtins.head (builtins.match "([a-z]*)-static.*" name))}"; };
      })
    ];
  };
in
[
  pkgs.bash
  pkgs.busybox
  (pkgs.runCommand "command" { a = 1; list = [ "x" pkgs.bash ]; nativeBuildInputs = [ pkgs.bash ]; } ''
    echo $a $list > $out
    printf '%s\n' "$PATH" "$SHELL" "$TZ" "$SOURCE_DATE_EPOCH" "$-" "$(umask)" >> $out
    shopt -o | grep -E 'pipefail|errexit' >> $out
  '')
  (pkgs.runCommandLocal "tree" { } "mkdir -p $out/bin; ln -s ${pkgs.bash}/bin/bash $out/bin/x; echo y > $out/f; chmod +x $out/f")
  (pkgs.writeText "text" "hello ${pkgs.busybox} \" ' $x \\ ü\n")
  (pkgs.writeText "large" (pkgs.lib.concatStrings (pkgs.lib.replicate 20000 "0123456789")))
  (pkgs.writeTextDir "etc/a b/passwd" "root:x:0:0")
  (pkgs.writeScript "script" "#!/bin/sh\n")
  (pkgs.writeShellScript "shell" "shopt -s extglob; echo !(x)")
  (pkgs.writeShellScriptBin "shell" "exec ${pkgs.busybox}/bin/true")
  (pkgs.linkFarm "farm" { a = pkgs.bash; "b c/d" = "/x y"; })
  (pkgs.concatText "texts" [ (pkgs.writeText "a" "A\n") (pkgs.writeText "b" "B") pkgs.emptyFile ])
  (pkgs.concatScript "script" [ (pkgs.writeText "a" "#!/bin/sh\n") (pkgs.writeText "b" "echo") ])
  (pkgs.concatTextFile { name = "c"; files = [ (pkgs.writeText "a" "A") ]; destination = "/x y/z"; checkPhase = ''grep -q A "$target"''; })
  (pkgs.writeShellApplication {
    name = "application";
    text = "exec true";
    runtimeInputs = [ pkgs.busybox ];
    runtimeEnv = { A = "x y"; B = [ 1 2 ]; };
    checkPhase = ''test -x "$target"'';
  })
  (pkgs.writeReferencesToFile (pkgs.writeText "a" "${pkgs.bash} ${pkgs.busybox}"))
  (pkgs.writeDirectReferencesToFile (pkgs.writeText "a" "${pkgs.bash} ${pkgs.writeText "b" "${pkgs.busybox}"}"))
  (pkgs.writeClosure [ (pkgs.writeText "a" "${pkgs.bash}") pkgs.busybox (pkgs.writeText "a" "${pkgs.bash}") ])
  (pkgs.writeClosure [ ])
  pkgs.emptyFile
  pkgs.emptyDirectory
  (pkgs.linkFarmFromDrvs "drvs" [ pkgs.bash pkgs.busybox ])
  (pkgs.onlyBin pkgs.bash)
]
