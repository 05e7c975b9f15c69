# testers: derivations whose building is a test. See testers.md.
{ lib }:
{
  # A fetcher's call under a name of its own: the path of a fixed output says nothing of how it was fetched, so an output that is
  # there already would hide that fetching no longer works.
  invalidateFetcherByDrvHash =
    fetcher: args:
    let
      plain = fetcher args;
      # of the file's name the beginning of its hash; nothing is read there
      salt = builtins.unsafeDiscardStringContext (builtins.substring 0 12 (baseNameOf plain.drvPath));
      salted = fetcher (args // { name = "${args.name or plain.name}-salted-${salt}"; });
    in
    if salted.drvPath == plain.drvPath then
      throw "invalidateFetcherByDrvHash: the fetcher makes the same derivation whatever `name` it is given, so it cannot be made to fetch anew"
    else
      salted;
}
