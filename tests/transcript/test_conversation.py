"""Tests of `rimebatch.transcript.conversation`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rimebatch.errors import SecretError, TranscriptError
from rimebatch.transcript.conversation import (
    Closed,
    Conversation,
    Happening,
    Lost,
    Opened,
    Ping,
    Pong,
    Received,
    ReceivedBinary,
    Refused,
    Sent,
    read_conversation,
    write_conversation,
)
from rimebatch.transcript.entries import Header, TakeRecord
from rimebatch.transcript.reader import read_entries
from rimebatch.transcript.redactor import VERBATIM, Redactor
from rimebatch.transcript.store import JobTranscripts
from rimebatch.transcript.writer import TranscriptWriter

EVERYTHING: tuple[Happening, ...] = (
    Refused(t=0, status=429, headers={"retry-after": "1"}, body="limit"),
    Opened(t=1, status=101, headers={"server": "x"}),
    Sent(t=2, message='{"text": "a"}'),
    Received(t=2, message="not JSON\n"),
    ReceivedBinary(t=3, message=b"\0\xff"),
    Ping(t=4, by="client", payload="01"),
    Pong(t=5, by="server", payload="01"),
    Closed(t=6, by="server", code=1000, reason=""),
    Lost(t=7, by="client", how="gone"),
)


@pytest.fixture
def transcripts(tmp_path: Path) -> JobTranscripts:
    """Return an empty folder of transcripts."""
    return JobTranscripts(tmp_path / "ch01")


@pytest.mark.parametrize("happenings", [(), EVERYTHING])
def test_written_and_read(
    transcripts: JobTranscripts,
    make_header: Callable[[int], Header],
    happenings: tuple[Happening, ...],
) -> None:
    """A transcript that is written from a conversation says the same."""
    conversation = Conversation(make_header(1), happenings)

    path = write_conversation(conversation, transcripts, VERBATIM)

    assert conversation == read_conversation(path)


def test_written_transcript_is_sealed(
    transcripts: JobTranscripts, make_header: Callable[[int], Header]
) -> None:
    """The next file of the folder ends with a trailer, at the time of what was last."""
    conversation = Conversation(make_header(1), EVERYTHING)
    write_conversation(conversation, transcripts, VERBATIM)

    path = write_conversation(conversation, transcripts, VERBATIM)

    last = list(read_entries(path))[-1]
    assert ("0002.jsonl", "sealed", 7) == (path.name, last.kind, last.time_ns)


def test_commits_stay_behind(
    tmp_path: Path,
    make_header: Callable[[int], Header],
    record_take: Callable[[TranscriptWriter, str, Sequence[str]], TakeRecord],
) -> None:
    """What is about bytes of the file is no part of the conversation."""
    path = tmp_path / "0001.jsonl"
    with TranscriptWriter(path, make_header(1), lambda: 5) as writer:
        writer.withdraw(record_take(writer, "s", ['{"type":"done"}']))

    happenings = read_conversation(path).happenings

    said = (
        Sent(t=5, message='{"text":"s "}'),
        Received(t=5, message='{"type":"done"}'),
    )
    assert said == happenings


@pytest.mark.parametrize(
    "line",
    [
        '{"n":1,"t":1,"closed":{"by":"server"}}',
        '{"n":1,"t":1,"closed":"server"}',
        '{"n":1,"t":1,"received_binary":"not base64"}',
        '{"n":1,"t":1,"ping":{"by":"client","payload":"0"}}',
        '{"n":1,"t":9999999999999999999,"lost":{"by":"client","how":""}}',
    ],
)
def test_entry_that_is_not_what_it_says(
    tmp_path: Path, make_header: Callable[[int], Header], line: str
) -> None:
    """A value that does not fit its kind is one line that names file and entry."""
    path = tmp_path / "0001.jsonl"
    path.write_bytes(make_header(1).encode() + line.encode() + b"\n")

    with pytest.raises(TranscriptError) as caught:
        read_conversation(path)

    assert str(caught.value).startswith(f"{path}: entry 1: ")
    assert "\n" not in str(caught.value)


def test_loss_of_an_older_record(
    tmp_path: Path, make_header: Callable[[int], Header]
) -> None:
    """A lost line of which nobody said whose doing it was is the server's."""
    path = tmp_path / "0001.jsonl"
    path.write_bytes(
        make_header(1).encode() + b'{"n":1,"t":1,"lost":{"how":"reset"}}\n'
    )

    assert (Lost(t=1, by="server", how="reset"),) == read_conversation(path).happenings


def test_credential_leaves_no_file(
    transcripts: JobTranscripts, make_header: Callable[[int], Header]
) -> None:
    """A conversation in which a credential is found is not written at all."""
    conversation = Conversation(make_header(1), (Sent(t=0, message='"a-secret-key"'),))

    with pytest.raises(SecretError):
        write_conversation(
            conversation, transcripts, Redactor(secrets=("a-secret-key",))
        )

    assert [] == transcripts.paths()
