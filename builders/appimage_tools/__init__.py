"""appimageTools: AppImages unpacked and wrapped. See appimage_tools.md."""
