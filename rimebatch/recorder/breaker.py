"""The breaker: after many failures in a row the service is left alone, but for a probe.

Theory of operation. Each job has pauses of its own, which protects nobody from four
hundred jobs; and while a service fails everybody, each job would spend what it may send
again. So failures are counted over all jobs, and what ends the count is a take on
record, not an open connection: a service that lets everybody in and then hangs up is
ill, too. From the twentieth failure on one connection is begun every half a minute,
until there is a take again.

Pure: the time is an argument, in seconds on any clock that does not go back.
"""

from typing import Final

FAILURES: Final = 20
"""So many in a row are no coincidence; fewer, a single bad job can bring about."""

PROBE_S: Final = 30.0
"""Between two probes: two a minute, so that an outage's end is soon noticed."""


class Breaker:
    """Decides how soon one more connection may be begun, by how the last ones ended.

    Args:
        failures: How many in a row break the circuit.
        probe_s: How long after that, and after each probe, one more is let through.
    """

    def __init__(self, failures: int = FAILURES, probe_s: float = PROBE_S) -> None:
        self._failures = failures
        self._probe_s = probe_s
        self._in_a_row = 0
        self._probe_at_s = 0.0

    @property
    def is_broken(self) -> bool:
        """Whether only probes are let through."""
        return self._in_a_row >= self._failures

    def wait_s(self, now_s: float) -> float:
        """Return how soon a connection may be begun, to the millisecond."""
        return max(0.0, round(self._probe_at_s - now_s, 3)) if self.is_broken else 0.0

    def begin(self, now_s: float) -> None:
        """Note a connection that is begun: while it is broken, a probe."""
        if self.is_broken:
            self._probe_at_s = now_s + self._probe_s

    def failed(self, now_s: float) -> None:
        """Count a connection that came to nothing, in a way that may pass."""
        self._in_a_row += 1
        if self._in_a_row == self._failures:
            self._probe_at_s = now_s + self._probe_s

    def succeeded(self) -> None:
        """Forget the failures: a take is on record."""
        self._in_a_row = 0
