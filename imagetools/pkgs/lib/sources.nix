# Folders as sources, without what does not belong to them.
{ lib }:
let
  inherit (builtins) elem match;

  # src as { origSrc; filter; name; }: it may be filtered already
  parts = src: if src ? _isLibCleanSourceWith then src else { origSrc = src; filter = _: _: true; name = "source"; };
  filtered =
    { origSrc, filter, name }:
    {
      _isLibCleanSourceWith = true;
      inherit origSrc filter name;
      outPath = builtins.path { path = origSrc; inherit filter name; };
    };

  versionControl = [ ".svn" "CVS" ".hg" ".jj" ".pijul" "_darcs" ];

  # Which commit a name in a .git folder stands for: { value } or { error }.
  commitOf =
    name: git:
    let
      absolute = folder: path: if lib.hasPrefix "/" path then path else "${folder}/${path}";
      read = file: lib.fileContents file;
      file = git + "/${name}";
      link = match "gitdir: (.*)" (read git); # a file in the place of the folder names it
      linked = absolute (toString (dirOf git)) (builtins.head link);
      shared = if lib.pathIsRegularFile (linked + "/commondir") then absolute linked (lib.removeSuffix "/" (read (linked + "/commondir"))) else linked;
      reference = match "ref: (.*)" (read file);
      packed = builtins.filter (found: found != null) (
        map (match "([a-z0-9]+) ${lib.escapeRegex name}") (lib.splitString "\n" (builtins.readFile (git + "/packed-refs")))
      );
    in
    if lib.pathIsRegularFile git then
      (
        if link == null then
          { error = "File contains no gitdir reference: ${toString git}"; }
        else
          commitOf (lib.removePrefix "${shared}/" "${linked}/${name}") shared
      )
    else if lib.pathIsRegularFile file then
      (if reference == null then { value = read file; } else commitOf (builtins.head reference) git)
    else if lib.pathIsRegularFile (git + "/packed-refs") then
      (
        if packed == [ ] then
          { error = "Could not find ${name} in ${toString git}/packed-refs"; }
        else
          { value = builtins.head (builtins.head packed); }
      )
    else
      { error = "Not a .git directory: ${toString git}"; };
in
{
  inherit (builtins) filterSource;

  # Leaves out version control, editors' backups, object files and result links.
  cleanSourceFilter =
    path: type:
    let
      name = baseNameOf path;
    in
    !(
      name == ".git"
      || (type == "directory" && elem name versionControl)
      || match ".*(~|\\.o|\\.so)" name != null
      || match "(\\..*)?\\.sw[a-z]" name != null
      || (type == "symlink" && lib.hasPrefix "result" name)
      || type == "unknown"
    );
  cleanSource = src: lib.cleanSourceWith { filter = lib.cleanSourceFilter; inherit src; };
  cleanSourceWith =
    { src, filter ? _: _: true, name ? null }:
    let
      old = parts src;
    in
    filtered {
      inherit (old) origSrc;
      filter = path: type: filter path type && old.filter path type;
      name = if name == null then old.name else name;
    };
  sourceByRegex =
    src: patterns:
    let
      top = toString (parts src).origSrc + "/";
    in
    lib.cleanSourceWith {
      filter = path: _: builtins.any (pattern: match pattern (lib.removePrefix top (toString path)) != null) patterns;
      inherit src;
    };
  sourceFilesBySuffices =
    src: suffixes:
    lib.cleanSourceWith {
      filter = path: type: type == "directory" || builtins.any (suffix: lib.hasSuffix suffix (baseNameOf path)) suffixes;
      inherit src;
    };
  trace =
    src:
    let
      old = parts src;
      say = path: type: let keep = old.filter path type; in builtins.trace "${old.name}.filter ${path} = ${lib.boolToString keep}" keep;
    in
    filtered { inherit (old) origSrc name; filter = say; } // { satisfiesSubpathInvariant = src.satisfiesSubpathInvariant or false; };

  pathHasContext = builtins.hasContext;
  canCleanSource = src: src ? _isLibCleanSourceWith || !(lib.pathHasContext (toString src));
  pathIsGitRepo = path: commitOf "HEAD" path ? value;
  commitIdFromGitRepo = path: let commit = commitOf "HEAD" path; in commit.value or (throw commit.error);
  revOrTag = rev: tag: if tag != null then tag else if rev != null then rev else "HEAD";
}
