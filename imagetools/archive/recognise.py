"""What a file is, by its first bytes: the words for an error message where something is no archive that can be unpacked."""

_KNOWN = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzop data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"LRZI", "lrzip data"),
    (b"\xce\xb2\xcf\x81", "brotli data"),
    (b"070701", "a cpio archive"),
    (b"070702", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"\xc7\x71", "a cpio archive"),
    (b"!<arch>\ndebian", "a Debian package"),
    (b"!<arch>\n", "an ar archive"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"xar!", "a xar archive"),
    (b"MSCF", "a Microsoft cabinet"),
    (b"hsqs", "a squashfs image"),
    (b"\r\0\0\0\0\0\0\0nix-archive-1", "a Nix archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"#!", "a script"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"# v2 git bundle", "a git bundle"),
    (b"-----BEGIN PGP", "a PGP signature"),
    (b"version https://git-lfs.github.com/", "a pointer to a file in Git LFS"),
)


def what_is(head: bytes) -> str:
    """A few words with their article, such as ``a 7z archive``; ``head`` are the first 512 bytes or so."""
    if not head:
        return "an empty file"
    for magic, words in _KNOWN:
        if head.startswith(magic):
            return words
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if text.startswith(b"<?xml"):
        return "an XML document"
    if text.startswith((b"{", b"[")):
        return "what looks like JSON"
    printable = sum(1 for byte in head if byte >= 32 or byte in b"\t\r\n\f")
    return "a text" if printable == len(head) else "data of an unknown kind"
