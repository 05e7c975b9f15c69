"""git's words and what they are taken for."""

import pytest

from imagetools.net.git_failures import explain, last_words


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("host", ["fatal: unable to access 'https://x.invalid/': Could not resolve host: x.invalid"]),
        ("host", ["fatal: unable to look up x.invalid (port 9418) (Name or service not known)"]),
        ("refused", ["fatal: unable to access 'http://127.0.0.1:9/': Failed to connect to 127.0.0.1 port 9: Connection refused"]),
        ("login", ["fatal: could not read Username for 'https://github.com': terminal prompts disabled"]),
        ("login", ["remote: HTTP Basic: Access denied", "fatal: Authentication failed for 'https://x/'"]),
        ("login", ["git@x: Permission denied (publickey).", "fatal: Could not read from remote repository."]),
        ("repository", ["fatal: repository 'http://127.0.0.1/x.git/' not found"]),
        ("repository", ["fatal: remote error: access denied or repository not exported: /x"]),
        ("repository", ["fatal: '/x' does not appear to be a git repository", "fatal: Could not read from remote repository."]),
        ("revision", ["fatal: couldn't find remote ref refs/heads/x"]),
        ("revision", ["fatal: remote error: upload-pack: not our ref 0123"]),
        ("certificate", ["fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate"]),
        ("protocol", ["fatal: transport 'ext' not allowed"]),
        ("broken", ["error: RPC failed; HTTP 503 curl 22", "fatal: the remote end hung up unexpectedly"]),
        ("busy", ["fatal: unable to access 'http://x/': The requested URL returned error: 503"]),
        ("broken", ["fatal: early EOF", "fatal: fetch-pack: invalid index-pack output"]),
        ("timeout", ["fatal: unable to access 'https://x/': Connection timed out after 1000 ms"]),
        ("disk", ["fatal: write error: No space left on device"]),
        ("path", ["error: invalid path '.git'"]),
        ("unknown", ["fatal: something new"]),
        ("unknown", []),
    ],
)
def test_kinds(kind: str, lines: list[str]) -> None:
    found = explain(lines)
    assert found.kind == kind
    assert found.may_pass == (kind in {"broken", "busy", "timeout"})
    assert found.reason


def test_last_words() -> None:
    assert last_words(["fatal: first", "hint: more", ""]) == "first"
    assert last_words(["warning: x", "fatal: clone of 'https://me:pw@h/x' failed"]) == "clone of 'https://***@h/x' failed"
    assert last_words(["only this"]) == "only this"
    assert last_words([]) == ""
