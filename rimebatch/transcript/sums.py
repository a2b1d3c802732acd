"""Two sums over the lines of a transcript, which tell damage, and the line of it.

Theory of operation. Digests say that bytes differ, never which. But let ``c`` be the
CRC-32 of each line and ``k`` its number, and keep the sums of all ``c`` and of all
``k * c``. If one line is damaged, the first sum is off by ``d`` and the second by
``k * d``, so that their quotient is the line. Where more lines are damaged, the
quotient is as good as random, and almost never the number of a line.

Two lines that change places leave the first sum as it was, but not the second. Both
miss a line that has the CRC-32 of another by chance, one in 2^32, changes of several
lines that cancel out, one in 2^64, and lines that move up by as much as equal ones move
down, which their numbers tell. Against intent they are no help: anybody can seal anew.

This module knows lines of bytes and nothing of what they hold.
"""

import zlib
from itertools import count
from operator import mul
from typing import Final, TypeAlias

Sums: TypeAlias = tuple[int, int]
"""The sum of the lines' check sums, and the same with each times its line's number."""

_PRIME: Final = 4_294_967_311  # the least above every CRC-32, so all but 0 divide


class LineSums:
    """The sums of the lines so far.

    Attributes:
        lines: How many there are; the first is number 1.
    """

    def __init__(self) -> None:
        self.lines = 0
        self._plain = 0
        self._weighted = 0

    @property
    def sums(self) -> Sums:
        """The two sums."""
        return self._plain % _PRIME, self._weighted % _PRIME

    def add(self, *lines: bytes) -> None:
        """Count *lines*, line feeds included."""
        checks = [*map(zlib.crc32, lines)]
        self._plain += sum(checks)
        self._weighted += sum(map(mul, count(self.lines + 1), checks))
        self.lines += len(lines)

    def find_damaged(self, recorded: Sums) -> int | None:
        """Return the one line by which these sums differ from the *recorded* ones.

        ``None`` if they agree, or if more than one line is damaged.
        """
        plain, weighted = self.sums
        off = (plain - recorded[0]) % _PRIME
        if not off:
            return None
        number = (weighted - recorded[1]) * pow(off, -1, _PRIME) % _PRIME
        return number if 1 <= number <= self.lines else None
