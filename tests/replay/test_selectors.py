"""Selectors: what each kind of them finds, and what is said when there is nothing."""

from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.conversations import THREE, record
from rimebatch.replay import Ended, Heard, Recording, read_recording
from rimebatch.replay.selectors import KINDS, UnfitError, find_step, parse_selector

LAST = "job:Four five six."


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return three takes of 3, 1 and 3 samples, in two, one and two chunks."""
    folder = tmp_path_factory.mktemp("recorded")
    return read_recording(record(folder / "0001.jsonl", *THREE))


def with_query(recording: Recording, **query: str) -> Recording:
    """Return *recording* as if that had been asked for."""
    header = msgspec.structs.replace(recording.header, query=tuple(query.items()))
    return replace(recording, header=header)


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        (4, 4),
        ("4", 4),
        ("entry 4", 4),
        ("recv[0]", 4),
        ("recv[4]", 12),
        ("sent[0]", 2),
        ("sent[6]", 25),
        ("first chunk", 4),
        ("1st chunk", 4),
        ("2nd chunk", 6),
        ("3rd done", 22),
        ("last done", 22),
        ("last received", 22),
        ("last sent", 25),
        ("first close", 26),
        ("last close", 26),
        (f"first chunk of {LAST}", 19),
        (f"2nd chunk of {LAST}", 21),
        (f"first sent of {LAST}", 17),
        ("chunk@0s", 4),
        ("chunk@0.000125s", 6),
        ("chunk@0.000375s", 12),
        ("chunk@0.0008s", 21),
        (f"chunk@0.000125s of {LAST}", 21),
    ],
)
def test_a_selector_finds_its_step(
    recording: Recording, written: str | int, entry: int
) -> None:
    """Each form leads to the step that a person would count to."""
    found = recording.steps[find_step(recording, written)]

    assert entry == found.number


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("9", "messages and closes are among the entries 2 to 27"),
        (
            "recv[11]",
            "3 done, 0 error, 1 close, 11 received, 7 sent",
        ),
        ("first error", "there are 5 chunk, 3 timestamps, 3 done, 0 error, 1 close"),
        ("4th done", "there are 5 chunk"),
        ("2nd done of job:Three.", "there are 1 chunk, 1 timestamps, 1 done, 0 error"),
        ("first done of job:Four.", 'the contexts are "job:One two.", "job:Three."'),
        ("chunk@0.000875s", "there are 0.001 s of audio"),
        ("chunk@1s of nobody", "there are 0.000 s of audio, and the contexts are"),
    ],
)
def test_what_finds_nothing_is_told_what_there_is(
    recording: Recording, written: str, what: str
) -> None:
    """The error quotes the selector, and says what could have been found."""
    with pytest.raises(UnfitError) as caught:
        find_step(recording, written)

    assert f'"{written}" finds nothing' == caught.value.what
    assert what in caught.value.remedy


@pytest.mark.parametrize(
    "written",
    [
        *("", "²", "-1", "entry x", "recv", "recv[-1]", "recv[x]"),
        *("chunk", "0th chunk", "nth chunk", "first word", "last", "first chunk of "),
        *("chunk@s", "chunk@1.25", "chunk@-1s", "chunk@nans"),
    ],
)
def test_what_is_no_selector_is_refused(written: str) -> None:
    """Anything else is an error that names the forms."""
    with pytest.raises(UnfitError, match=r"is no selector; write .*chunk@1.25s"):
        parse_selector(written)


@given(st.text() | st.text("0123456789 recv[]sent@.chunkoflast"))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    """No text makes the parser fail in another way."""
    with suppress(UnfitError):  # which is the other way
        parse_selector(text)


@given(st.data())
def test_counting_finds_every_message(
    recording: Recording, data: st.DataObject
) -> None:
    """The n-th of a kind is the n-th, by whichever form, and they come in order."""
    kind = data.draw(st.sampled_from([k for k in KINDS if k != "error"]))
    found = [find_step(recording, f"first {kind}")]
    last = find_step(recording, f"last {kind}")
    while found[-1] != last:
        found.append(find_step(recording, f"{len(found) + 1}th {kind}"))

    assert sorted(set(found)) == found


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ({"audioFormat": "mp3", "samplingRate": "8000"}, 'of audioFormat "mp3"'),
        ({"samplingRate": "8000"}, 'of audioFormat ""'),
        ({"audioFormat": "pcm"}, "no samplingRate"),
        ({"audioFormat": "pcm", "samplingRate": "0"}, "no samplingRate"),
    ],
)
def test_a_second_needs_a_length(
    recording: Recording, query: dict[str, str], what: str
) -> None:
    """Where bytes do not tell seconds, that is said, and what to write instead."""
    with pytest.raises(UnfitError, match="write recv") as caught:
        find_step(with_query(recording, **query), "chunk@1s")

    assert what in caught.value.what


def test_a_second_of_mulaw_is_of_single_bytes(recording: Recording) -> None:
    """A sample of mu-law is one byte, so the same bytes last twice as long."""
    mulaw = with_query(recording, audioFormat="mulaw", samplingRate="8000")

    assert 12 == recording.steps[find_step(mulaw, "chunk@0.00075s")].number


def test_what_cannot_be_read_holds_no_second(recording: Recording) -> None:
    """Broken and binary messages are passed over."""
    broken = (Heard(2, 0, '{"type":"chunk"}'), Heard(3, 0, b"\0\0"))
    changed = replace(recording, steps=(*broken, *recording.steps))

    assert 4 == changed.steps[find_step(changed, "chunk@0s")].number


def test_a_client_that_leaves_is_no_close(recording: Recording) -> None:
    """A close is the server's; the client's own has only its number."""
    closes = tuple(step for step in recording.steps if isinstance(step, Ended))
    changed = replace(recording, steps=closes[1:])

    assert 0 == find_step(changed, 27)
    with pytest.raises(UnfitError, match=r"there are 0 chunk.* 0 close"):
        find_step(changed, "first close")


def test_a_connection_without_words_is_said_to_be_one(recording: Recording) -> None:
    """Where nothing was said, no number finds anything, and no context is known."""
    empty = replace(recording, steps=())

    with pytest.raises(UnfitError, match="nothing was said on this connection"):
        find_step(empty, 4)
    with pytest.raises(UnfitError, match="the contexts are none"):
        find_step(empty, "first chunk of a")
