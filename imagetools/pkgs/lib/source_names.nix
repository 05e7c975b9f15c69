# What fetched sources are called. The name is part of a fixed output's path, so these must agree with nixpkgs to the letter.
{ lib }:
let
  inherit (builtins) head match;

  extensions = "git|tar|zip|gz|tgz|bz|tbz|bz2|tbz2|lzma|txz|xz|zstd";
  withoutExtensions =
    name:
    let
      matched = match "(.*)\\.(${extensions})" name;
    in
    if matched == null then name else withoutExtensions (head matched);

  full =
    repo: rev: fetcher:
    "${lib.sources.urlToName repo}${lib.optionalString (rev != null) "-${lib.sources.shortRev rev}"}${
      lib.optionalString (fetcher != null) "-${fetcher}"
    }-source";
in
{
  # The last part of a URL (also of host:path), without extensions of archives.
  urlToName = url: withoutExtensions (baseNameOf (lib.removeSuffix "/" (lib.last (lib.splitString ":" (toString url)))));

  # Seven digits of a commit, the number in a version tag, or the last part of another ref.
  shortRev =
    rev:
    let
      last = baseNameOf (toString rev);
      version = match "([A-Za-z]+[-_. ]?)*(v)?([0-9.]+.*)" last;
    in
    if match "[a-f0-9]+" last != null then
      builtins.substring 0 7 last
    else if version != null then
      lib.last version
    else
      last;

  # repoRevToName KIND repo rev fetcher: what config.fetchedSourceNameDefault chooses.
  repoRevToName =
    kind:
    {
      source = _: _: _: "source";
      versioned = repo: rev: _: full repo rev null;
      inherit full;
    }
    .${kind} or (throw "repoRevToName: the kind of name must be source, versioned or full, not ${kind}");
}
