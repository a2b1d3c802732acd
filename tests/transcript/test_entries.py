"""Tests of `rimebatch.transcript.entries`."""

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.errors import TranscriptError
from rimebatch.transcript.entries import (
    Entry,
    Header,
    TakeRecord,
    Trailer,
    decode_checked,
    decode_entry,
    decode_events,
    encode_checked,
    encode_entry,
    encode_message,
    header_version,
    line_kind,
)
from rimebatch.ws3.events import (
    Chunk,
    Done,
    ErrorEvent,
    Event,
    Timestamps,
    Unknown,
    encode_event,
    make_event,
)

RECORD = TakeRecord(
    segment="s1",
    context_id="ch01:s1",
    id="1d",
    start=120,
    end=240,
    digest="5a",
    ended="done",
    inferred=False,
    audio_bytes=2,
    chars=4,
)
TRAILER = Trailer(entries=9, takes=(RECORD, RECORD), sums=(7, 8))


# The halves of a surrogate pair side by side are one character, as to any decoder.
_ANY_TEXT = st.text(st.characters(exclude_categories=())).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode(
        "utf-16", "surrogatepass"
    )
)
_VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_ANY_TEXT, inner),
    max_leaves=8,
)
_MESSAGES = st.one_of(
    _ANY_TEXT,
    _VALUES.map(json.dumps),
    st.builds(
        json.dumps,
        _VALUES,
        ensure_ascii=st.just(value=False),
        indent=st.sampled_from([None, 0]),
    ),
)


def test_header_is_one_line_of_json(make_header: Callable[[int], Header]) -> None:
    """The first line begins with the version and holds every field."""
    assert (
        b'{"rimebatch_transcript":1,"job":"ch01","attempt":2,"vantage":"client",'
        b'"endpoint":"wss://service.example/ws3",'
        b'"query":[["modelId","arcana"],["speaker","luna"]],'
        b'"client":{"rimebatch":"0.1.0"},"wall":"2026-01-02T03:04:05Z"}\n'
    ) == make_header(2).encode()


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b'{"rimebatch_transcript":1,"job":"a"}\n', 1),
        (b'{"rimebatch_transcript":20,"all":"else"}\n', 20),
        (b'{"rimebatch_transcript":1', None),
        (b'{"rimebatch_transcript":"1","job":"a"}\n', None),
        (b'{"job":"a","rimebatch_transcript":1}\n', None),
        (b"", None),
    ],
)
def test_header_version(line: bytes, version: int | None) -> None:
    """A header tells its version by its first bytes alone."""
    assert version == header_version(line)


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"done","contextId":null}',
        '{ "text" : "\\u00e9\\/\\t" , "n": 1.50E+07, "n": -0 }',
        '{"text":"é “x” 😀 \u2028 \x7f"}',
        "[ ]",
        '"text"',
        "1e999",
        "7" * 5000,
        "[" * 200 + "]" * 200,
        '{"a":' * 200 + "1" + "}" * 200,
        '[{"a":' * 100 + "1" + "}]" * 100,
        '{"text":"' + "{[" * 99 + '{"}',
    ],
)
def test_message_stands_verbatim(message: str) -> None:
    """JSON on one line is written as it is, and reads back as it was."""
    line = encode_message(7, 890, "received", message)

    assert f'{{"n":7,"t":890,"received":{message}}}\n'.encode() == line
    assert Entry(
        number=7,
        time_ns=890,
        kind="received",
        value=message,
        start=50,
        end=50 + len(line),
    ) == decode_entry(line, 50)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        ' {"text":"a"}',
        '{"text":"a"}\t',
        '{"text":\n"a"}',
        '{"text":\r"a"}',
        '\ufeff{"text":"a"}',
        '\v{"text":"a"}',
        '{"text":"a"}\xa0',
        '{"text":"a"}{"text":"b"}',
        '{"text":"a"},"sealed":{}',
        '{"text":"a",}',
        '{"text":"\\ud800"}',
        '{"text":"\ud800"}',
        "NaN",
        "[" * 201 + "]" * 201,  # jq gives up at 256
        '{"a":' * 201 + "1" + "}" * 201,
        '[{"a":' * 101 + "1" + "}]" * 101,
        '{"text":"' + "{[" * 100 + '"}',
        "[" * 100_000,
    ],
)
def test_other_messages_are_escaped(message: str) -> None:
    """What cannot stand verbatim is a string under another name, and as exact."""
    line = encode_message(7, 890, "sent", message)
    entry = decode_entry(line, 0)

    assert {"n": 7, "t": 890, "sent_text": message} == json.loads(line)
    assert ("sent", message) == (entry.kind, entry.value)


@settings(max_examples=200)
@given(message=_MESSAGES)
def test_any_message_survives(message: str) -> None:
    """Any message is one line of strict JSON, and reads back exactly."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    line = encode_message(1, 2, "received", message)
    fields = json.loads(line, parse_constant=refuse)
    (name,) = fields.keys() - {"n", "t"}

    assert message == decode_entry(line, 0).value
    assert 1 == line.count(b"\n")
    assert name == "received_text" or message.encode() in line


def test_entry_of_anything_else() -> None:
    """Whatever else happens stands as JSON under its own name."""
    line = encode_entry(3, 4, "closed", b'{"code":1000}')

    assert b'{"n":3,"t":4,"closed":{"code":1000}}\n' == line
    assert '{"code":1000}' == decode_entry(line, 0).value


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"", "not a transcript entry"),
        (b"\n", "not a transcript entry"),
        (b"[]\n", "not a transcript entry"),
        (b'{"n":1,"t":2,"lost":{}}', "not a transcript entry"),
        (b'{"n":1,"t":2,"lost":{}\n', "damaged entry"),
        (b'{"n": 1,"t":2,"lost":{}}\n', "not a transcript entry"),
        (b'{"n":1,"t":-2,"lost":{}}\n', "not a transcript entry"),
        (b'{"n":1,"t":2,"lost":}\n', "damaged entry"),
        (b'{"n":1,"t":2,"lost":{}{}}\n', "damaged entry"),
        (b'{"n":1,"t":2,"lost":{}}{"n":2,"t":3,"lost":{}}\n', "damaged entry"),
        (b'{"n":1,"t":2,"received":"\xff"}\n', "damaged entry"),
        (b'{"n":1,"t":2,"received":' + b"[" * 100_000 + b"}\n", "damaged entry"),
        (b'{"n":1,"t":2,"sent_text":5}\n', "damaged entry"),
        (b'{"n":1,"t":2,"sent_text":"a}\n', "damaged entry"),
        (b'{"n":1,"t":2,"ping_text":"a"}\n', "unknown kind of entry"),
        (b'{"n":1,"t":2,"applause":{}}\n', "unknown kind of entry"),
    ],
)
def test_broken_lines(line: bytes, what: str) -> None:
    """A line that no writer writes is refused, and the error names its byte."""
    with pytest.raises(TranscriptError, match=f"^byte 50: {what}"):
        decode_entry(line, 50)


@settings(max_examples=200)
@given(message=_MESSAGES, place=st.integers(0, 200), byte=st.integers(0, 255))
def test_any_damage_is_a_transcript_error(message: str, place: int, byte: int) -> None:
    """A line with any of its bytes changed is an entry or a transcript error."""
    line = bytearray(encode_message(1, 2, "sent", message))
    line[place % len(line)] = byte
    try:
        entry = decode_entry(bytes(line), 0)
    except TranscriptError:
        return

    assert len(line) == entry.end


def test_errors_do_not_repeat_the_line() -> None:
    """An error about a line does not say what stands there."""
    with pytest.raises(TranscriptError) as caught:
        decode_entry(b'{"n":1,"t":2,"sent":{"text":"sesame}}\n', 0)

    assert "sesame" not in str(caught.value)


def test_events_of_plain_lines() -> None:
    """What was received is decoded in one go, and all that stands between left out."""
    events: list[Event] = [
        Chunk(b"ab", "s1"),
        Timestamps(("a",), (0.0,), (0.5,)),
        ErrorEvent("no"),
        Done("s1"),
        Unknown("applause"),
    ]
    lines = [
        encode_message(1, 2, "sent", '{"text":"a"}'),
        *(encode_message(3, 4, "received", encode_event(event)) for event in events),
        encode_entry(5, 6, "ping", b'{"by":"server","payload":""}'),
        encode_entry(7, 8, "pong", b'{"by":"client","payload":""}'),
    ]
    found = decode_events(b"".join(lines))

    assert found is not None
    assert events == [*map(make_event, found)]


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"\n\n?\n",
        b'{"n":2,"t":3}',
        b'{"n":2,"t":3,"received":{"type":"done"}',
        b'{"n":2,"t":3,"received":{"type":"done"}}',
        b'{"n":2,"t":3,"received":{"type":1}}\n',
        b'{"n":2,"t":3,"received":{"type":"chunk","data":1}}\n',
        b'{"n":2,"t":3,"received":"done"}\n',
        b'{"n":2,"t":3,"received":' + b"[" * 100_000 + b"}\n",
        b'{"n":2,"t":3,"received_text":"done"}\n',
        b'{"n":2,"t":3,"received_binary":"AP8="}\n',
        b'{"n":2,"t":3,"closed":{"by":"server","code":1000,"reason":""}}\n',
    ],
)
def test_events_of_odd_lines(odd: bytes) -> None:
    """Lines that are not all plain are left to who looks at each."""
    plain = encode_message(1, 2, "received", '{"type":"done"}')

    assert decode_events(plain)
    assert decode_events(odd and plain + odd) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"n":1,"t":2,"take":{', "take"),
        (b'{"n":1,"t":2,"received":{"take":{}}}\n', "received"),
        (b'{"take":{}}\n', None),
        (b"", None),
    ],
)
def test_line_kind(line: bytes, kind: str | None) -> None:
    """What a line is shows in its first bytes, whatever follows."""
    assert kind == line_kind(line)


def test_checked_round_trip() -> None:
    """A commit and a trailer read back as they were."""
    assert RECORD == decode_checked(encode_checked(RECORD).decode(), TakeRecord)
    assert TRAILER == decode_checked(encode_checked(TRAILER).decode(), Trailer)


def test_trailer_without_sums() -> None:
    """A trailer that vouches for no line is none."""
    value = encode_checked(msgspec.defstruct("Unsummed", ["entries", "takes"])(9, ()))
    with pytest.raises(TranscriptError, match=r"not a Trailer: .*`sums`"):
        decode_checked(value.decode(), Trailer)


def test_checked_record_is_json() -> None:
    """A record is JSON with all its fields, and a check sum as the last one."""
    assert [*RECORD.__struct_fields__, "check"] == list(
        json.loads(encode_checked(RECORD))
    )


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x7F])
def test_damaged_record(flip: int) -> None:
    """A record with any of its bytes changed is refused."""
    value = encode_checked(RECORD)
    for place in range(len(value)):
        damaged = bytearray(value)
        damaged[place] ^= flip
        with pytest.raises(TranscriptError, match="damaged TakeRecord"):
            decode_checked(damaged.decode(), TakeRecord)


@pytest.mark.parametrize("value", ["", "{}", msgspec.json.encode(RECORD).decode()])
def test_record_without_check_sum(value: str) -> None:
    """What has no check sum is not believed."""
    with pytest.raises(TranscriptError, match="damaged TakeRecord"):
        decode_checked(value, TakeRecord)


def test_record_of_another_kind() -> None:
    """A sound record of one kind is not taken for another."""
    with pytest.raises(TranscriptError, match="not a Trailer"):
        decode_checked(encode_checked(RECORD).decode(), Trailer)
