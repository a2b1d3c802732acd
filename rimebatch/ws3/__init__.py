"""The vocabulary of Rime's ``/ws3`` JSON WebSocket, as plain values without I/O.

Five words carry it:

- A **message** is one whole WebSocket text message: one JSON object.
- A **command** is a message that the client sends (`commands`): `Text`, `Clear`,
  `Flush`, `Eos`.
- An **event** is a message that the server sends (`events`): `Chunk`, `Timestamps`,
  `Done`, `ErrorEvent`, and `Unknown` for what a later server may add. Chunks that are
  alike but for their audio need not be parsed one by one (`likeness`).
- The **query** holds every synthesis argument; it is fixed for the life of the
  connection (`query`).
- A **take** is what came back for one flush; `takes` tells which take an event
  belongs to and when a take has ended.

What either side may say when is a table (`legality`).

The client, the local service, replay and the tests all speak through this package,
so that they cannot drift apart. Nothing here opens a socket or a file.

Source: the service's websockets-json page; `docs/protocol.md` has each fact.
"""

from rimebatch.ws3.buffer import TextBuffer, Utterance, spoken_text
from rimebatch.ws3.commands import (
    Clear,
    Command,
    Eos,
    Flush,
    Text,
    decode_command,
    encode_command,
)
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
    decode_event,
    encode_event,
)
from rimebatch.ws3.legality import Legality
from rimebatch.ws3.query import Query, decode_query, encode_query, make_query
from rimebatch.ws3.takes import EndedTake, OpenTakes, TakeEnd

__all__ = [
    "Chunk",
    "Clear",
    "Command",
    "Done",
    "EndedTake",
    "Eos",
    "ErrorEvent",
    "Event",
    "Flush",
    "Legality",
    "OpenTakes",
    "Query",
    "TakeEnd",
    "Text",
    "TextBuffer",
    "Timestamps",
    "Unknown",
    "Utterance",
    "decode_command",
    "decode_event",
    "decode_query",
    "encode_command",
    "encode_event",
    "encode_query",
    "make_query",
    "spoken_text",
]
