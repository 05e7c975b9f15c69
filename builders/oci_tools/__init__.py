"""ociTools: bundles for container runners, and images as OCI layouts. See oci_tools.md."""
