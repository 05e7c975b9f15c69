"""Small tarballs."""

import io
import tarfile
from collections.abc import Mapping

Files = Mapping[str, bytes | str]


def tarball(files: Files, *, mode: str = "w:gz", mtime: int = 1_600_000_000, with_folders: bool = True) -> bytes:
    """Files by name; a str is a symbolic link's target. Folders get members of their own, where wanted."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as tape:  # type: ignore[call-overload]
        folders = sorted({name.rpartition("/")[0] for name in files} - {""})
        for folder in folders if with_folders else []:
            member = tarfile.TarInfo(folder)
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, mtime
            tape.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mtime = mtime
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tape.addfile(member)
            else:
                member.size = len(content)
                tape.addfile(member, io.BytesIO(content))
    return made.getvalue()
