# meta: what is known about a package beside how it is built. None of it reaches the derivation.
{ lib }:
rec {
  defaultPriority = 5;
  addMetaAttrs =
    new: drv:
    if drv ? overrideAttrs then
      drv.overrideAttrs (old: { meta = (old.meta or { }) // new; })
    else
      drv // { meta = (drv.meta or { }) // new; };
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };
  setName = name: drv: drv // { inherit name; };
  updateName = f: drv: drv // { name = f drv.name; };
  appendToName = suffix: updateName (name: let parts = builtins.parseDrvName name; in "${parts.name}-${suffix}-${parts.version}");
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  mapDerivationAttrset = f: builtins.mapAttrs (_: drv: if lib.isDerivation drv then f drv else drv);
  lowPrioSet = mapDerivationAttrset lowPrio;
  hiPrioSet = mapDerivationAttrset hiPrio;

  # A platform is named by its system, or described by attributes that it must have.
  platformMatch =
    platform: wanted:
    if builtins.isString wanted then
      (platform.system or null) == wanted
    else
      lib.matchAttrs (if wanted ? parsed then wanted else { parsed = wanted; }) platform;
  availableOn =
    platform: package:
    let
      named = attribute: builtins.any (platformMatch platform) package.meta.${attribute};
    in
    (!(package ? meta.platforms) || named "platforms") && !(package ? meta.badPlatforms && named "badPlatforms");

  licensesSpdx = lib.mapAttrs' (_: license: lib.nameValuePair license.spdxId license) (lib.filterAttrs (_: license: license ? spdxId) lib.licenses);
  getLicenseFromSpdxId =
    id:
    getLicenseFromSpdxIdOr id (
      lib.warn "getLicenseFromSpdxId: no license with the SPDX id ${id} is known" { shortName = id; spdxId = id; }
    );
  getLicenseFromSpdxIdOr =
    let
      small = lib.mapAttrs' (name: lib.nameValuePair (lib.toLower name)) licensesSpdx;
    in
    id: default: small.${lib.toLower id} or default;

  getExe = drv: getExe' drv (drv.meta.mainProgram or (lib.getName drv));
  getExe' =
    drv: program:
    assert lib.assertMsg (lib.isDerivation drv) "getExe': the first argument is a ${builtins.typeOf drv}, it must be a derivation";
    assert lib.assertMsg (builtins.isString program) "getExe': the second argument is a ${builtins.typeOf program}, it must be a string";
    assert lib.assertMsg (builtins.match ".*/.*" program == null) "getExe': '${program}' must be the name of a program, without a folder";
    "${lib.getBin drv}/bin/${program}";
}
