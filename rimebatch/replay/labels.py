"""What replay reads of a message: its context id, its operation and its type."""

from typing import Final

import msgspec


class Label(msgspec.Struct, frozen=True, rename={"context_id": "contextId"}):
    """The few words of a message that say what it belongs to.

    Attributes:
        context_id: Its ``contextId``, ``None`` without one.
        operation: Of a command that has one.
        type: Of an event.
    """

    context_id: str | None = None
    operation: str | None = None
    type: str | None = None


_decoder: Final = msgspec.json.Decoder(Label)
_NONE: Final = Label()


def read_label(message: str | bytes) -> Label:
    """Return the label of *message*; an empty one if it has none that can be read."""
    if isinstance(message, bytes):
        return _NONE
    try:
        return _decoder.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return _NONE
