# Lists of store paths: what a path refers to. They are texts with references, so they hold on to what they name.
{ lib, runCommandLocal }:
let
  # A graph (exportReferencesGraph) has for each path: the path, its deriver, how many references it has, and these.
  list = name: path: script: runCommandLocal name { exportReferencesGraph = [ "graph" path ]; inherit path; } ''
    while read -r member; do
      read -r deriver
      read -r count
      references=""
      for ((; count > 0; count--)); do
        read -r reference
        references+=$reference$'\n'
      done
      ${script}
    done < graph > unsorted
    LC_ALL=C sort unsorted > $out
  '';
in
{
  # The whole closure, with the path itself.
  writeReferencesToFile = path: list "runtime-deps" path ''echo "$member"'';
  # Only what the path itself names.
  writeDirectReferencesToFile = path: list "runtime-references" path ''
    if [ "$member" = "$path" ]; then
      echo -n "$references"
    fi
  '';
  # The closure of several.
  writeClosure =
    paths:
    assert lib.assertMsg (builtins.isList paths) "writeClosure: the argument must be a list of paths, got a ${builtins.typeOf paths}";
    runCommandLocal "runtime-deps" {
      exportReferencesGraph = lib.concatLists (lib.imap0 (n: path: [ "graph${toString n}" path ]) paths);
    } ''
      touch graph
      cat graph* | sed -n '/^\//p' | LC_ALL=C sort -u > $out
    '';
}
