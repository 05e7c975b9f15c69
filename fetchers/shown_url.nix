# A URL as an error may show it: without a login, without what stands behind a question mark.
url:
let
  parts = builtins.match "([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#]*@)?([^?#]*).*" (toString url);
in
if parts == null then "a URL" else toString (builtins.head parts) + builtins.elemAt parts 2
