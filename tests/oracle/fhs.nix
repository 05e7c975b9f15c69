# What test_fhs.py builds, in one go.
{ pkgs ? import <nixpkgs> { } }:
let
  inherit (pkgs) buildFHSEnv;
  data = pkgs.runCommand "data" { } ''
    mkdir -p $out/share/x $out/lib $out/bin $out/var
    echo data > $out/share/x/data
    echo lost > $out/var/lost
    printf '#!/bin/sh\necho "own program"\n' > $out/bin/own
    chmod 755 $out/bin/own
  '';
in
{
  plain = buildFHSEnv {
    name = "plain";
    targetPkgs = pkgs: [ pkgs.zlib data ];
    multiPkgs = null;
    profile = ''export FROM_PROFILE="a b"'';
    dieWithParent = false;
    extraBuildCommands = ''
      echo finished > usr/share/x/finished
      ln -s data $out/usr/share/x/again
      echo "multi is not asked for" > $out/etc/note
    '';
    extraBuildCommandsMulti = "exit 1";
    extraInstallCommands = ''
      mkdir -p $out/share
      echo installed > $out/share/installed
      ln -s $out/bin/plain $out/bin/second
    '';
    meta.description = "x";
    passthru.more = 1;
  };
  arguments = buildFHSEnv {
    pname = "with-arguments";
    version = "1.0";
    runScript = "printf '[%s]' fixed";
  };
  script = buildFHSEnv {
    name = "script";
    runScript = pkgs.writeScript "it" "#!/bin/sh\necho script \"$#\" \"$1\"\n";
  };
  relative = buildFHSEnv {
    name = "relative";
    runScript = "./here.sh";
  };
  alone = buildFHSEnv {
    name = "alone";
    unshareUser = true;
    unshareIpc = true;
    unsharePid = true;
    unshareNet = true;
    unshareUts = true;
    unshareCgroup = true;
    privateTmp = true;
    multiArch = true;
    extraBuildCommandsMulti = "echo multi > $out/etc/multi";
  };
  strange = buildFHSEnv {
    name = "a $(touch hacked) ; b' \" \\ é";
    runScript = "echo ran";
  };
}
