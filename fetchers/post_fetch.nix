# Shell that a fetcher runs: `netrcPhase` before the download (it writes a file `netrc`), `postFetch` over what has come. Gives the
# attributes that a derivation needs for them: none without any, so that an ordinary download depends on nothing. The other half
# is post_fetch.py.
#
#   postFetchAttrs = import ../post_fetch.nix { inherit lib bash busybox; };
#   derivation ({ ... } // postFetchAttrs { inherit postFetch netrcPhase nativeBuildInputs; })
{ lib, bash, busybox }:
{ postFetch ? "", netrcPhase ? null, nativeBuildInputs ? [ ], ... }:
let
  phases =
    lib.optionalAttrs (postFetch != "") { inherit postFetch; }
    // lib.optionalAttrs (netrcPhase != null && netrcPhase != "") { inherit netrcPhase; };
in
lib.optionalAttrs (phases != { }) (
  phases
  // {
    postFetchShell = "${bash}/bin/bash";
    postFetchSetup = ./post_fetch.sh;
    PATH = lib.makeBinPath (nativeBuildInputs ++ [ bash busybox ]);
  }
)
