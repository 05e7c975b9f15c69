# The global `derivation`: a lazy set around derivationStrict, one member for each output.
# The first output is the result; every member knows all others, so that pkg.dev.out.dev works.
drvAttrs@{ outputs ? [ "out" ], ... }:

let
  strict = derivationStrict drvAttrs;

  shared = drvAttrs // builtins.listToAttrs members // {
    all = map (member: member.value) members;
    inherit drvAttrs;
  };

  memberFor = outputName: {
    name = outputName;
    value = shared // {
      outPath = strict.${outputName};
      drvPath = strict.drvPath;
      type = "derivation";
      inherit outputName;
    };
  };

  members = map memberFor outputs;
in
(if outputs == [ ] then strict /* fails, and says why */ else builtins.head members).value
