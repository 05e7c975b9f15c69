# meta: what is known about a package beside how it is built. None of it reaches the derivation.
{ lib }:
rec {
  defaultPriority = 5;
  addMetaAttrs = new: drv: drv // { meta = (drv.meta or { }) // new; };
  setName = name: drv: drv // { inherit name; };
  appendToName =
    suffix: drv:
    let
      parts = builtins.parseDrvName drv.name;
    in
    drv // { name = "${parts.name}-${suffix}" + lib.optionalString (parts.version != "") "-${parts.version}"; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  lowPrioSet = builtins.mapAttrs (_: drv: if lib.isDerivation drv then lowPrio drv else drv);
  hiPrioSet = builtins.mapAttrs (_: drv: if lib.isDerivation drv then hiPrio drv else drv);
  getExe = drv: getExe' drv (drv.meta.mainProgram or (lib.getName drv));
  getExe' = drv: program: "${lib.getBin drv}/bin/${program}";
}
