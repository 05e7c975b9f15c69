# wrapType1, wrapType2, wrapAppImage: an AppImage's program in an environment with the folders of an ordinary Linux. See
# appimage_tools.md. The image itself never runs, only the AppRun of its tree.
{ lib, extract, buildFHSEnv, runCommandLocal, runtimeShell }:
let
  nameOf =
    where: args:
    args.name or (
      if args ? pname && args ? version then "${args.pname}-${args.version}"
      else throw "${where}: name, or pname and version, must be given"
    );

  # what starts the program; building it fails where there is none
  start =
    name: tree:
    runCommandLocal "${lib.strings.sanitizeDerivationName name}-start" {
      inherit tree;
      script = ''
        #!${runtimeShell}
        export APPDIR=${tree} APPIMAGE_SILENT_INSTALL=1
        if [ -n "''${APPIMAGE_DEBUG_EXEC-}" ]; then
          cd "$APPDIR" && exec "$APPIMAGE_DEBUG_EXEC"
        fi
        exec "$APPDIR/AppRun" "$@"
      '';
      passAsFile = [ "script" ];
    } ''
      if [ ! -d "$tree" ]; then
        echo "error: '$tree' is not the tree of an AppImage: wrapAppImage takes what appimageTools.extract makes; for an image itself there is wrapType2" >&2
        exit 1
      elif [ ! -e "$tree/AppRun" ] && [ ! -L "$tree/AppRun" ]; then
        echo "error: the AppImage has no AppRun at its top, so there is nothing to start" >&2
        exit 1
      elif [ -f "$tree/AppRun" ] && [ ! -x "$tree/AppRun" ]; then
        echo "error: the AppRun of the AppImage is not executable" >&2
        exit 1
      fi
      cp "$scriptPath" $out
      chmod 755 $out
    '';

  wrapAppImage =
    args@{ src, extraPkgs ? pkgs: [ ], ... }:
    builtins.seq (nameOf "appimageTools.wrapAppImage" args) buildFHSEnv (
      defaultFhsEnvArgs
      // {
        targetPkgs = pkgs: defaultFhsEnvArgs.targetPkgs pkgs ++ extraPkgs pkgs;
        runScript = start (nameOf "appimageTools.wrapAppImage" args) "${src}";
      }
      // removeAttrs args [ "src" "extraPkgs" ]
    );

  wrapType =
    where:
    args@{ src, ... }:
    builtins.seq (nameOf where args) wrapAppImage (
      args
      // {
        src = extract {
          name = lib.strings.sanitizeDerivationName (nameOf where args);
          inherit src;
        };
        passthru = { inherit src; } // args.passthru or { };
      }
    );

  # What AppImages expect of the machine that they run on (the exclude list of the AppImage project), as far as the set has it.
  defaultFhsEnvArgs = {
    targetPkgs = pkgs: [ ];
    multiPkgs =
      pkgs: with pkgs; [
        zlib
        libxcrypt
        e2fsprogs
        expat
        libuuid
        glib
        dbus
        fontconfig
        freetype
        fribidi
        gmp
        harfbuzz
        libthai
        libgpg-error
        p11-kit
        nss
        alsa-lib
        libdrm
        libGL
        wayland
        libxkbcommon
        xorg.libX11
        xorg.libxcb
        xorg.libXcomposite
        xorg.libXcursor
        xorg.libXdamage
        xorg.libXext
        xorg.libXfixes
        xorg.libXi
        xorg.libXinerama
        xorg.libXrandr
        xorg.libXrender
        xorg.libXtst
        xorg.libICE
        xorg.libSM
      ];
  };
in
{
  inherit wrapAppImage defaultFhsEnvArgs;
  # the kind of the image is found in the image itself
  wrapType1 = wrapType "appimageTools.wrapType1";
  wrapType2 = wrapType "appimageTools.wrapType2";
}
