"""What a server says: the counterpart of `rimebatch.ws3.commands`.

What a server adds (types, fields) is tolerated; what is broken is an error. Which take
an event belongs to is the business of `rimebatch.ws3.takes`.
"""

from typing import Final, TypeAlias

import msgspec
import pybase64

from rimebatch.errors import RemoteProtocolError
from rimebatch.ws3.commands import MAX_CONTEXT_ID_CHARS


class Chunk(msgspec.Struct, frozen=True):
    """Audio bytes of one take; their borders are arbitrary, mid-sample included."""

    audio: bytes
    context_id: str | None = None


class Timestamps(msgspec.Struct, frozen=True):
    """When each word was spoken, in seconds from the start of its synthesis.

    The three sequences are equally long. The times are the service's estimates: they
    may overlap, run backwards or past the audio.
    """

    words: tuple[str, ...]
    start: tuple[float, ...]
    end: tuple[float, ...]
    context_id: str | None = None


class Done(msgspec.Struct, frozen=True):
    """A run of audio has ended. Not in the page that binds; sent since April 2026."""

    context_id: str | None = None


class ErrorEvent(msgspec.Struct, frozen=True):
    """The server did not like a message; it does not close the connection."""

    message: str


class Unknown(msgspec.Struct, frozen=True):
    """An event of a type that this version does not know."""

    type: str


Event: TypeAlias = Chunk | Timestamps | Done | ErrorEvent | Unknown

_KNOWN_TYPES: Final = frozenset({"chunk", "timestamps", "done", "error"})


class _Words(msgspec.Struct):
    """The lists inside a timestamps event."""

    words: tuple[str, ...]
    start: tuple[float, ...]
    end: tuple[float, ...]


_WIRE_NAMES: Final = {
    "older_words": "wordTimestamps",  # the spelling of /ws2, still met
    "context_id": "contextId",
}


class EventFields(msgspec.Struct, omit_defaults=True, rename=_WIRE_NAMES, gc=False):
    """The union of all event shapes, so that one pass over the text decodes any.

    What they come to, `make_event` tells; which type has which is not known here.
    Without ``gc``: a take of 1 kB events has a thousand at once, and none is in a
    cycle; that they need not be searched for one is a tenth of a rendering.
    """

    type: str
    data: str | None = None
    word_timestamps: _Words | None = None
    older_words: _Words | None = None
    message: str | None = None
    context_id: str | msgspec.UnsetType | None = msgspec.UNSET


class _Type(msgspec.Struct):
    """An event of which only the type is read."""

    type: str


_decoder: Final = msgspec.json.Decoder(EventFields)
_type_decoder: Final = msgspec.json.Decoder(_Type)


def decode_event(message: str) -> Event:
    """Return the event in *message*.

    Raises:
        RemoteProtocolError: It is not JSON or not an object with a ``type``; a field
            of a known type is missing, of the wrong type, or not base64; the word
            lists differ in length; or the context id of audio, times or done is over
            256 characters.
    """
    try:
        fields = _decoder.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        return _unknown_or_raise(message, error)
    return make_event(fields)


def make_event(fields: EventFields) -> Event:
    """Return the event that *fields* are.

    Raises:
        RemoteProtocolError: As `decode_event` does, for what is missing, is not base64
            or differs in length.
    """
    match fields.type:
        case "chunk":
            return Chunk(_decode_audio(fields.data), _context_id(fields))
        case "timestamps":
            return _decode_words(fields)
        case "done":
            return Done(_context_id(fields))
        case "error":
            return _decode_error(fields)
        case other:
            return Unknown(other)


def encode_event(event: Event) -> str:
    """Return the message for *event*, as compact JSON.

    An `Unknown` becomes an object with nothing but its type.
    """
    return msgspec.json.encode(_make_message(event)).decode()


def _make_message(event: Event) -> EventFields:
    match event:
        case Chunk(audio, context_id):
            data = pybase64.b64encode_as_string(audio)
            return EventFields("chunk", data=data, context_id=context_id)
        case Timestamps(words, start, end, context_id):
            lists = _Words(words, start, end)
            return EventFields(
                "timestamps", word_timestamps=lists, context_id=context_id
            )
        case Done(context_id):
            return EventFields("done", context_id=context_id)
        case ErrorEvent(text):
            return EventFields("error", message=text)
    return EventFields(event.type)


def _unknown_or_raise(message: str, error: Exception) -> Unknown:
    """Tolerate fields of the wrong type where the event's type is not ours to judge."""
    try:
        name = _type_decoder.decode(message).type
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        raise RemoteProtocolError(f"not a ws3 event: {error}") from None
    if name in _KNOWN_TYPES:
        raise RemoteProtocolError(f"broken {name} event: {error}") from None
    return Unknown(name)


def _context_id(fields: EventFields) -> str | None:
    if isinstance(fields.context_id, str):
        if len(fields.context_id) > MAX_CONTEXT_ID_CHARS:
            raise RemoteProtocolError(
                f"contextId over {MAX_CONTEXT_ID_CHARS} characters"
            )
        return fields.context_id
    return None


def _decode_audio(data: str | None) -> bytes:
    if data is None:
        raise RemoteProtocolError("chunk event without data")
    # validate: the lenient decoder drops junk, and with it audio, without a word.
    try:
        return pybase64.b64decode(data, validate=True)
    except ValueError as error:
        raise RemoteProtocolError(f"chunk data is not base64: {error}") from None


def _decode_words(fields: EventFields) -> Timestamps:
    lists = fields.word_timestamps or fields.older_words
    if lists is None:
        raise RemoteProtocolError("timestamps event without word_timestamps")
    if not len(lists.words) == len(lists.start) == len(lists.end):
        raise RemoteProtocolError(
            "timestamps event with lists of unequal length: "
            f"{len(lists.words)} words, {len(lists.start)} starts, "
            f"{len(lists.end)} ends"
        )
    return Timestamps(lists.words, lists.start, lists.end, _context_id(fields))


def _decode_error(fields: EventFields) -> ErrorEvent:
    if fields.message is None:
        raise RemoteProtocolError("error event without a message")
    return ErrorEvent(fields.message)
