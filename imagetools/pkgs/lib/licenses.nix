# Licenses for meta.license: the common ones, with their names in the SPDX list.
{ lib }:
let
  spdx = spdxId: fullName: { inherit spdxId fullName; url = "https://spdx.org/licenses/${spdxId}.html"; };
  plain = fullName: { inherit fullName; };
  old = license: license // { deprecated = true; };
  unfree = fullName: { inherit fullName; free = false; };
  shareable = license: license // { redistributable = true; };
in
builtins.mapAttrs (shortName: license: rec {
  inherit shortName;
  free = true;
  redistributable = license.free or free;
  deprecated = false;
} // license) {
  agpl3Only = spdx "AGPL-3.0-only" "GNU Affero General Public License v3.0 only";
  agpl3Plus = spdx "AGPL-3.0-or-later" "GNU Affero General Public License v3.0 or later";
  agpl3 = old (spdx "AGPL-3.0" "GNU Affero General Public License v3.0");
  artistic1 = spdx "Artistic-1.0" "Artistic License 1.0";
  artistic2 = spdx "Artistic-2.0" "Artistic License 2.0";
  asl20 = spdx "Apache-2.0" "Apache License 2.0";
  boost = spdx "BSL-1.0" "Boost Software License 1.0";
  bsd0 = spdx "0BSD" "BSD Zero Clause License";
  bsd2 = spdx "BSD-2-Clause" "BSD 2-clause \"Simplified\" License";
  bsd3 = spdx "BSD-3-Clause" "BSD 3-clause \"New\" or \"Revised\" License";
  cc-by-40 = spdx "CC-BY-4.0" "Creative Commons Attribution 4.0";
  cc-by-sa-40 = spdx "CC-BY-SA-4.0" "Creative Commons Attribution Share Alike 4.0";
  cc0 = spdx "CC0-1.0" "Creative Commons Zero v1.0 Universal";
  cddl = spdx "CDDL-1.0" "Common Development and Distribution License 1.0";
  curl = spdx "curl" "curl License";
  epl10 = spdx "EPL-1.0" "Eclipse Public License 1.0";
  epl20 = spdx "EPL-2.0" "Eclipse Public License 2.0";
  eupl12 = spdx "EUPL-1.2" "European Union Public License 1.2";
  free = plain "Unspecified free software license";
  gpl2Only = spdx "GPL-2.0-only" "GNU General Public License v2.0 only";
  gpl2Plus = spdx "GPL-2.0-or-later" "GNU General Public License v2.0 or later";
  gpl2 = old (spdx "GPL-2.0" "GNU General Public License v2.0");
  gpl3Only = spdx "GPL-3.0-only" "GNU General Public License v3.0 only";
  gpl3Plus = spdx "GPL-3.0-or-later" "GNU General Public License v3.0 or later";
  gpl3 = old (spdx "GPL-3.0" "GNU General Public License v3.0");
  isc = spdx "ISC" "ISC License";
  lgpl21Only = spdx "LGPL-2.1-only" "GNU Lesser General Public License v2.1 only";
  lgpl21Plus = spdx "LGPL-2.1-or-later" "GNU Lesser General Public License v2.1 or later";
  lgpl21 = old (spdx "LGPL-2.1" "GNU Lesser General Public License v2.1");
  lgpl3Only = spdx "LGPL-3.0-only" "GNU Lesser General Public License v3.0 only";
  lgpl3Plus = spdx "LGPL-3.0-or-later" "GNU Lesser General Public License v3.0 or later";
  lgpl3 = old (spdx "LGPL-3.0" "GNU Lesser General Public License v3.0");
  libpng = spdx "Libpng" "libpng License";
  mit = spdx "MIT" "MIT License";
  mit0 = spdx "MIT-0" "MIT No Attribution";
  mpl20 = spdx "MPL-2.0" "Mozilla Public License 2.0";
  ncsa = spdx "NCSA" "University of Illinois/NCSA Open Source License";
  ofl = spdx "OFL-1.1" "SIL Open Font License 1.1";
  openssl = spdx "OpenSSL" "OpenSSL License";
  postgresql = spdx "PostgreSQL" "PostgreSQL License";
  psfl = spdx "Python-2.0" "Python Software Foundation License version 2";
  publicDomain = plain "Public Domain";
  ruby = spdx "Ruby" "Ruby License";
  unfree = unfree "Unfree";
  unfreeRedistributable = shareable (unfree "Unfree redistributable");
  unlicense = spdx "Unlicense" "The Unlicense";
  vim = spdx "Vim" "Vim License";
  wtfpl = spdx "WTFPL" "Do What The F*ck You Want To Public License";
  zlib = spdx "Zlib" "zlib License";
}
