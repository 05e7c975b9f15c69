"""What the two releases of patchutils differ in, as far as fetchpatch shows it.

Written from what the programs do with input made for the purpose; tests/golden/fetchpatch and tests/oracle hold them against it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """One release's habits. All else is the same in both."""

    release: str
    keeps_git_headers: bool
    """``diff ...`` and the lines of git after it belong to the file that follows; otherwise they are text between files."""
    comments_end_at_nul: bool
    """What stands behind ``@@`` is written up to its first NUL byte only."""
    inverts_hunk_ranges: bool
    """A range of hunks that begins with x means all others."""
    refuses_blank_context: bool
    """An empty line in a hunk, where a line with one space belongs, stops a revert; otherwise it is left out of it."""
    strips_starred_names: bool
    """``strip`` works on the ``***`` line of a context diff as well."""
    stops_at_omitted_lines: bool
    """A context diff where a hunk's new lines are left out, as they show no change, ends there for its file."""
    overlooks_file_behind_context: bool
    """A revert passes over a unified diff that follows a context diff at once."""


PATCHUTILS_0_3_3 = Dialect(
    release="0.3.3",
    keeps_git_headers=False,
    comments_end_at_nul=True,
    inverts_hunk_ranges=False,
    refuses_blank_context=False,
    strips_starred_names=True,
    stops_at_omitted_lines=True,
    overlooks_file_behind_context=True,
)
PATCHUTILS_0_4_2 = Dialect(
    release="0.4.2",
    keeps_git_headers=True,
    comments_end_at_nul=False,
    inverts_hunk_ranges=True,
    refuses_blank_context=True,
    strips_starred_names=False,
    stops_at_omitted_lines=False,
    overlooks_file_behind_context=False,
)
DIALECTS = {dialect.release: dialect for dialect in (PATCHUTILS_0_3_3, PATCHUTILS_0_4_2)}
