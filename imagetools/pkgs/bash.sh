# bash under its two names.
mkdir -p "$out/bin"
cp "$bash" "$out/bin/bash"
chmod 755 "$out/bin/bash"
ln -s bash "$out/bin/sh"
