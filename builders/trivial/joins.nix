# Trees of symbolic links to other packages. The linking is Python of ours (builtin:buildenv, builtin:symlinkjoin); postBuild
# runs in bash afterwards, and only a derivation that has one depends on bash.
{ lib, system, bash, shellDerivation, runCommandLocal }:
let
  # attrs of a shell derivation whose builder is one of ours; raise builderVersion when the same attributes give other files
  linking =
    builder: attrs:
    shellDerivation (
      attrs
      // {
        builder = "builtin:${builder}";
        builderVersion = 1;
        args = [ ];
      }
      // (
        if attrs.postBuild or "" == "" then
          { PATH = ""; postBuild = null; }
        else
          { shell = "${bash}/bin/bash"; script = ./run.sh; }
      )
    );
in
rec {
  symlinkJoin =
    args@{ name, paths, stripPrefix ? "", failOnMissing ? stripPrefix == "", postBuild ? "", preferLocalBuild ? true, allowSubstitutes ? false, ... }:
    assert lib.assertMsg (stripPrefix == "" || (lib.hasPrefix "/" stripPrefix && stripPrefix != "/"))
      "symlinkJoin: stripPrefix must begin with / and name a folder, got '${stripPrefix}'";
    linking "symlinkjoin" (
      removeAttrs args [ "stripPrefix" "failOnMissing" ]
      // {
        inherit postBuild preferLocalBuild allowSubstitutes failOnMissing;
        paths = builtins.toJSON (map (path: "${path}${stripPrefix}") (lib.flatten paths));
        passAsFile = [ "paths" ];
      }
    );

  linkFarm =
    name: entries:
    let
      links = if builtins.isAttrs entries then lib.mapAttrsToList (name: path: { inherit name path; }) entries else entries;
    in
    runCommandLocal name { } ''
      mkdir -p $out
      cd $out
      ${lib.concatMapStrings (link: ''
        mkdir -p -- "$(dirname -- ${lib.escapeShellArg "${link.name}"})"
        ln -s -- ${lib.escapeShellArg "${link.path}"} ${lib.escapeShellArg "${link.name}"}
      '') links}
    '';

  buildEnv = lib.makeOverridable (
    {
      name,
      paths,
      manifest ? "",
      ignoreCollisions ? false,
      checkCollisionContents ? true,
      ignoreSingleFileOutputs ? false,
      includeClosures ? false,
      pathsToLink ? [ "/" ],
      extraOutputsToInstall ? [ ],
      extraPrefix ? "",
      postBuild ? "",
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      passthru ? { },
      meta ? { },
    }:
    let
      chosen =
        package:
        (
          if !(package.outputSpecified or false) && package.meta.outputsToInstall or null != null then
            map (output: package.${output}) package.meta.outputsToInstall
          else
            [ package ]
        )
        ++ builtins.filter (output: output != null) (map (output: package.${output} or null) extraOutputsToInstall);
    in
    linking "buildenv" {
      name = lib.strings.sanitizeDerivationName name;
      pkgs = builtins.toJSON (
        map (package: {
          paths = map (output: "${output}") (chosen package);
          priority = package.meta.priority or lib.meta.defaultPriority;
        }) (lib.flatten paths)
      );
      pathsToLink = builtins.toJSON pathsToLink;
      passAsFile = [ "pkgs" ];
      inherit manifest ignoreCollisions checkCollisionContents ignoreSingleFileOutputs includeClosures extraPrefix postBuild;
      inherit nativeBuildInputs buildInputs meta;
      passthru = { inherit paths; } // passthru;
      preferLocalBuild = true;
      allowSubstitutes = false;
    }
  );
}
