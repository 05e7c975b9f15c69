# Runs $buildCommand (a variable, or a file named by $buildCommandPath) in the environment that small builds may count on.
set -o pipefail
shopt -s inherit_errexit
export SHELL="$BASH" TZ=UTC SOURCE_DATE_EPOCH=315532800
umask 022
if [ -n "${buildCommandPath:-}" ]; then
  source "$buildCommandPath"
else
  eval "$buildCommand"
fi
