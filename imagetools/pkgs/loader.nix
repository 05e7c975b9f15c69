# Where Debian has a machine's libraries, and the name of its loader: for programs that bring both along.
{ platform }:
what:
{
  triple = "${platform.linuxArch}-linux-gnu";
  loader =
    {
      x86_64 = "ld-linux-x86-64.so.2";
      aarch64 = "ld-linux-aarch64.so.1";
    }
    .${platform.linuxArch} or (throw "the embedded package set has no ${what} for ${platform.system}");
}
