"""Tests of how a transcript becomes a recording."""

from pathlib import Path

import pytest

from fakes.recordings import FLUSH, chunk, ended, farewell, heard, make, take, write
from fakes.transcripts import HEADER, open_transcript
from rimebatch.errors import TranscriptError
from rimebatch.replay import Ended, Heard, Opening, Sent, read_recording
from rimebatch.replay.recording import RECORD_ENDS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the transcript is."""
    return tmp_path / "0001.jsonl"


def test_what_is_written_is_read(path: Path) -> None:
    """Messages, closes, times and numbers come back, whatever else is on record."""
    recording = make(*take("a"), heard(b"\0\xff"), *farewell(), name=str(path))
    write(path, recording)

    assert recording == read_recording(path)


def test_entries_that_are_no_steps(path: Path) -> None:
    """Pings and commits are the recorder's own; they leave gaps in the numbers."""
    with open_transcript(path) as transcript:
        transcript.opened(101, {"server": "ws3"})
        transcript.ping("server", b"!")
        transcript.sent(FLUSH)
        transcript.pong("server", b"!")
        transcript.received(chunk("a"))
        transcript.closed("client", 1001, "enough")

    recording = read_recording(path)

    assert HEADER == recording.header
    assert Opening(1, 0, 101, {"server": "ws3"}) == recording.opening
    assert (
        Sent(3, 0, FLUSH),
        Heard(5, 0, chunk("a")),
        Ended(6, 0, "client", 1001, "enough"),
    ) == recording.steps
    assert recording.faulty_from is None


def test_a_refusal(path: Path) -> None:
    """A handshake that was refused is kept with all that was said."""
    with open_transcript(path) as transcript:
        transcript.refused(429, {"retry-after": "7"}, "too many")

    recording = read_recording(path)

    assert Opening(1, 0, 429, {"retry-after": "7"}, "too many") == recording.opening
    assert not recording.opening.is_accepted
    assert () == recording.steps
    assert recording.faulty_from is None


def test_a_line_lost_before_it_was_open(path: Path) -> None:
    """A handshake that got no answer keeps who gave up, and how."""
    with open_transcript(path) as transcript:
        transcript.lost("client", "too slow")

    recording = read_recording(path)

    assert Opening(1, 0, None, text="too slow", by="client") == recording.opening
    assert () == recording.steps


def test_a_line_lost_later(path: Path) -> None:
    """A line that the server lost is an end that its clients are held to."""
    with open_transcript(path) as transcript:
        transcript.opened(101, {})
        transcript.lost("server", "reset")

    recording = read_recording(path)

    assert (Ended(2, 0, "server", 1006, "reset"),) == recording.steps
    assert recording.faulty_from is None


def test_a_line_that_the_client_dropped(path: Path) -> None:
    """Why a client dropped its line nobody knows, so none is held to it."""
    recording = make(*take("a"), ended("client", 1006, "dropped"), name=str(path))
    write(path, recording)

    found = read_recording(path)

    assert recording.steps == found.steps
    assert len(recording.steps) - 1 == found.faulty_from


def test_a_record_that_ends(path: Path) -> None:
    """A transcript cut by a crash ends with a lost line, and never with a close."""
    whole = write(path, make(*take("a"), *farewell())).read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:9])

    recording = read_recording(path)

    *steps, last = recording.steps
    assert [2, 3, 4] == [step.number for step in steps]
    assert Ended(5, steps[-1].time_ns, "server", 1006, RECORD_ENDS) == last
    assert 3 == recording.faulty_from


def test_a_record_that_ends_at_once(path: Path) -> None:
    """An accepted connection of which nothing else is known is lost when it is open."""
    lines = write(path, make()).read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))

    recording = read_recording(path)

    opening = recording.opening
    end = Ended(2, opening.time_ns, "server", 1006, RECORD_ENDS)
    assert (end,) == recording.steps
    assert 0 == recording.faulty_from


def test_nothing_but_a_header(path: Path) -> None:
    """Of a connection without a record no answer came."""
    with open_transcript(path):
        pass

    recording = read_recording(path)

    assert Opening(0, 0, None, text=RECORD_ENDS) == recording.opening
    assert () == recording.steps
    assert recording.faulty_from is None


def test_a_lost_line_of_an_older_transcript(path: Path) -> None:
    """A record that does not say who lost the line means the server."""
    path.write_bytes(HEADER.encode() + b'{"n":1,"t":5,"lost":{"how":"reset"}}\n')

    assert Opening(1, 5, None, text="reset") == read_recording(path).opening


@pytest.mark.parametrize(
    "entry",
    [
        '"opened":{"status":"101"}',
        '"closed":{"by":"nobody","code":1000,"reason":""}',
        '"received_binary":"?"',
        '"received_binary":{}',
    ],
)
def test_damage(path: Path, entry: str) -> None:
    """An entry that does not hold what it should is named."""
    path.write_bytes(HEADER.encode() + b'{"n":1,"t":5,%s}\n' % entry.encode())

    with pytest.raises(TranscriptError, match=r"0001\.jsonl: entry 1: "):
        read_recording(path)


def test_no_transcript(path: Path) -> None:
    """A file that is no transcript is no recording."""
    path.write_text("{}")

    with pytest.raises(TranscriptError, match="not a transcript"):
        read_recording(path)
