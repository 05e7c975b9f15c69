# What every fetcher shares.
{ lib }:
{
  # How a download finds its way out; these do not change what it gives, so they may differ from machine to machine.
  proxyImpureEnvVars = [
    "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy"
    "HTTP_PROXY" "HTTPS_PROXY" "FTP_PROXY" "ALL_PROXY" "NO_PROXY"
  ];
}
