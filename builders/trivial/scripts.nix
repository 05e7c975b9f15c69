# writeShellApplication: a program in bash that knows where its tools are, and is looked through while it is built.
{ lib, bash, runtimeShell, shellcheck, writeTextFile }:
{
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? null,
      inheritPath ? true,
      bashOptions ? [ "errexit" "nounset" "pipefail" ],
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      derivationArgs ? { },
      meta ? { },
      passthru ? { },
    }:
    let
      path = lib.makeBinPath runtimeInputs;
      setPath =
        if !inheritPath then
          "export PATH=\"${path}\"\n"
        else
          lib.optionalString (runtimeInputs != [ ]) "export PATH=\"${path}:$PATH\"\n";
      environment = lib.optionalAttrs (runtimeEnv != null) runtimeEnv;
      variable = variable: value: "${lib.toShellVar variable value}\nexport ${variable}\n";
      flags = lib.optionals (excludeShellChecks != [ ]) [ "--exclude" (lib.concatStringsSep "," excludeShellChecks) ] ++ extraShellCheckFlags;
    in
    writeTextFile {
      inherit name passthru derivationArgs;
      meta = { mainProgram = name; } // meta;
      executable = true;
      destination = "/bin/${name}";
      allowSubstitutes = true;
      preferLocalBuild = false;
      text = lib.concatStringsSep "\n" (
        [ "#!${runtimeShell}" ]
        ++ map (option: "set -o ${option}") bashOptions
        ++ lib.mapAttrsToList variable environment
        ++ [ setPath text ]
      ) + "\n";
      checkPhase =
        if checkPhase != null then
          checkPhase
        else
          ''
            ${bash}/bin/bash -n -O extglob "$target"
            ${shellcheck}/bin/shellcheck ${lib.escapeShellArgs flags} "$target"
          '';
    };
}
