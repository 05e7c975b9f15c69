"""When a download is tried again, and after how long. Pure numbers; the clock and the sleeping belong to the transport.

The defaults follow Nix: five attempts (``download-attempts``), 250 ms before the second, each wait twice the one before.
Progress pays the account back: a connection that breaks every few megabytes is slow, not hopeless.
"""

from dataclasses import dataclass

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` in a row without progress; delays and timeouts in seconds."""

    attempts: int = 5
    first_delay: float = 0.25
    longest_delay: float = 30.0
    connect_timeout: float = 15.0
    stall_timeout: float = 60.0
    redirects: int = 20

    def delay(self, failures: int, retry_after: str | None = None) -> float:
        """Seconds to wait after ``failures`` (1, 2, ...) failures; a server's Retry-After in seconds counts, within reason."""
        wait = self.first_delay * 2.0 ** max(failures - 1, 0)
        if retry_after is not None and retry_after.strip().isdigit():
            wait = max(wait, float(retry_after.strip()))
        return min(wait, self.longest_delay)
