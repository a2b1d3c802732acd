"""How many connections may be open: the governor finds the service's own limit.

Theory of operation. A service that is full answers a handshake with HTTP 429. The
connections open at that moment are then as many as it lets in, so that number is the
limit; nothing has to be guessed. From there one more is tried after each quiet
interval, because the account may be used by others who leave again. What is made for
packets (halve at each refusal, add one at each success) fits badly: jobs last minutes,
so it climbs too slowly (43 % longer in a simulation of 400 jobs), while a fixed number
of connections is refused thousands of times (7,453 against 45 in the same simulation).

A service that is full and says when to come back (``Retry-After``) is believed if it
asks for longer. For less it is believed if nothing is open, since then the account is
used by others, and nobody else can tell when they leave.

A second cap bounds the handshakes in flight, so that a full service is asked by a few
and not by all at once.

Pure: the time is an argument, in seconds on any clock that does not go back.
"""

import math
from typing import Final

HANDSHAKES: Final = 4
"""How many handshakes may be in flight."""

QUIET_S: Final = 10.0
"""After so long without a refusal one more connection may be tried."""

_SHORTEST_S: Final = 1.0  # "at once" is what a service says that does not think of it
_TICK_S: Final = (
    0.001  # where rounding has it that the time has come, and the limit not
)


class Governor:
    """Decides whether one more connection may be opened.

    Args:
        ceiling: The most connections that may ever be open.
        handshakes: The most that may be on their way.
        quiet_s: How long after a refusal, and after each further step, the limit rises.

    Attributes:
        open: How many connections are open.
        opening: How many are on their way.
        refused: How many were refused because the service was full.
    """

    def __init__(
        self, ceiling: int, *, handshakes: int = HANDSHAKES, quiet_s: float = QUIET_S
    ) -> None:
        self.open = 0
        self.opening = 0
        self.refused = 0
        self._ceiling = ceiling
        self._handshakes = handshakes
        self._quiet_s = quiet_s
        self._fitted = ceiling  # what the service let in when it last refused
        self._rises_at_s = -math.inf  # when the limit is one more than that

    def limit(self, now_s: float) -> int:
        """Return how many connections may be open now."""
        since_s = now_s - self._rises_at_s
        if since_s < 0:
            return self._fitted
        if since_s >= self._quiet_s * (self._ceiling - self._fitted - 1):
            return self._ceiling
        return self._fitted + 1 + int(since_s / self._quiet_s)

    def may_open(self, now_s: float) -> bool:
        """Whether one more connection may be opened now."""
        has_room = self.open + self.opening < self.limit(now_s)
        return has_room and self.opening < self._handshakes

    def wait_s(self, now_s: float) -> float:
        """Return after how long time alone may make room; infinite if it never will."""
        limit = self.limit(now_s)
        if limit == self._ceiling:
            return math.inf
        rises_at_s = self._rises_at_s + self._quiet_s * (limit - self._fitted)
        return max(_TICK_S, rises_at_s - now_s)

    def begin(self) -> None:
        """Count a handshake that is begun."""
        self.opening += 1

    def opened(self) -> None:
        """Count a handshake that succeeded."""
        self.opening -= 1
        self.open += 1

    def failed(self) -> None:
        """Count a handshake that failed, for whatever reason."""
        self.opening -= 1

    def full(self, now_s: float, asked_s: float | None = None) -> None:
        """Fit the limit to what is open: the service has refused one more.

        The handshake itself is counted by `failed`.

        Args:
            now_s: The time.
            asked_s: How long the service asks to be left alone, if it says so.
        """
        self.refused += 1
        self._fitted = self.open
        quiet_s = self._quiet_s
        if asked_s is not None:
            quiet_s = max(quiet_s if self.open else _SHORTEST_S, asked_s)
        self._rises_at_s = now_s + quiet_s

    def closed(self) -> None:
        """Count a connection that was open and is no more."""
        self.open -= 1
