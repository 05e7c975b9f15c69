# Runs $postFetch in the environment that such pieces of shell are written for: strict, in the build folder, with the handful of
# functions that they call.
set -eu -o pipefail
shopt -s inherit_errexit
export SHELL="$BASH" TZ=UTC SOURCE_DATE_EPOCH=315532800
umask 022

# The name of a store path without its hash.
stripHash() {
  local base="${1##*/}"
  if [[ $base =~ ^[0-9a-z]{32}-(.+)$ ]]; then base="${BASH_REMATCH[1]}"; fi
  printf '%s\n' "$base"
}

# Unpack an archive, or copy a folder, into the current folder.
unpackFile() {
  local file="$1" name
  if [ -d "$file" ]; then
    name="$(stripHash "$file")"
    cp -R -p "$file" "$name"
    chmod -R u+w "$name"
    return
  fi
  case "${2:-$file}" in
    *.tar.xz | *.tar.lzma | *.txz) xz -dc < "$file" | tar -xf - ;;
    *.tar | *.tar.* | *.tgz | *.tbz2 | *.tbz) tar -xf "$file" ;;
    *.zip | *.jar | *.whl) unzip -qq "$file" ;;
    *) echo "unpackFile: do not know how to unpack '$file'" >&2; return 1 ;;
  esac
}

eval "$postFetch"
