# buildFHSEnv: programs that expect /usr, /lib and /lib64 as an ordinary Linux has them, in namespaces. See fhs_env.md.
{ lib, pkgs, system, bash, busybox, writeShellScript, runCommandLocal }:
let
  shellDerivation = import ../trivial/shell_derivation.nix { inherit lib system bash busybox; };

  # a derivation of one of our builders, with a few commands at the end
  made =
    builder: attrs: commands:
    shellDerivation (
      {
        builder = "builtin:${builder}";
        builderVersion = 1; # raise it when the same attributes give other files
        args = [ ];
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // attrs
      // (
        if commands == "" then
          { PATH = ""; postBuild = null; nativeBuildInputs = null; }
        else
          { shell = "${bash}/bin/bash"; script = ../trivial/run.sh; postBuild = "source ${../trivial/usual_commands.sh}\ncd $out\n${commands}"; }
      )
    );

  # data of the host that is shown where no package brings its own
  hostShares = [ "usr/share/ca-certificates" "usr/share/fonts" "usr/share/zoneinfo" ];

  # every program gets these; the first that has a file of some name keeps it
  basePkgs = [ pkgs.glibc pkgs.glibc.bin pkgs.libgcc pkgs.libstdcxx pkgs.bashInteractive pkgs.busybox ];

  # packages, and those that they say they need (the libraries of the embedded set do)
  withNeeds =
    packages:
    map (entry: entry.package) (
      builtins.genericClosure {
        startSet = map keyed packages;
        operator = entry: map keyed (if builtins.isAttrs entry.package then entry.package.needs or [ ] else [ ]);
      }
    );
  keyed = package: { key = builtins.unsafeDiscardStringContext "${package}"; inherit package; };

  without = where: what: throw "${where}: the argument '${what}' is for bubblewrap, which imagetools does not use; use profile, extraBuildCommands and unshare* instead";

  bits = {
    unshareUser = 268435456;
    unshareIpc = 134217728;
    unsharePid = 536870912;
    unshareNet = 1073741824;
    unshareUts = 67108864;
    unshareCgroup = 33554432;
  };

  build =
    args@{
      pname ? throw "buildFHSEnv: name, or pname and version, must be given",
      version ? throw "buildFHSEnv: version must be given beside pname (or name alone)",
      name ? "${pname}-${version}",
      targetPkgs ? pkgs: [ ],
      multiPkgs ? pkgs: [ ],
      multiArch ? false,
      includeClosures ? false,
      nativeBuildInputs ? [ ],
      extraBuildCommands ? "",
      extraBuildCommandsMulti ? "",
      extraOutputsToInstall ? [ ],
      extraInstallCommands ? "",
      runScript ? "bash",
      profile ? "",
      executableName ? args.pname or name,
      unshareUser ? false,
      unshareIpc ? false,
      unsharePid ? false,
      unshareNet ? false,
      unshareUts ? false,
      unshareCgroup ? false,
      privateTmp ? false,
      dieWithParent ? true,
      chdirToPwd ? true, # there is no other way: where the folder exists inside, the program starts in it
      extraBwrapArgs ? [ ],
      extraPreBwrapCmds ? "",
      meta ? { },
      passthru ? { },
    }:
    let
      where = "buildFHSEnv${if builtins.isString (args.name or args.pname or null) then " (for '${args.name or args.pname}')" else ""}";
      plain = lib.strings.sanitizeDerivationName name;
      file =
        if builtins.match "[^/]+" executableName == null || executableName == "." || executableName == ".." then
          throw "${where}: '${executableName}' cannot be the name of a program"
        else
          executableName;

      function =
        argument: value:
        if lib.isFunction value then value
        else throw "${where}: the argument '${argument}' must be a function of the package set, such as pkgs: [ pkgs.zlib ], but it is a ${builtins.typeOf value}";
      shared = if multiPkgs == null then [ ] else function "multiPkgs" multiPkgs pkgs;
      checked =
        if !builtins.isString name then
          throw "${where}: the argument 'name' must be a string, but it is a ${builtins.typeOf name}"
        else if extraBwrapArgs != [ ] then
          without where "extraBwrapArgs"
        else if extraPreBwrapCmds != "" then
          without where "extraPreBwrapCmds"
        else if multiArch && shared != [ ] then
          throw "${where}: multiArch asks for 32-bit packages, which the embedded package set does not have; leave multiArch out, or name a set that has them: -I nixpkgs=PATH"
        else
          true;

      # the outputs of a package that belong into the tree
      outputsOf =
        package:
        let
          wanted = package.meta.outputsToInstall or null;
          picked =
            if !builtins.isAttrs package || package.outputSpecified or false || wanted == null then
              [ package ]
            else
              map (output: package.${output} or null) (wanted ++ [ "out" "lib" "bin" ]);
          extra = if builtins.isAttrs package then map (output: package.${output} or null) extraOutputsToInstall else [ ];
        in
        lib.unique (map (output: "${output}") (builtins.filter (output: output != null) (picked ++ extra)));

      root = made "fhs-root" {
        name = "${plain}-fhsenv-rootfs";
        pkgs = builtins.toJSON (
          map (package: {
            paths = outputsOf package;
            priority = package.meta.priority or lib.meta.defaultPriority;
          }) (withNeeds (basePkgs ++ lib.flatten (function "targetPkgs" targetPkgs pkgs) ++ lib.flatten shared))
        );
        passAsFile = [ "pkgs" ];
        inherit includeClosures nativeBuildInputs hostShares;
        profile = ''
          export PS1='${plain}-fhsenv:\u@\h:\w\$ '
          export PATH="/run/wrappers/bin:/usr/bin:/usr/sbin''${PATH:+:$PATH}"
          if [ -d /etc/zoneinfo ]; then
            export TZDIR=/etc/zoneinfo
          fi
          # where NixOS has the drivers of its graphics card
          for fhs in /run/opengl-driver /run/opengl-driver-32; do
            if [ -d "$fhs/lib" ]; then
              export LD_LIBRARY_PATH="$fhs/lib''${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
            fi
            if [ -d "$fhs/share" ]; then
              export XDG_DATA_DIRS="''${XDG_DATA_DIRS:+$XDG_DATA_DIRS:}$fhs/share"
            fi
          done
          for fhs in /usr/local/share /usr/share; do
            case ":''${XDG_DATA_DIRS-}:" in
              *:"$fhs":*) ;;
              *) export XDG_DATA_DIRS="''${XDG_DATA_DIRS:+$XDG_DATA_DIRS:}$fhs" ;;
            esac
          done
          unset fhs
          # compilers and their kin look where an ordinary system has things
          unset NIX_ENFORCE_PURITY
          export NIX_CFLAGS_COMPILE='-idirafter /usr/include'
          export NIX_CFLAGS_LINK='-L/usr/lib'
          export NIX_LDFLAGS='-L/usr/lib'
          export PKG_CONFIG_PATH=/usr/lib/pkgconfig:/usr/share/pkgconfig
          export ACLOCAL_PATH=/usr/share/aclocal

          ${profile}
        '';
      } (lib.concatStringsSep "\n" (lib.filter (text: text != "") [ extraBuildCommands (lib.optionalString multiArch extraBuildCommandsMulti) ]));

      init = writeShellScript "${plain}-init" ''
        source /etc/profile
        exec ${runScript} "$@"
      '';

      wrapper = made "fhs-env" {
        name = plain;
        template = ./wrapper.py.j2;
        program = file;
        facts = builtins.toJSON {
          name = file;
          root = "${root}";
          init = "${init}";
          shell = "${bash}/bin/bash";
          store = builtins.storeDir;
          host_shares = hostShares;
          unshare = lib.foldl' (sum: bit: sum + bit) 0 (
            lib.mapAttrsToList (name: wanted: if wanted then bits.${name} else 0) {
              inherit unshareUser unshareIpc unsharePid unshareNet unshareUts unshareCgroup;
            }
          );
          die_with_parent = dieWithParent;
          private_tmp = privateTmp;
        };
        passAsFile = [ "facts" ];
        inherit nativeBuildInputs;
        meta = { mainProgram = file; } // meta;
        passthru =
          lib.optionalAttrs (args ? pname) { inherit pname; }
          // lib.optionalAttrs (args ? version) { inherit version; }
          // passthru
          // {
            inherit args;
            fhsenv = root;
            # for nix-shell: the shell becomes the program
            env = runCommandLocal "${plain}-shell-env" {
              shellHook = "exec ${wrapper}/bin/${lib.escapeShellArg file}";
            } ''
              echo "error: the attribute env of '${plain}' is for nix-shell, there is nothing to build" >&2
              exit 1
            '';
          };
      } extraInstallCommands;
    in
    builtins.seq checked wrapper;
in
lib.makeOverridable build
