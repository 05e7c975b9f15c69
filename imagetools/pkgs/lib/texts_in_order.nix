# Named texts that need others before them: { name = { text; deps; }; }. A plain string is the name of another one.
{ lib }:
rec {
  # The texts of `names` and of all that they need, each once, what is needed first.
  textClosureList =
    entries: names:
    let
      add =
        state: name:
        if state.done ? ${name} then
          state
        else
          let
            entry = entries.${name};
            marked = state // { done = state.done // { ${name} = true; }; };
            after = builtins.foldl' add marked entry.deps;
          in
          if builtins.isString entry then add marked entry else after // { texts = after.texts ++ [ entry.text ]; };
    in
    (builtins.foldl' add { done = { }; texts = [ ]; } names).texts;
  textClosureMap = f: entries: names: lib.concatStringsSep "\n" (map f (textClosureList entries names));

  noDepEntry = text: { inherit text; deps = [ ]; };
  fullDepEntry = text: deps: { inherit text deps; };
  packEntry = deps: { inherit deps; text = ""; };
  stringAfter = deps: text: { inherit text deps; };
}
