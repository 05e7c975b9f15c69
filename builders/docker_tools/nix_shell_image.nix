# Images in which a shell has the environment of a derivation's build, as nix-shell has it (rows 2.062-2.072). See docker_tools.md.
{ lib, pkgs, streamLayeredImage, buildLayeredImage, binSh, usrBinEnv }:
let
  inherit (pkgs) bashInteractive cacert fakeNss writeShellScriptBin writeText;

  # Where builds run.
  folder = "/build";

  # An attribute as a builder sees it. `toString` would leave files outside of the store.
  textOf = value:
    if builtins.isPath value then "${value}"
    else if builtins.isList value then toString (map textOf value)
    else toString value;

  # The arguments of a layered image.
  describe = where: name:
    { drv
    , tag ? null
    , uid ? 1000
    , gid ? 1000
    , homeDirectory ? folder
    , shell ? "${bashInteractive}/bin/bash"
    , command ? null
    , run ? null
    }:
    let
      attrs =
        if drv.drvAttrs.__structuredAttrs or false then
          throw "${where}: the derivation '${drv.name}' has __structuredAttrs, which cannot be variables of an image"
        else if command != null && run != null then
          throw "${where}: both command and run are given; command runs in an interactive shell, run in another one"
        else
          drv.drvAttrs;
      outputs = drv.outputs or [ "out" ];
      outputPaths = map (output: builtins.unsafeDiscardStringContext drv.${output}.outPath) outputs;
      # The outputs are made in the container, so they are no inputs of the image.
      text = value: builtins.replaceStrings (map builtins.placeholder outputs) outputPaths (textOf value);

      wanted = lib.filterAttrs (attribute: value:
        !builtins.elem attribute [ "args" "__ignoreNulls" "__structuredAttrs" ] && !(attrs.__ignoreNulls or false && value == null)
      ) attrs;
      asVariable = attribute: value:
        if builtins.elem attribute attrs.passAsFile or [ ] then
          lib.nameValuePair "${attribute}Path" "${writeText "shell-passAsFile-${attribute}" (text value)}"
        else
          lib.nameValuePair attribute (text value);
      ofDerivation = lib.mapAttrs' asVariable wanted
        // builtins.listToAttrs (lib.zipListsWith lib.nameValuePair outputs outputPaths);

      buildDerivation = writeShellScriptBin "buildDerivation"
        "exec ${lib.escapeShellArg (text attrs.builder)} ${lib.escapeShellArgs (map text attrs.args or [ ])}\n";
      programs = "${dirOf shell}:${buildDerivation}/bin";

      variables = {
        HOME = homeDirectory;
        NIX_BUILD_CORES = "1";
        NIX_SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
        NIX_STORE = builtins.storeDir;
        SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
      } // ofDerivation // {
        NIX_BUILD_TOP = folder;
        PATH = programs + lib.optionalString (ofDerivation ? PATH) ":${ofDerivation.PATH}";
        PWD = folder;
        TEMP = folder;
        TEMPDIR = folder;
        TERM = "xterm-256color";
        TMP = folder;
        TMPDIR = folder;
      };

      # A set with a stdenv has hooks; elsewhere shellHook is just run.
      start = writeText "nix-shell-rc" (''
        if [ -e "$stdenv/setup" ]; then
          unset PATH
          dontAddDisableDepTrack=1
          source "$stdenv/setup"
          PATH=${programs}:"$PATH"
        fi
        SHELL=${lib.escapeShellArg shell}
        BASH=${lib.escapeShellArg shell}
        set +e
        [ -n "$PS1" -a -z "$NIX_SHELL_PRESERVE_PROMPT" ] && PS1='\n\[\033[1;32m\][nix-shell:$PWD]\$\[\033[0m\] '
        if [ "$(type -t runHook)" = function ]; then
          runHook shellHook
        elif [ -n "$shellHook" ]; then
          eval "$shellHook"
        fi
        unset NIX_ENFORCE_PURITY
        shopt -u nullglob
        shopt -s execfail
      '' + lib.optionalString (command != null || run != null) "${if command != null then command else run}\nexit\n");

      ids = "${toString uid}:${toString gid}";
    in
    {
      inherit name tag;
      contents = [
        binSh
        usrBinEnv
        (fakeNss.override {
          extraPasswdLines = [ "nixbld:x:${ids}:Build user:${homeDirectory}:/noshell" ];
          extraGroupLines = [ "nixbld:!:${toString gid}:" ];
        })
      ];
      # The store and the build folder are the user's, so that buildDerivation can make the outputs where they belong.
      fakeRootCommands = ''
        mkdir -p .${builtins.storeDir} ./nix/var/nix ./etc/nix .${folder}
        chown -R ${ids} ./nix ./etc/nix .${folder}
      '';
      config = {
        User = ids;
        Cmd = if run == null then [ shell "--rcfile" start ] else [ shell start ];
        WorkingDir = folder;
        Env = lib.mapAttrsToList (variable: value: "${variable}=${value}") variables;
      };
    };

  nameOf = args: args.name or "${args.drv.name}-env";
in
{
  streamNixShellImage = args: streamLayeredImage (describe "dockerTools.streamNixShellImage" (nameOf args) (removeAttrs args [ "name" ]));

  buildNixShellImage = { compressor ? "gz", ... }@args:
    buildLayeredImage (
      describe "dockerTools.buildNixShellImage" (nameOf args) (removeAttrs args [ "compressor" "name" ]) // { inherit compressor; }
    );
}
