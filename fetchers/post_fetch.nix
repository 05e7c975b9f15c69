# `postFetch`: a piece of shell that a fetcher runs over what has come. Gives the attributes that a derivation needs for it: none
# without one, so that an ordinary download depends on nothing. The other half is post_fetch.py.
#
#   postFetchAttrs = import ../post_fetch.nix { inherit lib bash busybox; };
#   derivation ({ ... } // postFetchAttrs { inherit postFetch nativeBuildInputs; })
{ lib, bash, busybox }:
{ postFetch ? "", nativeBuildInputs ? [ ], ... }:
lib.optionalAttrs (postFetch != "") {
  inherit postFetch;
  postFetchShell = "${bash}/bin/bash";
  postFetchSetup = ./post_fetch.sh;
  PATH = lib.makeBinPath (nativeBuildInputs ++ [ bash busybox ]);
}
