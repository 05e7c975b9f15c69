# Files with a given text. The text is an attribute of the derivation (passAsFile), with all that it refers to.
{ lib, bash, runtimeShell, runCommand, runCommandLocal }:
let
  checkSyntax = ''${bash}/bin/bash -n -O extglob "$target"'';
  script = text: ''
    #!${runtimeShell}
    ${text}
  '';
in
rec {
  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      allowSubstitutes ? false,
      preferLocalBuild ? true,
      derivationArgs ? { },
    }:
    let
      program = builtins.match "/bin/([^/]+)" destination;
    in
    assert lib.assertMsg (destination == "" || (lib.hasPrefix "/" destination && destination != "/"))
      "writeTextFile: destination must begin with / and name a file, got '${destination}'";
    runCommand name (
      {
        inherit text executable checkPhase allowSubstitutes preferLocalBuild;
        passAsFile = [ "text" ] ++ derivationArgs.passAsFile or [ ];
        meta = lib.optionalAttrs (executable && program != null) { mainProgram = builtins.head program; } // meta // derivationArgs.meta or { };
        passthru = passthru // derivationArgs.passthru or { };
      }
      // removeAttrs derivationArgs [ "passAsFile" "meta" "passthru" ]
    ) ''
      target=$out${lib.escapeShellArg destination}
      mkdir -p "''${target%/*}"
      cp "$textPath" "$target"
      if [ -n "$executable" ]; then
        chmod 755 "$target"
      fi
      eval "$checkPhase"
    '';

  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; };
  writeShellScript = name: text: writeTextFile { inherit name; text = script text; executable = true; checkPhase = checkSyntax; };
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      text = script text;
      executable = true;
      destination = "/bin/${name}";
      checkPhase = checkSyntax;
      meta.mainProgram = name;
    };

  # Files one after the other.
  concatTextFile =
    {
      name,
      files,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
    }:
    runCommandLocal name { inherit files executable checkPhase meta passthru; } ''
      target=$out${lib.escapeShellArg destination}
      mkdir -p "''${target%/*}"
      cat $files > "$target"
      if [ -n "$executable" ]; then
        chmod 755 "$target"
      fi
      eval "$checkPhase"
    '';
  concatText = name: files: concatTextFile { inherit name files; };
  concatScript = name: files: concatTextFile { inherit name files; executable = true; };
}
