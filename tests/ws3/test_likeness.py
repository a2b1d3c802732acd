"""Tests of `rimebatch.ws3.likeness`."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from rimebatch.ws3.events import Chunk, Done, Event, decode_event, encode_event
from rimebatch.ws3.likeness import ChunkListener, Likeness

AUDIO = "AAEC"  # base64 of three bytes
PLAIN = '{"type":"chunk","data":"AAEC","contextId":"one"}'

_NAMES = ["type", "data", "contextId", "data\\", "other", "word timestamps"]
_VALUES: list[object] = [
    "chunk",
    "done",
    AUDIO,
    "AA==",
    "",
    "one",
    'a "quote"',
    "é",
    None,
    1,
    {},
]
fields = st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES))
separators = st.sampled_from([(",", ":"), (", ", ": "), (",\n", ":")])


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Draw an object that may be a chunk, of any spelling, with names that repeat."""
    comma, colon = draw(separators)
    pairs = draw(st.permutations([("type", "chunk"), ("data", AUDIO)]))
    extra = draw(st.lists(fields, max_size=3))
    return f"{{{comma.join(_spell(p, colon) for p in [*extra, *pairs])}}}"


def _spell(pair: tuple[str, object], colon: str) -> str:
    return f"{json.dumps(pair[0])}{colon}{json.dumps(pair[1])}"


@given(st.binary(), st.binary(), st.none() | st.text(st.sampled_from("ab:é {}[],•")))
def test_alike(first: bytes, second: bytes, context_id: str | None) -> None:
    """Of chunks that differ in their audio alone, one makes the others known."""
    like = Likeness.of(encode_event(Chunk(first, context_id)))

    assert like is not None
    assert second == like.find_audio(encode_event(Chunk(second, context_id)))


@given(st.data(), messages())
@example(None, '{"type":"chunk","data":"AAEC","data":"AAEC"}')
@example(None, '{"other":{"data":"AAEC"},"type":"chunk","data":"AAEC"}')
def test_only_what_it_is(data: st.DataObject | None, message: str) -> None:
    """Whatever is taken for such a chunk is one, and has this audio."""
    like = Likeness.of(message)
    if like is None:
        return
    chunk = decode_event(message)
    assert isinstance(chunk, Chunk)
    others = [message, message.replace(AUDIO, "AA=="), message.replace(AUDIO, "QQ", 1)]
    if data is not None:
        at, end = data.draw(st.integers(0, len(message))), len(message)
        junk = data.draw(st.text(st.sampled_from('AB="\\{},:\n\0é '), max_size=5))
        cut = data.draw(st.integers(at, end))
        others += [message[:at] + junk + message[cut:], data.draw(messages())]
    for other in others:
        audio = like.find_audio(other)

        assert audio is None or replace(chunk, audio=audio) == decode_event(other)


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "chunk","data":"AAEC"}',
        '{"type":"chunk","data":"AAEC"} ',
        ' {"type":"chunk","data":"AAEC"}',
        '{"type":"chunk",\n"data":"AAEC"}',
        '{"type":"chunk","data":"AAEC","contextId":"\\u0061"}',
        '{"type":"chunk","data":"AAEC","number":1}',
        '{"type":"chunk","data":"AAEC","list":[]}',
        '{"nested":{"data":"AAEC"},"type":"chunk","data":"AAEC"}',
        '{"type":"chunk","data":"AAEC","data":"AAEC"}',
    ],
)
def test_not_the_plainest(message: str) -> None:
    """What is spelled in any other way is left to the parser."""
    assert isinstance(decode_event(message), Chunk)
    assert Likeness.of(message) is None


@pytest.mark.parametrize(
    "other",
    [
        '{"type":"chunk","data":"AAEC","contextId":"two"}',
        '{"type":"done","contextId":"one"}',
        '{"type":"chunk","data":"AAE","contextId":"one"}',
        '{"type":"chunk","data":"AA\nC","contextId":"one"}',
        '{"type":"chunk","data":"AA\\n","contextId":"one"}',
        '{"type":"chunk","data":"éAEC","contextId":"one"}',
        '{"type":"chunk","data":"","data":"","contextId":"one"}',
        '{"type":"chunk","data":","contextId":"one"}',
        "",
    ],
)
def test_unlike(other: str) -> None:
    """Another context, broken data and whatever merely looks like it are not alike."""
    like = Likeness.of(PLAIN)

    assert like is not None
    assert like.find_audio(other) is None


@pytest.mark.parametrize("message", ["", "{", '{"type":"chunk","data":"!"}', "[]"])
def test_no_chunk(message: str) -> None:
    """Nothing is like what is no chunk."""
    assert Likeness.of(message) is None
    assert Likeness.of('{"type":"other","data":"AAEC"}') is None


def test_listening() -> None:
    """Only a chunk like the message right before it is more of the same."""
    listener = ChunkListener()
    events: list[Event] = [
        *(Chunk(b"1", "a"), Chunk(b"2", "a"), Chunk(b"3", "b"), Chunk(b"4", "b")),
        *(Done("b"), Chunk(b"5", "b"), Chunk(b"6", "b"), Chunk(b"7")),
    ]
    heard = [listener.hear(encode_event(event)) for event in events]

    assert [None, b"2", None, b"4", None, None, b"6", None] == heard
