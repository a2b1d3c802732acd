"""What a client says: the counterpart of `rimebatch.ws3.events`.

A command knows nothing of when it may be sent; that is the sender's business.
"""

from typing import Final, TypeAlias

import msgspec

from rimebatch.errors import RemoteProtocolError

MAX_CONTEXT_ID_CHARS: Final = 256  # ours; the service names no limit, ids seen are < 64


class Text(msgspec.Struct, frozen=True):
    """Text to be spoken; the server joins consecutive texts exactly as sent.

    Attributes:
        text: Any text; spaces between texts are the sender's job.
        context_id: A label that the server puts on the audio of this text, and of
            later texts without one. ``None`` leaves it out of the message.
    """

    text: str
    context_id: str | None = None


class Clear(msgspec.Struct, frozen=True):
    """Forget the text that has not been submitted for synthesis yet."""


class Flush(msgspec.Struct, frozen=True):
    """Synthesize whatever the buffer holds, if anything."""


class Eos(msgspec.Struct, frozen=True):
    """Synthesize whatever the buffer holds, then close the connection."""


Command: TypeAlias = Text | Clear | Flush | Eos

_OPERATIONS: Final[dict[str, Command]] = {
    "clear": Clear(),
    "flush": Flush(),
    "eos": Eos(),
}
_NAMES: Final = {type(command): name for name, command in _OPERATIONS.items()}


class _Message(msgspec.Struct, omit_defaults=True, rename={"context_id": "contextId"}):
    """The union of all command shapes; unknown fields are ignored, as Rime does."""

    text: str | None = None
    context_id: str | None = None
    operation: str | None = None


_decoder: Final = msgspec.json.Decoder(_Message)


def encode_command(command: Command) -> str:
    """Return the message for *command*, as compact JSON."""
    if isinstance(command, Text):
        message = _Message(text=command.text, context_id=command.context_id)
    else:
        message = _Message(operation=_NAMES[type(command)])
    return msgspec.json.encode(message).decode()


def decode_command(message: str) -> Command:
    """Return the command in *message*.

    Raises:
        RemoteProtocolError: It is not JSON, a field has the wrong type, the operation
            is unknown, or it is not one thing, a text or an operation. The error
            never repeats what was to be spoken.
    """
    try:
        fields = _decoder.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise RemoteProtocolError(f"not a ws3 message: {error}") from None
    match fields.text, fields.operation:
        case str(text), None:
            return _text(text, fields.context_id)
        case None, str(name):
            return _operation(name)
        case _:
            raise RemoteProtocolError('not either "text" or "operation" in the message')


def _text(text: str, context_id: str | None) -> Text:
    if context_id is not None and len(context_id) > MAX_CONTEXT_ID_CHARS:
        raise RemoteProtocolError(f"contextId over {MAX_CONTEXT_ID_CHARS} characters")
    return Text(text, context_id)


def _operation(name: str) -> Command:
    if name not in _OPERATIONS:
        raise RemoteProtocolError(
            f"unknown operation {name[:40]!r}; it is one of clear, flush, eos"
        )
    return _OPERATIONS[name]
