"""Faults of content, each on the wire."""

import json
import re

import pytest

from fakes.clients import Hear, Heard
from rimebatch.errors import RemoteProtocolError
from rimebatch.server.faults.content import FAULTS
from rimebatch.server.faults.kinds import Place, SynthesisFault
from rimebatch.server.script import EndRun, Script
from rimebatch.ws3.events import Chunk, Timestamps, Unknown, decode_event

PLAIN = [
    *("chunk a", "timestamps a", "chunk a", "done a"),
    *("chunk b", "timestamps b", "chunk b", "done b", "close 1000"),
]

# What `decode_event` says of the message that is not as it should be.
BROKEN = {
    "bad-base64": "chunk data is not base64",
    "bad-padding": "chunk data is not base64",
    "bad-json": "not a ws3 event",
    "no-object": "not a ws3 event: Expected `object`",
    "no-type": "missing required field `type`",
    "no-data": "chunk event without data",
    "wrong-types": "broken chunk event",
    "bom": "not a ws3 event",
    "deep-json": "not a ws3 event: maximum recursion depth",
    "lone-surrogate": "not a ws3 event",
    "unequal-times": "lists of unequal length: 1 words, 1 starts, 0 ends",
    "nan-times": "not a ws3 event",
    "infinite-times": "broken timestamps event: Number out of range",
}
# What it makes of those that can be read all the same.
READABLE = {
    *("negative-times", "reversed-times", "distant-times", "camel-times"),
    *("double-keys", "long-number", "new-fields"),
    *("new-event", "empty-chunk", "odd-byte", "huge", "flood"),
}


def changed(plain: Heard, heard: Heard) -> str:
    """Return the one message that is not as it should be."""
    [message] = [m for m in heard.messages if m not in plain.messages]
    return str(message)


@pytest.mark.parametrize("fault", BROKEN)
async def test_broken(hear: Hear, fault: str) -> None:
    """One message is broken, in a way that a strict client names."""
    plain, heard = await hear(), await hear(f"{fault}@2")

    assert PLAIN == plain.in_short
    assert (len(plain.messages), plain.end) == (len(heard.messages), heard.end)
    with pytest.raises(RemoteProtocolError, match=re.escape(BROKEN[fault])):
        decode_event(changed(plain, heard))


@pytest.mark.parametrize(
    ("fault", "start", "end"),
    [
        ("negative-times", -1000.0, -999.65),
        ("distant-times", 1000.0, 1000.34),
        ("reversed-times", 0.34, 0.0),
        ("camel-times", 0.0, 0.34),
    ],
)
async def test_times(hear: Hear, fault: str, start: float, end: float) -> None:
    """The words are spoken at a time that they cannot be spoken at."""
    event = decode_event(changed(await hear(), await hear(f"{fault}@2")))

    assert isinstance(event, Timestamps)
    assert ("Three.",) == event.words
    assert pytest.approx([start, end], abs=0.01) == [event.start[0], event.end[0]]


async def test_camel_times(hear: Hear) -> None:
    """The other spelling is the older service's."""
    message = changed(await hear(), await hear("camel-times@2"))

    assert "wordTimestamps" in message
    assert "word_timestamps" not in message


async def test_binary(hear: Hear) -> None:
    """A binary message comes in place of a chunk."""
    heard = await hear("binary@2")

    assert ["binary", *PLAIN[5:]] == heard.in_short[4:]


@pytest.mark.parametrize("fault", ["double-keys", "new-fields", "long-number"])
async def test_odd_json(hear: Hear, fault: str) -> None:
    """One chunk has more than it needs, and the audio is all there."""
    plain, heard = await hear(), await hear(f"{fault}@2")
    message = changed(plain, heard)
    [chunk] = [m for m in plain.messages if m not in heard.messages]

    assert decode_event(str(chunk)) == decode_event(message)
    assert len(message) > len(chunk)


async def test_double_keys(hear: Hear) -> None:
    """The first of the two types is the wrong one."""
    message = changed(await hear(), await hear("double-keys@2"))

    assert message.startswith('{"type":"done","type":"chunk",')


async def test_long_number(hear: Hear) -> None:
    """The number is one that Python will not read."""
    message = changed(await hear(), await hear("long-number@2"))

    with pytest.raises(ValueError, match="limit"):
        json.loads(message)


@pytest.mark.parametrize(
    ("fault", "kind", "audio_bytes"),
    [
        ("new-event", Unknown, 0),
        ("empty-chunk", Chunk, 0),
        ("odd-byte", Chunk, 1),
        ("huge=1000000", Chunk, 1_000_000),
    ],
)
async def test_one_more(hear: Hear, fault: str, kind: type, audio_bytes: int) -> None:
    """One message more comes after the first chunk."""
    plain = await hear()
    name, _, value = fault.partition("=")
    heard = await hear(f"{name}@2={value}" if value else f"{name}@2")
    event = decode_event(changed(plain, heard))

    assert isinstance(event, kind)
    assert len(plain.messages) + 1 == len(heard.messages)
    assert audio_bytes == (len(event.audio) if isinstance(event, Chunk) else 0)


async def test_flood(hear: Hear) -> None:
    """A great many messages come after the first chunk."""
    heard = await hear("flood@2=500")

    assert ["chunk b", "500 news", "timestamps b"] == heard.in_short[4:7]


def test_every_fault_is_tried() -> None:
    """No fault of this module is without a test above."""
    assert FAULTS.keys() == BROKEN.keys() | READABLE | {"binary"}


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"flood", "huge"}))
def test_nothing_to_change(name: str) -> None:
    """A synthesis without sound is changed as far as it goes, and does no harm."""
    fault = FAULTS[name].make(Place(), None)
    assert isinstance(fault, SynthesisFault)

    assert EndRun("a") == fault.change(Script((EndRun("a"),), "a"))[-1]
