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
    """A message as it is on record, and where the transcript holds it.

    Attributes:
        message: Its text.
        span: Where it is.
        more_audio: If it is known to be a chunk of the same context id as the message
            received before it, its audio. For any other message ``None``, which says
            nothing.
    """

    message: str
    span: Span
    more_audio: bytes | None = None


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

    def receive_waiting(self) -> list[Received]:
        """Return messages that have come, oldest first, without waiting.

        Not always all: no more than may be looked at before other tasks get their turn,
        and none that `receive` would raise an error for.
        """


Connect: TypeAlias = Callable[
    [Query, TranscriptWriter], AbstractAsyncContextManager[Transport]
]
"""Open a connection for a query, recording into a transcript.

Raises `ConnectError` if it cannot be opened. Leaving the context closes it: politely,
within two seconds, or at once if an error is on its way out.
"""

__all__ = ["Connect", "Received", "Transport"]
