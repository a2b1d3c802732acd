"""Tests of `rimebatch.ws3.events`."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import RemoteProtocolError
from rimebatch.ws3.commands import MAX_CONTEXT_ID_CHARS
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

_TOO_LONG_ID = "x" * (MAX_CONTEXT_ID_CHARS + 1)
_KNOWN_TYPES = ["chunk", "timestamps", "done", "error"]

_ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates included
_NAMES = st.sampled_from(
    ["data", "message", "contextId", "word_timestamps", "words", "start", "end"]
)
_VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES | _ANY_TEXT, inner),
    max_leaves=8,
)
_OBJECTS = st.builds(
    lambda fields, kind: {**fields, "type": kind},
    st.dictionaries(_NAMES, _VALUES),
    st.sampled_from(_KNOWN_TYPES) | _VALUES,
)
_MESSAGES = st.one_of(
    _ANY_TEXT,
    _OBJECTS.map(json.dumps),
    st.builds(json.dumps, _OBJECTS | _VALUES, ensure_ascii=st.just(value=False)),
)

_CONTEXT_IDS = st.none() | st.text(max_size=MAX_CONTEXT_ID_CHARS)
_TIMES_S = st.floats(allow_nan=False, allow_infinity=False)
_TIMED_WORDS = st.lists(st.tuples(st.text(), _TIMES_S, _TIMES_S), max_size=5)


def _make_timestamps(
    timed: list[tuple[str, float, float]], context_id: str | None
) -> Timestamps:
    words, start, end = zip(*timed, strict=True) if timed else ((), (), ())
    return Timestamps(words, start, end, context_id)


_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Chunk, st.binary(), _CONTEXT_IDS),
    st.builds(_make_timestamps, _TIMED_WORDS, _CONTEXT_IDS),
    st.builds(Done, _CONTEXT_IDS),
    st.builds(ErrorEvent, st.text()),
    st.builds(Unknown, st.text().filter(lambda name: name not in _KNOWN_TYPES)),
)


def _words(lists: str, *, name: str = "word_timestamps", rest: str = "") -> str:
    """Return a timestamps message around the JSON of its *lists*."""
    return f'{{"type":"timestamps","{name}":{lists}{rest}}}'


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Chunk(b"\0\1"), '{"type":"chunk","data":"AAE=","contextId":null}'),
        (Chunk(b"", "a"), '{"type":"chunk","data":"","contextId":"a"}'),
        (
            Timestamps(("Hi,", "you."), (0.0, 0.25), (0.25, 1.5), "a"),
            _words(
                '{"words":["Hi,","you."],"start":[0.0,0.25],"end":[0.25,1.5]}',
                rest=',"contextId":"a"',
            ),
        ),
        (Done("a"), '{"type":"done","contextId":"a"}'),
        (ErrorEvent("no such"), '{"type":"error","message":"no such"}'),
        (Unknown("usage"), '{"type":"usage"}'),
    ],
)
def test_messages_have_the_documented_shape(event: Event, message: str) -> None:
    """An event has the page's shape on the wire, a missing id being null."""
    assert message == encode_event(event)
    assert event == decode_event(message)


@given(event=_EVENTS)
def test_round_trip(event: Event) -> None:
    """Decoding what was encoded gives the same event."""
    assert event == decode_event(encode_event(event))


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ('{"type":"chunk","data":"AAE="}', Chunk(b"\0\1")),
        ('{"contextId":"", "data":"", "done":false, "type":"chunk"}', Chunk(b"", "")),
        ('{"type":"done","done":true}', Done()),
        (
            _words('{"words":["a"],"start":[0],"end":[1],"units":"s"}'),
            Timestamps(("a",), (0.0,), (1.0,)),
        ),
        (
            _words('{"words":["a"],"start":[-1],"end":[-2.5]}', name="wordTimestamps"),
            Timestamps(("a",), (-1.0,), (-2.5,)),
        ),
        (
            '{"type":"timestamps","word_timestamps":{"words":[],"start":[],"end":[]}}',
            Timestamps((), (), ()),
        ),
        ('{"type":"error","message":"x","contextId":null}', ErrorEvent("x")),
        (
            f'{{"type":"error","message":"x","contextId":"{_TOO_LONG_ID}"}}',
            ErrorEvent("x"),
        ),
    ],
)
def test_other_spellings_and_fields_are_tolerated(message: str, event: Event) -> None:
    """Missing ids, older names, whole numbers and unknown fields do no harm."""
    assert event == decode_event(message)


@pytest.mark.parametrize(
    "fields",
    [
        "",
        ',"data":5,"message":[],"word_timestamps":"none"',
        ',"contextId":{}',
        f',"contextId":"{_TOO_LONG_ID}"',
    ],
)
def test_unknown_types_are_tolerated(fields: str) -> None:
    """An event of another type is known by its type, whatever else it holds."""
    assert Unknown("usage") == decode_event(f'{{"type":"usage"{fields}}}')


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("", "not a ws3 event"),
        ("hello", "not a ws3 event"),
        ("[]", "not a ws3 event"),
        ("{}", "not a ws3 event"),
        ('{"type":null}', "not a ws3 event"),
        ('{"type":"chunk","data":NaN}', "not a ws3 event"),
        ('{"type":"done"', "not a ws3 event"),
        ('{"type":"done"}{"type":"done"}', "not a ws3 event"),
        ('\ufeff{"type":"done"}', "not a ws3 event"),
        ('{"type":"done","x":"\ud800"}', "not a ws3 event"),
        ('{"type":"\\ud800"}', "not a ws3 event"),
        ("[" * 100_000, "not a ws3 event"),
        ('{"type":"usage","x":' + "[" * 100_000, "not a ws3 event"),
        ('{"type":"chunk","x":' + "[" * 100_000, "not a ws3 event"),
        ('{"type":"chunk"}', "chunk event without data"),
        ('{"type":"chunk","data":null}', "chunk event without data"),
        ('{"type":"chunk","data":5}', "broken chunk event"),
        ('{"type":"chunk","data":"","contextId":5}', "broken chunk event"),
        (
            f'{{"type":"chunk","data":"","contextId":"{_TOO_LONG_ID}"}}',
            "contextId over 256 characters",
        ),
        (
            f'{{"type":"done","contextId":"{_TOO_LONG_ID}"}}',
            "contextId over 256 characters",
        ),
        ('{"type":"timestamps"}', "timestamps event without word_timestamps"),
        ('{"type":"timestamps","word_timestamps":[]}', "broken timestamps event"),
        (
            '{"type":"timestamps","word_timestamps":{"words":["a"],"start":[0]}}',
            "broken timestamps event",
        ),
        (
            _words('{"words":["a"],"start":[1e999],"end":[1]}'),
            "broken timestamps event",
        ),
        (
            _words(f'{{"words":["a"],"start":[0],"end":[{"9" * 5000}]}}'),
            "broken timestamps event",
        ),
        (
            _words('{"words":["a","b"],"start":[0,1],"end":[1]}'),
            "lists of unequal length: 2 words, 2 starts, 1 ends",
        ),
        ('{"type":"error"}', "error event without a message"),
        ('{"type":"error","message":{}}', "broken error event"),
    ],
)
def test_broken_messages_are_refused(message: str, what: str) -> None:
    """What breaks the protocol is an error that says what is broken."""
    with pytest.raises(RemoteProtocolError, match=what):
        decode_event(message)


@pytest.mark.parametrize(
    "data", ["QQ", "QQ=", "QUF", "QUF\\nB", "QQ== ", "QQ==QUFB", "QU-_", "é", "===="]
)
def test_audio_is_decoded_strictly(data: str) -> None:
    """Base64 that a lenient decoder would read by dropping characters is refused."""
    with pytest.raises(RemoteProtocolError, match="not base64"):
        decode_event(f'{{"type":"chunk","data":"{data}"}}')


@settings(max_examples=300)
@given(message=_MESSAGES)
def test_any_text_is_an_event_or_a_protocol_error(message: str) -> None:
    """No message whatsoever raises anything but a protocol error."""
    try:
        event = decode_event(message)
    except RemoteProtocolError:
        return

    assert event == decode_event(encode_event(event))
