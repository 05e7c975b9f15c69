# /etc/passwd and /etc/group with root and nobody: for programs that insist on looking up names. /bin/sh need not exist.
{ lib, symlinkJoin, writeTextDir, runCommandLocal }:
let
  lines = lib.concatMapStrings (line: "${line}\n");
in
lib.makeOverridable (
  { extraPasswdLines ? [ ], extraGroupLines ? [ ] }:
  symlinkJoin {
    name = "fake-nss";
    paths = [
      (writeTextDir "etc/passwd" (lines (
        [ "root:x:0:0:root user:/var/empty:/bin/sh" ] ++ extraPasswdLines ++ [ "nobody:x:65534:65534:nobody:/var/empty:/bin/sh" ]
      )))
      (writeTextDir "etc/group" (lines ([ "root:x:0:" ] ++ extraGroupLines ++ [ "nobody:x:65534:" ])))
      (writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
      (runCommandLocal "var-empty" { } "mkdir -p $out/var/empty")
    ];
    meta.description = "/etc/passwd and /etc/group with root and nobody, and an nsswitch.conf";
  }
) { }
