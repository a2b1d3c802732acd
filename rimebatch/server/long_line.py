"""A line that is long: what either end says reaches the other half a round trip later.

Theory of operation. Each way is a queue in memory, from which nothing can be taken
before it has been there for half a round trip. So bytes keep their order and overlap:
the line delays, and takes no more time for more of them. Two tasks carry between the
queues and the socket. The end of the line goes the same way, behind what was said
before. What cannot be delayed is what the system does by itself: that it accepts a
connection, and that it acknowledges what has come. A client's reset is heard as the
end of its line.

It knows bytes, and neither WebSocket nor what can go wrong.
"""

import math
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import trio

# On the line in either direction, beside one frame; more has to wait. What Linux lets
# a connection have on its way is as much (the highest of net.ipv4.tcp_wmem).
WINDOW_BYTES: Final = 4 * 1024 * 1024

# Once the service has left, for a client that does not read what is still to come.
_DRAIN_LIMIT_S: Final = 10.0  # as for a handshake


class LongLine(trio.abc.Stream):
    """The service's end of a TCP stream whose other end is far away.

    Closing it returns at once; the client sees it half a round trip later.

    Args:
        stream: The line as it is.
        round_trip_s: How long it takes there and back, in seconds.
    """

    def __init__(self, stream: trio.SocketStream, round_trip_s: float) -> None:
        self._stream = stream
        self._out = _Way(round_trip_s / 2)
        self._in = _Way(round_trip_s / 2)
        self._heard = memoryview(b"")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Put *data* on the line, as soon as there is room."""
        await self._out.put(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room; see `trio.abc.SendStream`."""
        await self._out.wait_for_room()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return what has arrived; nothing at the end."""
        if not self._heard:
            self._heard = memoryview(await self._in.take())
        count = max_bytes or len(self._heard)
        heard, self._heard = self._heard[:count], self._heard[count:]
        return bytes(heard)

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Set an option of the socket, which is closed when the end has arrived."""
        self._stream.setsockopt(level, option, value)

    async def aclose(self) -> None:
        """End the line, behind all that was sent; hear nothing more."""
        self._out.end()
        self._in.drop(trio.ClosedResourceError)
        await trio.lowlevel.checkpoint()

    async def carry_out(self) -> None:
        """Pass on to the client what has arrived there, up to the end."""
        try:
            while data := await self._out.take():
                await self._stream.send_all(data)
        except trio.BrokenResourceError:
            self._out.drop(trio.BrokenResourceError)
        else:
            await trio.aclose_forcefully(self._stream)

    async def carry_in(self) -> None:
        """Take in what the client says, up to the end."""
        try:
            while data := await self._stream.receive_some():
                await self._in.put(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the line has ended all the same
        self._in.end()


@asynccontextmanager
async def open_long_line(
    stream: trio.SocketStream, round_trip_s: float
) -> AsyncIterator[LongLine]:
    """Make *stream* long; at the end wait until all of it has arrived, and close it.

    Cancellation:
        Drops what is on its way. The stream is not closed then.
    """
    line = LongLine(stream, round_trip_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.carry_out)
        nursery.start_soon(line.carry_in)
        yield line
        await line.aclose()
        nursery.cancel_scope.deadline = (
            trio.current_time() + round_trip_s + _DRAIN_LIMIT_S
        )


class _Way:
    """One direction: what is put in can be taken out later, in the same order.

    Args:
        delay_s: How much later.
    """

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._parts: deque[tuple[float, bytes]] = deque()  # when it arrives, and what
        self._bytes = 0
        self._has_end = False
        self._failure: type[Exception] | None = None
        self._changed = trio.lowlevel.ParkingLot()

    async def wait_for_room(self) -> None:
        await trio.lowlevel.checkpoint()
        while self._bytes >= WINDOW_BYTES and not (self._has_end or self._failure):
            await self._changed.park()
        self._check()
        if self._has_end:
            raise trio.ClosedResourceError

    async def put(self, data: bytes) -> None:
        """Put *data* in, which may be more than there is room for."""
        await self.wait_for_room()
        if data:  # else it would be the end
            self._add(data)

    def end(self) -> None:
        """Put the end in, behind all the rest."""
        self._has_end = True
        self._add(b"")

    def drop(self, failure: type[Exception]) -> None:
        """Raise *failure* at either end from now on."""
        self._failure = failure
        self._changed.unpark_all()

    async def take(self) -> bytes:
        """Take all that has arrived, once something has; nothing at the end."""
        await trio.lowlevel.checkpoint()
        while trio.current_time() < self._due_s and not self._failure:
            with trio.move_on_at(self._due_s):
                await self._changed.park()
        self._check()
        taken = b"".join(self._arrived())
        self._bytes -= len(taken)
        self._changed.unpark_all()
        return taken

    @property
    def _due_s(self) -> float:
        """When the next part arrives, by trio's clock."""
        return self._parts[0][0] if self._parts else math.inf

    def _arrived(self) -> Iterator[bytes]:
        """Remove what has arrived; the end stays."""
        now_s = trio.current_time()
        while self._due_s <= now_s and self._parts[0][1]:
            yield self._parts.popleft()[1]

    def _add(self, part: bytes) -> None:
        self._parts.append((trio.current_time() + self._delay_s, part))
        self._bytes += len(part)
        self._changed.unpark_all()

    def _check(self) -> None:
        if self._failure:
            raise self._failure
