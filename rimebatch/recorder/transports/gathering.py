"""A stream that is read less often, for more at a time.

Theory of operation. A service that speaks in real time sends an event every 20 ms or
so, on each connection. To be woken for one costs far more than to read it. Who need not
know at once may let some gather: with a pause before each read, one wake-up brings what
has come in the meantime. The operating system keeps it so long.

What ends an answer is known late by up to a pause, and so long the service is idle. So
a pause is no more than a small share of the time that the longest answer so far has
taken: a fast service is read at once, and a slow one ever less often. After a read that
was as large as it may be there is no pause, since there is more to read; and the next
one may be larger.

It belongs below TLS: above it, a read brings one record, and one is all that most
services put an event in.
"""

from typing import Final

import trio

# Measured: where much comes, 4 kB cost twice the CPU of 64 kB, and 256 kB a tenth less;
# but where little comes, memory for so much costs more than it saves.
_READ_BYTES: Final = 64 * 1024
_NEXT_READ_BYTES: Final = 256 * 1024
_SHARE: Final = 0.01  # of the longest answer; on average the end is late by half of it


class GatheringStream(trio.abc.Stream):
    """A stream, read through pauses.

    Args:
        stream: What it reads and writes; it is closed with this one.

    Attributes:
        pause_s: The longest pause; 0 for none.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.pause_s = 0.0
        self._asked_at = trio.current_time()
        self._longest_s = 0.0
        self._has_more = False

    def expect_answer(self) -> None:
        """Note that what is read from now on answers what is sent now."""
        self._asked_at = trio.current_time()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Return what has gathered, or the first that comes if nothing has.

        Args:
            max_bytes: How much at the most; by default some 100 kB.
        """
        if self.pause_s and not self._has_more:
            answering_s = trio.current_time() - self._asked_at
            self._longest_s = max(self._longest_s, answering_s)
            await trio.sleep(min(self.pause_s, _SHARE * self._longest_s))
        usual_bytes = _NEXT_READ_BYTES if self._has_more else _READ_BYTES
        most_bytes = usual_bytes if max_bytes is None else max_bytes
        data = await self._stream.receive_some(most_bytes)
        self._has_more = len(data) == most_bytes
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send *data*, at once."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until it may be sent; see `trio.abc.SendStream`."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()
