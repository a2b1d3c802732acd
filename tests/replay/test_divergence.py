"""Tests of how a divergence is told, and an entry shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import QUERY, chunk, done, ended, heard, make, said, text
from rimebatch.errors import DivergenceError
from rimebatch.replay import Divergence, DivergenceKind, Step
from rimebatch.replay.divergence import describe, describe_message
from rimebatch.replay.matching import Difference
from rimebatch.ws3 import Query

BARE = Divergence(DivergenceKind.UNPLAYED, "0001.jsonl", None, 1_500_000_000, "gone")
FULL = Divergence(
    DivergenceKind.CHANGED,
    "0001.jsonl",
    7,
    0,
    "the client said something else at $.text",
    recent=("     5 → one", "     6 ← two"),
    differences=(Difference("$.text", '"One."', '"Two."'),),
    nearest="     9 → three",
    hint="perhaps so",
)


def test_one_line() -> None:
    """A divergence says where it is, of which kind, and what, in one line."""
    assert "0001.jsonl: unplayed: gone" == str(BARE)
    assert (
        "0001.jsonl, entry 7: changed: the client said something else at $.text"
    ) == str(FULL)


def test_a_report() -> None:
    """The report has the last entries, both sides, what is alike, and a hint."""
    assert (
        "0001.jsonl, entry 7: changed: the client said something else at $.text\n"
        "  at 0.000000 s of the replay\n"
        "  last played:\n"
        "         5 → one\n"
        "         6 ← two\n"
        "  at $.text\n"
        '    recorded: "One."\n'
        '    live:     "Two."\n'
        "  most like it on record:\n"
        "         9 → three\n"
        "  perhaps so"
    ) == FULL.report


def test_a_report_of_little() -> None:
    """What there is nothing to say of is left out."""
    assert ("0001.jsonl: unplayed: gone\n  at 1.500000 s of the replay") == BARE.report


def test_an_error() -> None:
    """As an exception it is one line, and the report goes with it."""
    error = FULL.error

    assert isinstance(error, DivergenceError)
    assert (str(FULL), "changed", FULL.report) == (str(error), error.kind, error.report)
    assert [FULL.report] == error.__notes__


def test_json() -> None:
    """As JSON it has every field by its name."""
    decoded = json.loads(FULL.encode())

    assert ("changed", 7) == (decoded["kind"], decoded["entry"])
    assert [{"path": "$.text", "recorded": '"One."', "live": '"Two."'}] == decoded[
        "differences"
    ]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (said(text("One.", "a")), '→ {"text":"One.","contextId":"a"}'),
        (said("x" * 101), f"→ {'x' * 100}…"),
        (said("{\n  1 \t}"), "→ { 1 }"),
        (said("One\ud800two\x9b3"), "→ One two 3"),
        (heard(done("a")), '← {"type":"done","contextId":"a"}'),
        (heard("nonsense"), "← nonsense"),
        (
            heard(chunk("a", bytes(4000))),
            '← chunk of "a", 0.250 s, 4,000 bytes, sha256 fc19b1997119',
        ),
        (
            heard(chunk(None, bytes(4000))),
            "← chunk, 0.250 s, 4,000 bytes, sha256 fc19b1997119",
        ),
        (heard(b"abc"), "← binary message, 3 bytes, sha256 ba7816bf8f01"),
        (ended(), "← close 1000 by the server"),
        (ended("client", 1001, "so long"), "→ close 1001 by the client so long"),
        (ended(code=1006, reason="reset"), "← lost by the server reset"),
        (ended("client", 1006), "→ lost by the client"),
    ],
)
def test_an_entry(step: Step, expected: str) -> None:
    """An entry is one line with number and direction; audio is never base64."""
    [numbered] = make(step).steps

    assert f"     2 {expected}" == describe(numbered, QUERY)


@pytest.mark.parametrize(
    "query",
    [
        (),
        (("audioFormat", "mp3"), ("samplingRate", "8000")),
        (("audioFormat", "pcm"),),
        (("audioFormat", "pcm"), ("samplingRate", "0")),
        (("audioFormat", "pcm"), ("samplingRate", "fast")),
    ],
)
def test_audio_of_unknown_length(query: Query) -> None:
    """Where a chunk's length cannot be told in seconds, its bytes are."""
    shown = describe_message(chunk("a", b"abc"), query)

    assert 'chunk of "a", 3 bytes, sha256 ba7816bf8f01' == shown


@given(st.text() | st.binary())
def test_any_message_is_one_line(message: str | bytes) -> None:
    """Whatever stands in a message, it is shown as one short line of characters."""
    shown = describe_message(message, QUERY)

    assert len(shown) <= 101
    assert shown.isprintable()
