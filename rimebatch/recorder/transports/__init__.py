"""What carries messages: the seam between the recorder and a service.

A transport tells its transcript everything at the moment it happens, and knows nothing
of takes, segments or audio.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol, TypeAlias

from rimebatch.transcript.writer import Span, TranscriptWriter
from rimebatch.ws3.query import Query


class Received(NamedTuple):
    """A message as it is on record, and where the transcript holds it."""

    message: str
    span: Span


class Transport(Protocol):
    """One open connection."""

    async def send(self, message: str) -> None:
        """Send *message*.

        Raises:
            ConnectionClosedError: The connection is closed.
        """

    async def receive(self) -> Received:
        """Return the next message; cancelling the wait loses none.

        Raises:
            ConnectionClosedError: No more will come; its code and reason are kept.
            RemoteProtocolError: The message was binary or over the size cap, or not
                even a message.
        """

    def receive_nowait(self) -> Received | None:
        """Return the next message if it has come and may be had without waiting.

        ``None`` is no promise that `receive` would have to wait. It is given now and
        then when enough were had in a row, so that other tasks get their turn.

        Raises:
            RemoteProtocolError: As `receive` does.
        """


Connect: TypeAlias = Callable[
    [Query, TranscriptWriter], AbstractAsyncContextManager[Transport]
]
"""Open a connection for a query, recording into a transcript.

Raises `ConnectError` if it cannot be opened. Leaving the context closes it: politely,
within two seconds, or at once if an error is on its way out.
"""

__all__ = ["Connect", "Received", "Transport"]
