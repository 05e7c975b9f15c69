# busybox with a link for each of its programs. Runs in that same busybox, with no PATH.
"$busybox" mkdir -p "$out/bin"
"$busybox" cp "$busybox" "$out/bin/busybox"
"$busybox" chmod 755 "$out/bin/busybox"
for program in $("$busybox" --list); do
  if [ "$program" != busybox ]; then
    "$busybox" ln -s busybox "$out/bin/$program"
  fi
done
