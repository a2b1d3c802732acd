"""Tests of `rimebatch.transcript.heard`."""

from pathlib import Path

import pytest

from fakes.conversations import HEADER_8K, THREE, Spoken, record
from rimebatch.errors import TranscriptError
from rimebatch.transcript import TranscriptWriter
from rimebatch.transcript.heard import HeardTake, HeardTranscript, read_heard
from rimebatch.ws3 import Chunk, Done, Text
from rimebatch.ws3.commands import encode_command
from rimebatch.ws3.events import encode_event
from rimebatch.ws3.takes import EndedTake, TakeEnd

FOREIGN = tuple(
    Spoken(spoken.text, spoken.chunks, is_committed=False) for spoken in THREE
)


def chunk(label: str | None = None) -> str:
    """Return the message of a chunk."""
    return encode_event(Chunk(b"\1\2", label))


def hear(folder: Path, *steps: tuple[str, str]) -> HeardTranscript:
    """Record *steps*, each of them a method and a message, and read them back.

    The first one happens at 1 ns, the next at 2 ns, and so on.
    """
    path = folder / "0001.jsonl"
    ticks = iter(range(1, 100))
    with TranscriptWriter(path, HEADER_8K, ticks.__next__) as writer:
        for method, message in steps:
            getattr(writer, method)(message)
    return read_heard(path)


def labels(heard: HeardTranscript) -> list[tuple[str, int]]:
    """Return the label of each take, and how many messages it has."""
    return [(take.context_id, len(take.heard)) for take in heard.takes]


@pytest.mark.parametrize("spoken", [THREE, FOREIGN])
def test_takes(tmp_path: Path, spoken: tuple[Spoken, ...]) -> None:
    """With commits or without, each take has what came back for it."""
    heard = read_heard(record(tmp_path / "0001.jsonl", *spoken))

    assert [s.label for s in spoken] == [take.context_id for take in heard.takes]
    assert [len(s.events) for s in spoken] == [len(t.messages) for t in heard.takes]
    assert [s.text.split() for s in spoken] == [take.words for take in heard.takes]
    assert [list(s.chunks) for s in spoken] == [take.chunks for take in heard.takes]
    assert [f"key of {s.label}" if s.is_committed else "" for s in spoken] == [
        take.segment for take in heard.takes
    ]


def test_times(tmp_path: Path) -> None:
    """Times count from when the last message was sent for the take."""
    first = read_heard(record(tmp_path / "0001.jsonl", THREE[0])).takes[0]

    assert 3_000_000 == first.asked_ns
    assert (1_000_000, 4_000_000, 1_000_000) == (
        first.first_audio_ns,
        first.duration_ns,
        first.longest_gap_ns,
    )


def test_a_take_that_was_asked_for_ahead(tmp_path: Path) -> None:
    """What was sent for the next take does not count as sent for this one."""
    text_a, text_b = (encode_command(Text("x", label)) for label in "ab")
    heard = hear(
        tmp_path,
        *[("sent", text_a), ("sent", text_b)],
        *[("received", chunk("a")), ("received", chunk("b"))],
    )

    assert [1, 2] == [take.asked_ns for take in heard.takes]


def test_a_take_that_nobody_asked_for(tmp_path: Path) -> None:
    """Where nothing was sent under the label, the last message counts, or none."""
    other = hear(tmp_path, ("sent", "not JSON"), ("received", chunk("a")))
    (tmp_path / "0001.jsonl").unlink()
    none = hear(tmp_path, ("received", chunk("a")))

    assert [1, 0] == [heard.takes[0].asked_ns for heard in (other, none)]


def test_takes_by_label(tmp_path: Path) -> None:
    """Without commits a take ends with done, or where the label is another."""
    steps = [chunk(), chunk("a"), chunk(), chunk("b"), encode_event(Done("b")), chunk()]
    heard = hear(tmp_path, *(("received", step) for step in steps))

    assert [("a", 3), ("b", 2), ("", 1)] == labels(heard)


def test_what_belongs_to_no_take(tmp_path: Path) -> None:
    """Errors, and what is no event, are heard and belong to no take."""
    error = '{"type":"error","message":"No."}'
    heard = hear(tmp_path, ("received", error), ("received", "x"))

    assert () == heard.takes
    assert [False, True] == [one.event is None for one in heard.heard]


def test_a_take_without_audio() -> None:
    """Of a take without audio nobody can tell how long the first audio took."""
    assert HeardTake("", "", (), 0).first_audio_ns is None


def test_a_commit_of_nothing_heard(tmp_path: Path) -> None:
    """A take in whose range nothing was received is left out."""
    path = tmp_path / "0001.jsonl"
    take = EndedTake("c", TakeEnd.DONE, 2, "id", before_this_event=False)
    with TranscriptWriter(path, HEADER_8K, lambda: 0) as writer:
        start = writer.position
        end = writer.sent(encode_command(Text("x"))).end
        writer.commit(take, segment="s", chars=1, start=start, end=end)

    assert () == read_heard(path).takes


def test_ends_and_times(tmp_path: Path) -> None:
    """How it ended is told in words, and when each message was said."""
    heard = read_heard(record(tmp_path / "0001.jsonl", THREE[1]))

    assert ('closed by the server: 1000 "bye"', "closed by the client: 1000") == (
        heard.ends
    )
    assert [n * 1_000_000 for n in (2, 3, 9, 4, 5, 6)] == heard.times_ns


def test_damage(tmp_path: Path) -> None:
    """A line that is no entry is an error."""
    path = record(tmp_path / "0001.jsonl", THREE[1])
    path.write_bytes(path.read_bytes().replace(b'"flush"', b'"flush'))
    with pytest.raises(TranscriptError, match="damaged entry"):
        read_heard(path)
