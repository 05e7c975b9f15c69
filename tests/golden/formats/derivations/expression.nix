# Made with real Nix: `nix-instantiate --store local?root=… expression.nix`; each .drv that it wrote lies beside this file.
let
  drv = attrs: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // attrs);
  source = builtins.toFile "a.txt" "hello";
  sha256 = "0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i";
  flat = drv { name = "f.tar.gz"; url = "http://a.example"; outputHash = sha256; outputHashAlgo = "sha256"; };
  sameElsewhere = drv { name = "f.tar.gz"; url = "http://b.example"; outputHash = sha256; outputHashAlgo = "sha256"; };
  recursive = drv {
    name = "0.8.tar.gz";
    outputHashMode = "recursive";
    outputHash = "079agjlv0hrv7fxnx9ngipx14gyncbkllxrp9cccnh3a50fxcmy7";
    outputHashAlgo = "sha256";
  };
  recursiveSha1 = drv {
    name = "x";
    outputHashMode = "recursive";
    outputHash = "e4fd8ba5f7bbeaea5ace89fe10255536cd60dab6";
    outputHashAlgo = "sha1";
  };
  flatMd5 = drv { name = "x"; outputHash = "8179d3caeff1869b5ba1744e5a245c04"; outputHashAlgo = "md5"; };
  flatSri = drv { name = "sri"; outputHash = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="; };
  many = drv {
    name = "multi";
    outputs = [ "out" "dev" "a-b" "zoo" ];
    inherit source flat;
    odd = "a\"b\\c\nd\re\tf\${x}ü";
    "we\"ird\n" = 1;
    args = [ "-c" "x\ty" "" (builtins.placeholder "dev") ];
  };
in
drv {
  name = "top";
  inputs = [ flat sameElsewhere recursive recursiveSha1 flatMd5 flatSri many.out many.dev many.zoo "${many.dev}" ];
  drvFile = many.drvPath;
  args = [ source ];
  outputs = [ "lib" "out" ];
}
