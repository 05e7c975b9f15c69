# Files that many programs read and that no program makes: certificates, and the names of protocols and services.
{ lib, debian, runCommandLocal }:
let
  make =
    { pname, package, script, description, more ? { } }:
    let
      tree = debian package;
      version = lib.removePrefix "${package}-" tree.name;
    in
    runCommandLocal "${pname}-${version}" ({
      inherit tree pname version;
      meta = { inherit description; };
    } // more) script;
in
{
  # The certificates in the order of their names in Debian's package. The setup hook lets curl, git, Python ... find them.
  # `override` takes what nixpkgs' does: certificates to add, as files or texts, and names of those to leave out.
  cacert = lib.makeOverridable ({ extraCertificateFiles ? [ ], extraCertificateStrings ? [ ], blacklist ? [ ] }: make {
    pname = "cacert";
    package = "ca-certificates";
    description = "Certificates of the authorities that Mozilla trusts, in one file";
    more = lib.optionalAttrs (extraCertificateFiles != [ ]) { inherit extraCertificateFiles; }
      // lib.optionalAttrs (extraCertificateStrings != [ ]) {
        extraCertificates = builtins.concatStringsSep "\n" extraCertificateStrings;
        passAsFile = [ "extraCertificates" ];
      }
      // lib.optionalAttrs (blacklist != [ ]) { blacklist = map (builtins.replaceStrings [ " " ] [ "_" ]) blacklist; };
    script = ''
      export LC_ALL=C
      mkdir -p $out/etc/ssl/certs $out/nix-support
      bundle=$out/etc/ssl/certs/ca-bundle.crt
      for certificate in $tree/usr/share/ca-certificates/mozilla/*.crt; do
        name=''${certificate##*/}${lib.optionalString (blacklist != [ ]) ''

        case " $blacklist " in *" ''${name%.crt} "*) continue;; esac''}
        echo "''${name%.crt}"
        sed -e '$a\' "$certificate"
        echo
      done > $bundle
      grep -q "BEGIN CERTIFICATE" $bundle
    '' + lib.optionalString (blacklist != [ ]) ''
      for name in $blacklist; do
        test -e "$tree/usr/share/ca-certificates/mozilla/$name.crt" || { echo "cacert: blacklist: there is no certificate '$name'" >&2; exit 1; }
      done
    '' + lib.optionalString (extraCertificateFiles != [ ] || extraCertificateStrings != [ ]) ''
      for file in $extraCertificateFiles ''${extraCertificatesPath-}; do
        grep -q "BEGIN CERTIFICATE" "$file" || { echo "cacert: there is no certificate (PEM) in '$file'" >&2; exit 1; }
        sed -e '$a\' "$file"
        echo
      done >> $bundle
    '' + ''
      cat > $out/nix-support/setup-hook <<END
      export NIX_SSL_CERT_FILE=$bundle
      export SSL_CERT_FILE=$bundle
      END
    '';
  }) { };

  iana-etc = lib.makeOverridable make {
    pname = "iana-etc";
    package = "netbase";
    description = "/etc/protocols and /etc/services";
    script = ''
      mkdir -p $out/etc
      cp $tree/etc/protocols $tree/etc/services $out/etc/
    '';
  };
}
