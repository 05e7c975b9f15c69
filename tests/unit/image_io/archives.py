"""Docker archives made with Python's ``tarfile`` and nothing of ours: good ones, and such that lie."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Members = Sequence["tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]"]


def file(name: str, data: bytes = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = info(name, tarfile.REGTYPE, **{"mode": 0o644, **more})
    member.size = len(data)
    return member, data


def folder(name: str, mode: int = 0o755, **more: Any) -> tarfile.TarInfo:
    return info(name, tarfile.DIRTYPE, mode=mode, **more)


def link(name: str, target: str, **more: Any) -> tarfile.TarInfo:
    return info(name, tarfile.SYMTYPE, linkname=target, mode=0o777, **more)


def hard(name: str, target: str, **more: Any) -> tarfile.TarInfo:
    return info(name, tarfile.LNKTYPE, linkname=target, **more)


def info(name: str, kind: bytes, **more: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    for key, value in more.items():
        setattr(member, key, value)
    return member


def tar(*members: "tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as made:
        for member in members:
            if isinstance(member, tuple):
                made.addfile(member[0], io.BytesIO(member[1]))
            else:
                made.addfile(member)
    return out.getvalue()


def hole(size: int) -> bytes:
    """A layer whose one file is a hole of ``size`` bytes (GNU's old form of sparse files)."""
    head = bytearray(info("hole", b"S").tobuf(format=tarfile.GNU_FORMAT))
    head[483:495] = (1 << 95 | size).to_bytes(12, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + bytes(1024)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def image(
    layers: Iterable[bytes],
    names: Sequence[str] = ("base:1",),
    config: Mapping[str, Any] | None = None,
    stored: Iterable[bytes] | None = None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """An entry of manifest.json, and its members; ``stored``: the layers' bytes as they lie in the archive."""
    tars = list(layers)
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2001-02-03T04:05:06Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha(data)}" for data in tars]},
        "history": [{"created": "2001-02-03T04:05:06Z", "created_by": f"layer {number}"} for number in range(len(tars))],
        **(config or {}),
    }
    text = json.dumps(document).encode()
    members = {f"{sha(data)}/layer.tar": lies for data, lies in zip(tars, stored or tars, strict=True)}
    entry = {"Config": f"{sha(text)}.json", "RepoTags": list(names), "Layers": [f"{sha(data)}/layer.tar" for data in tars]}
    return entry, {**members, f"{sha(text)}.json": text}


def archive(*images: tuple[dict[str, Any], dict[str, bytes]], **more: bytes) -> bytes:
    """The archive of some images; ``more`` replaces members."""
    files = {name: data for _, members in images for name, data in members.items()}
    files["manifest.json"] = json.dumps([entry for entry, _ in images]).encode()
    files.update(more)
    return tar(*(file(name, data) for name, data in files.items()))


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)
