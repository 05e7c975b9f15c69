# Files that many programs read and that no program makes: certificates, and the names of protocols and services.
{ lib, debian, runCommandLocal }:
let
  make =
    { pname, package, script, description }:
    let
      tree = debian package;
      version = lib.removePrefix "${package}-" tree.name;
    in
    runCommandLocal "${pname}-${version}" {
      inherit tree pname version;
      meta = { inherit description; };
    } script;
in
{
  # The certificates in the order of their names in Debian's package. The setup hook lets curl, git, Python ... find them.
  cacert = make {
    pname = "cacert";
    package = "ca-certificates";
    description = "Certificates of the authorities that Mozilla trusts, in one file";
    script = ''
      export LC_ALL=C
      mkdir -p $out/etc/ssl/certs $out/nix-support
      bundle=$out/etc/ssl/certs/ca-bundle.crt
      for certificate in $tree/usr/share/ca-certificates/mozilla/*.crt; do
        name=''${certificate##*/}
        echo "''${name%.crt}"
        sed -e '$a\' "$certificate"
        echo
      done > $bundle
      grep -q "BEGIN CERTIFICATE" $bundle
      cat > $out/nix-support/setup-hook <<END
      export NIX_SSL_CERT_FILE=$bundle
      export SSL_CERT_FILE=$bundle
      END
    '';
  };

  iana-etc = make {
    pname = "iana-etc";
    package = "netbase";
    description = "/etc/protocols and /etc/services";
    script = ''
      mkdir -p $out/etc
      cp $tree/etc/protocols $tree/etc/services $out/etc/
    '';
  };
}
