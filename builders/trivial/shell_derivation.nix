# A derivation whose builder is bash with a small PATH. Takes mkDerivation's common attributes: nativeBuildInputs and
# buildInputs (in PATH while building), env, meta and passthru (never part of the derivation), and any further attribute as an
# environment variable.
{ lib, system, bash, busybox }:
let
  attach =
    attrs: drv:
    lib.extendDerivation true (
      {
        meta = attrs.meta or { };
        passthru = attrs.passthru or { };
        overrideAttrs =
          change:
          make (
            attrs
            // (
              if lib.isFunction change then
                let
                  once = change attrs;
                in
                # overrideAttrs (old: ...) or overrideAttrs (final: prev: ...)
                if lib.isFunction once then change (attach attrs drv) attrs else once
              else
                change
            )
          );
      }
      // attrs.passthru or { }
    ) drv;

  make =
    attrs:
    attach attrs (
      derivation (
        {
          inherit system;
          builder = "${bash}/bin/bash";
          args = [ "-e" ./run.sh ];
          PATH = lib.makeBinPath ((attrs.nativeBuildInputs or [ ]) ++ (attrs.buildInputs or [ ]) ++ [ bash busybox ]);
        }
        // removeAttrs attrs [ "meta" "passthru" "env" ]
        // attrs.env or { }
      )
    );
in
make
