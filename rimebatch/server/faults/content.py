"""Faults of content: events that break the rules of ws3, of JSON, or of good sense."""

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeAlias

from msgspec.structs import replace

from rimebatch.server.faults.edits import change_events, insert_after, is_chunk
from rimebatch.server.faults.kinds import Change, FaultTable, count
from rimebatch.server.script import Say, Script, Steps
from rimebatch.ws3.events import Chunk, Event, Timestamps, Unknown, encode_event

FAULTS: Final = FaultTable()

_FAR_S: Final = 1000.0  # longer than any synthesis
_MARK: Final = -98_765.5  # stands for a number that cannot be encoded
_TOO_DEEP: Final = 200_000  # brackets; parsers give up at 1,000 or so, or crash
_TOO_LONG: Final = 5_000  # digits; Python makes no integer of more than 4,300

_Breaker: TypeAlias = Callable[[str], str | bytes]
_Mistimer: TypeAlias = Callable[[Timestamps], Timestamps | str]


def _breaks_chunk(breaker: _Breaker) -> Change:
    """Make a fault of what *breaker* does to the message of the first chunk."""

    @wraps(breaker)
    def change(script: Script) -> Steps:
        first = next(filter(is_chunk, script.steps), None)
        return tuple(
            Say(breaker(encode_event(step.what)), step.lasts_s)
            if step is first and isinstance(step, Say) and isinstance(step.what, Chunk)
            else step
            for step in script.steps
        )

    return FAULTS.plain(change)


def _changes_times(mistimer: _Mistimer) -> Change:
    """Make a fault of what *mistimer* does to the timestamps."""

    def change_event(event: Event) -> Event | str | bytes:
        return mistimer(event) if isinstance(event, Timestamps) else event

    @wraps(mistimer)
    def change(script: Script) -> Steps:
        return change_events(script.steps, change_event)

    return FAULTS.plain(change)


@_changes_times
def unequal_times(times: Timestamps) -> Timestamps:
    """The lists in the timestamps are not of the same length."""
    return replace(times, end=times.end[:-1])


@_changes_times
def nan_times(times: Timestamps) -> str:
    """The first word begins at NaN, which is no JSON."""
    return _with_first_start(times, "NaN")


@_changes_times
def infinite_times(times: Timestamps) -> str:
    """The first word begins at 1e999, which is JSON, and too big for a float."""
    return _with_first_start(times, "1e999")


@_changes_times
def negative_times(times: Timestamps) -> Timestamps:
    """The words are spoken before the audio begins."""
    start = tuple(second - _FAR_S for second in times.start)
    return replace(times, start=start, end=tuple(s - _FAR_S for s in times.end))


@_changes_times
def reversed_times(times: Timestamps) -> Timestamps:
    """The times of the words run backwards."""
    return replace(times, start=times.end[::-1], end=times.start[::-1])


@_changes_times
def distant_times(times: Timestamps) -> Timestamps:
    """The words are spoken long after the end of the audio."""
    start = tuple(second + _FAR_S for second in times.start)
    return replace(times, start=start, end=tuple(s + _FAR_S for s in times.end))


@_changes_times
def camel_times(times: Timestamps) -> str:
    """The timestamps are spelled `wordTimestamps`, as `/ws2` did."""
    return encode_event(times).replace("word_timestamps", "wordTimestamps")


@_breaks_chunk
def bad_base64(message: str) -> str:
    """The first chunk is not base64: it has a character that base64 has not."""
    return message.replace('"data":"', '"data":"*', 1)


@_breaks_chunk
def bad_padding(message: str) -> str:
    """The first chunk is not base64: it has a character too many."""
    return message.replace('"data":"', '"data":"A', 1)


@_breaks_chunk
def bad_json(message: str) -> str:
    """The first chunk breaks off in the middle of its JSON."""
    return message[: len(message) // 2]


@_breaks_chunk
def no_object(message: str) -> str:
    """The first chunk is inside a list."""
    return f"[{message}]"


@_breaks_chunk
def no_type(message: str) -> str:
    """The first chunk has no `type`."""
    return message.replace('"type":"chunk",', "", 1)


@_breaks_chunk
def no_data(message: str) -> str:
    """The first chunk has no `data`."""
    return message.replace('"data":', '"date":', 1)


@_breaks_chunk
def wrong_types(_message: str) -> str:
    """The first chunk has a number where text should be."""
    return '{"type":"chunk","data":7,"contextId":[]}'


@_breaks_chunk
def binary(message: str) -> bytes:
    """The first chunk comes as a binary message."""
    return message.encode()


@_breaks_chunk
def bom(message: str) -> str:
    """The first chunk begins with a byte order mark."""
    return f"\N{ZERO WIDTH NO-BREAK SPACE}{message}"


@_breaks_chunk
def double_keys(message: str) -> str:
    """The first chunk names its type twice, `done` before `chunk`."""
    return '{"type":"done",' + message[1:]


@_breaks_chunk
def deep_json(message: str) -> str:
    """The first chunk has a field of 200,000 nested lists."""
    return _with_field(message, "[" * _TOO_DEEP + "]" * _TOO_DEEP)


@_breaks_chunk
def long_number(message: str) -> str:
    """The first chunk has a field with a number of 5,000 digits."""
    return _with_field(message, "9" * _TOO_LONG)


@_breaks_chunk
def lone_surrogate(message: str) -> str:
    """The first chunk has a field that is half a character, which UTF-8 has not."""
    return _with_field(message, r'"\ud800"')


@_breaks_chunk
def new_fields(message: str) -> str:
    """The first chunk has a field that nobody knows."""
    return _with_field(message, '{"nested":[null,1]}')


@FAULTS.plain
def new_event(script: Script) -> Steps:
    """An event of a type that nobody knows comes after the first chunk."""
    return insert_after(script.steps, 1, Say(Unknown("news")))


@FAULTS.plain
def empty_chunk(script: Script) -> Steps:
    """A chunk without audio comes after the first."""
    return insert_after(script.steps, 1, Say(Chunk(b"", script.context_id)))


@FAULTS.plain
def odd_byte(script: Script) -> Steps:
    """There is one byte more than makes up whole samples."""
    return insert_after(script.steps, 1, Say(Chunk(b"\0", script.context_id)))


@FAULTS.valued(count("BYTES", 32 * 2**20, range(2**30)))
def huge(script: Script, size_bytes: int) -> Steps:
    """A chunk of BYTES comes after the first, in one message."""
    chunk = Chunk(bytes(size_bytes), script.context_id)
    return insert_after(script.steps, 1, Say(chunk))


@FAULTS.valued(count("EVENTS", 1_000_000))
def flood(script: Script, events: int) -> Steps:
    """EVENTS tiny events of an unknown type come after the first chunk."""
    return insert_after(script.steps, 1, *(Say(Unknown("news")),) * events)


def _with_first_start(times: Timestamps, number: str) -> str:
    marked = replace(times, start=(_MARK, *times.start[1:]))
    return encode_event(marked).replace(str(_MARK), number, 1)


def _with_field(message: str, value: str) -> str:
    return f'{message[:-1]},"added":{value}}}'
