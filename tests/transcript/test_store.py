"""Tests of `rimebatch.transcript.store`."""

import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from stat import S_IMODE

import pytest

from rimebatch.errors import OutputError, TranscriptError
from rimebatch.transcript.entries import Header, TakeRecord
from rimebatch.transcript.reader import read_header
from rimebatch.transcript.redactor import Redactor
from rimebatch.transcript.store import JobTranscripts
from rimebatch.transcript.writer import TranscriptWriter

MakeHeader = Callable[[int], Header]
RecordTake = Callable[[TranscriptWriter, str, Sequence[str]], TakeRecord]


@pytest.fixture
def transcripts(tmp_path: Path) -> JobTranscripts:
    """Return the transcripts of a job that was never recorded."""
    return JobTranscripts(tmp_path / "transcripts" / "ch01")


@contextmanager
def open_files_left(number: int) -> Iterator[None]:
    """Let no more than so many files be opened."""
    free = os.open(os.devnull, os.O_RDONLY)  # the lowest descriptor that is free
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_on_record(transcripts: JobTranscripts) -> None:
    """A job whose folder does not exist has no transcripts and no takes."""
    assert [] == transcripts.paths()
    assert {} == transcripts.takes()


def test_attempts_are_numbered(
    transcripts: JobTranscripts, make_header: MakeHeader
) -> None:
    """Each attempt has the next number, in the file's name and in its header."""
    for _ in range(2):
        transcripts.create(make_header, count().__next__).seal()
    paths = transcripts.paths()

    assert ["0001.jsonl", "0002.jsonl"] == [path.name for path in paths]
    assert [1, 2] == [read_header(path).attempt for path in paths]


@pytest.mark.usefixtures("_open_umask")
def test_transcripts_are_for_this_user_alone(
    transcripts: JobTranscripts, make_header: MakeHeader
) -> None:
    """Nobody else can list the folder, or read what is in it."""
    with transcripts.create(make_header, int) as writer:
        pass

    assert 0o700 == S_IMODE(transcripts.folder.stat().st_mode)
    assert 0o600 == S_IMODE(writer.path.stat().st_mode)


def test_redactor(transcripts: JobTranscripts, make_header: MakeHeader) -> None:
    """What is to be kept out of a transcript is known to its writer."""
    redactor = Redactor("hash")
    with transcripts.create(make_header, int, redactor) as writer:
        given = writer.redactor

    assert redactor is given


def test_next_attempt_follows_the_highest(
    transcripts: JobTranscripts, make_header: MakeHeader
) -> None:
    """Numbers count as numbers, gaps stay, and other files do not count."""
    transcripts.folder.mkdir(parents=True)
    for name in ("0002.jsonl", "9999.jsonl", "10000.jsonl", "x.jsonl", "-7.jsonl"):
        (transcripts.folder / name).touch()
    transcripts.create(make_header, count().__next__).seal()

    assert ["0002.jsonl", "9999.jsonl", "10000.jsonl", "10001.jsonl"] == [
        path.name for path in transcripts.paths()
    ]


def test_newest_take_wins(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """Of several takes of a segment the newest counts, if it is not damaged."""
    for messages in (['"a"'], ['"b"'], ['"c"']):
        with transcripts.create(make_header, count().__next__) as writer:
            record_take(writer, "s1", messages)
    with transcripts.create(make_header, count().__next__) as writer:
        record_take(writer, "s2", ['"d"'])
    _, second, third, fourth = transcripts.paths()

    assert {"s1": third, "s2": fourth} == {
        key: take.path for key, take in transcripts.takes(verify=True).items()
    }

    third.write_bytes(third.read_bytes().replace(b'"c"', b'"x"'))

    assert third == transcripts.takes()["s1"].path
    assert second == transcripts.takes(verify=True)["s1"].path


def test_newest_take_of_one_transcript_wins(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """Of two takes of a segment in one transcript the later one counts."""
    with transcripts.create(make_header, count().__next__) as writer:
        record_take(writer, "s1", ['"a"'])
        record = record_take(writer, "s1", ['"b"'])

    assert record == transcripts.takes()["s1"].record


def test_transcript_of_a_crash_at_the_start(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """An empty transcript does not hinder the others."""
    with transcripts.create(make_header, count().__next__) as writer:
        record_take(writer, "s1", ['"a"'])
    (transcripts.folder / "0002.jsonl").touch()

    assert {"s1"} == transcripts.takes().keys()


def test_what_is_chosen_lasts(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """Rejecting and picking decides which take counts, whoever asks."""
    for segment in ("s1", "s1", "s2"):
        with transcripts.create(make_header, count().__next__) as writer:
            record_take(writer, segment, ['"a"'])
    first, second, other = transcripts.all_takes()
    transcripts.reject([second, other], "retake")
    again = JobTranscripts(transcripts.folder)

    assert {"s1": first} == again.takes()
    assert [first, second, other] == again.all_takes(verify=True)

    transcripts.pick(second)

    assert {"s1": replace(second, picked=True)} == again.takes(verify=True)

    second.path.write_bytes(second.path.read_bytes().replace(b'"a"', b'"x"'))

    assert {"s1": first} == again.takes(verify=True)
    assert [first, other] == again.all_takes(verify=True)


@pytest.mark.usefixtures("_open_umask")
def test_what_is_chosen_is_for_this_user_alone(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """The words of a check may quote a text; without a choice nothing is kept."""
    with transcripts.create(make_header, count().__next__) as writer:
        record_take(writer, "s1", ['"a"'])
    transcripts.reject([], "retake")
    path = transcripts.folder / "choices.json"

    assert not path.exists()

    transcripts.reject(transcripts.all_takes(), "retake")

    assert 0o600 == S_IMODE(path.stat().st_mode)
    assert [writer.path] == transcripts.paths()


def test_choices_that_cannot_be_read(transcripts: JobTranscripts) -> None:
    """Choices are never passed over: the error names the file."""
    path = transcripts.folder / "choices.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{}\n")
    with pytest.raises(TranscriptError, match=r"choices\.json: damaged; without it"):
        transcripts.takes()
    path.unlink()
    path.mkdir()
    with pytest.raises(TranscriptError, match=r"choices\.json: cannot be read: Is a"):
        transcripts.takes()


def test_choices_that_cannot_be_written(
    transcripts: JobTranscripts, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """Whoever chooses is told if that does not last, and nothing is changed."""
    with transcripts.create(make_header, count().__next__) as writer:
        record_take(writer, "s1", ['"a"'])
    [take] = transcripts.all_takes()
    (transcripts.folder / ".choices.json.part").mkdir()
    with pytest.raises(OutputError, match=r"choices\.json: cannot write: Is a dir"):
        transcripts.pick(take)

    assert {"s1": take} == transcripts.takes()


def test_unreadable_transcript(transcripts: JobTranscripts) -> None:
    """A transcript that cannot be read is an error, not a job without takes."""
    (transcripts.folder / "0001.jsonl").mkdir(parents=True)
    with pytest.raises(TranscriptError, match="Is a directory"):
        transcripts.takes()


def test_folder_that_cannot_be_made(tmp_path: Path, make_header: MakeHeader) -> None:
    """A folder under a file, or in place of one, is an output error."""
    (tmp_path / "file").touch()
    for place, what in (("file/ch01", "Not a directory"), ("file", "File exists")):
        with pytest.raises(OutputError, match=f"cannot make the folder: {what}"):
            JobTranscripts(tmp_path / place).create(make_header, int)


def test_number_that_another_run_has_taken(
    transcripts: JobTranscripts, make_header: MakeHeader
) -> None:
    """Two runs at a time never write to one transcript."""

    def make_late(attempt: int) -> Header:
        transcripts.create(make_header, int).seal()
        return make_header(attempt)

    with pytest.raises(OutputError, match="File exists"):
        transcripts.create(make_late, int)


def test_folder_that_cannot_be_synced(
    transcripts: JobTranscripts, make_header: MakeHeader
) -> None:
    """If the name of the file may not last, nothing is recorded, nor left open."""
    transcripts.folder.mkdir(parents=True)
    with (
        open_files_left(1),
        pytest.raises(OutputError, match="cannot sync the folder: Too many open files"),
    ):
        transcripts.create(make_header, int)

    assert 1 == read_header(transcripts.folder / "0001.jsonl").attempt
