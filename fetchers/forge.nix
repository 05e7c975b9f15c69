# What the functions for forges share: a revision of a repository comes as the archive that the forge makes of it, or through git
# where an archive would lack something. Both are fixed outputs, so the path is that of the same files from anywhere else.
#
#   forge = import ../forge.nix { inherit lib fetchzip fetchgit; };
{ lib, fetchzip, fetchgit }:
let
  ofGit = [ "rev" "tag" "fetchSubmodules" "leaveDotGit" "deepClone" "sparseCheckout" "nonConeMode" "fetchLFS" "fetchTags" "branchName" "preFetch" "postCheckout" "rootDir" "gitConfigFile" ];
  on = value: value != null && value != false && value != [ ] && value != "";
in
{
  # The ref that `rev` or `tag` means; exactly one of them must be given.
  revision =
    who:
    { rev ? null, tag ? null, ... }:
    if rev != null && tag != null then
      throw "${who}: `rev` and `tag` exclude each other"
    else if rev == null && tag == null then
      throw "${who} needs `rev` or `tag`"
    else if tag != null then
      "refs/tags/${tag}"
    else
      rev;

  # What no archive can give.
  needsGit =
    args:
    builtins.any (name: on (args.${name} or null)) [
      "fetchSubmodules" "leaveDotGit" "deepClone" "forceFetchGit" "fetchLFS" "sparseCheckout" "fetchTags" "rootDir" "postCheckout"
    ];

  # A netrc from the variables PREFIX_USERNAME and PREFIX_PASSWORD of whoever builds.
  netrcFrom = who: prefix: machine: {
    netrcPhase = ''
      if [ -z "''${${prefix}USERNAME:-}" ] || [ -z "''${${prefix}PASSWORD:-}" ]; then
        echo "error: ${who} with private = true needs ${prefix}USERNAME and ${prefix}PASSWORD in the environment of the build" >&2
        exit 1
      fi
      printf 'machine %s login %s password %s\n' ${lib.escapeShellArg machine} "''$${prefix}USERNAME" "''$${prefix}PASSWORD" > netrc
    '';
    netrcImpureEnvVars = [ "${prefix}USERNAME" "${prefix}PASSWORD" ];
  };

  # `args` without the names in `own` go on to fetchgit or fetchzip.
  fetch =
    { args, own, name, git, gitRepoUrl, archive }:
    let
      rest = removeAttrs args (own ++ [ "forceFetchGit" ]);
    in
    if git then
      fetchgit (rest // { inherit name; url = gitRepoUrl; fetchSubmodules = args.fetchSubmodules or false; })
    else
      fetchzip (
        archive // removeAttrs rest ofGit // { inherit name; passthru = { inherit gitRepoUrl; } // args.passthru or { }; }
      );
}
