# What lies in folders.
{ lib }:
let
  inherit (builtins) attrNames filter pathExists readDir;
  typeIn = path: (readDir (dirOf path)).${baseNameOf path} or (throw "the path '${toString path}' does not exist");
in
{
  inherit (builtins) hashFile isPath readDir;
  inherit baseNameOf dirOf;
  readFileType = builtins.readFileType or typeIn;
  pathType = path: if toString path == "/" then "directory" else lib.readFileType path;
  pathIsDirectory = path: pathExists path && lib.pathType path == "directory";
  pathIsRegularFile = path: pathExists path && lib.pathType path == "regular";

  # The nearest folder upwards that has a file whose name matches.
  locateDominatingFile =
    pattern: file:
    let
      look =
        path:
        let
          matches = filter (found: found != null) (map (builtins.match pattern) (attrNames (readDir path)));
        in
        if matches != [ ] then { inherit path matches; } else if toString path == "/" then null else look (dirOf path);
    in
    look (if lib.pathIsDirectory file then file else dirOf file);
  listFilesRecursive =
    folder:
    lib.concatLists (
      lib.mapAttrsToList (
        name: type: if type == "directory" then lib.filesystem.listFilesRecursive (folder + "/${name}") else [ (folder + "/${name}") ]
      ) (readDir folder)
    );
  haskellPathsInDir =
    folder:
    lib.filterAttrs (name: path: pathExists (path + "/${name}.cabal")) (builtins.mapAttrs (name: _: folder + "/${name}") (readDir folder));
  resolveDefaultNix =
    x:
    if lib.pathIsDirectory x then
      x + "/default.nix"
    else if builtins.isString x && lib.hasSuffix "/" x then
      x + "default.nix"
    else
      x;

  # A package for each folder with a package.nix and for each other .nix file; other folders are sets of the same kind.
  packagesFromDirectoryRecursive =
    args@{ callPackage, directory, newScope ? throw "lib.packagesFromDirectoryRecursive: newScope wasn't passed in args" }:
    let
      inner =
        scope:
        lib.concatMapAttrs (
          name: type:
          let
            path = directory + "/${name}";
          in
          if type == "directory" then
            { ${name} = lib.packagesFromDirectoryRecursive (args // scope // { directory = path; }); }
          else if type != "regular" then
            throw "lib.filesystem.packagesFromDirectoryRecursive: Unsupported file type ${type} at path ${toString path}"
          else
            lib.optionalAttrs (lib.hasSuffix ".nix" name) { ${lib.removeSuffix ".nix" name} = scope.callPackage path { }; }
        ) (readDir directory);
    in
    if pathExists (directory + "/package.nix") then
      callPackage (directory + "/package.nix") { }
    else if args ? newScope then
      lib.recurseIntoAttrs (lib.makeScope newScope (self: inner { inherit (self) callPackage newScope; }))
    else
      inner { inherit callPackage; };
}
