"""Having others asked for than the takes on record."""

from pathlib import Path

import pytest

from fakes.users import invoke, write_manifest
from rimebatch.cli.rejecting import reject_takes
from rimebatch.errors import HeldError
from rimebatch.recorder.folders import transcripts_of
from rimebatch.transcript import JobTranscripts
from rimebatch.transcript.locks import hold

NOW = "2026-01-02T03:04:05Z"

FOLDER = Path("outputs/book")


@pytest.fixture
def transcripts(tmp_path: Path, url: str) -> JobTranscripts:
    """Return what is on record of a job of two segments, the first one taken twice."""
    path = write_manifest(tmp_path, r'{id: a, text: "One.\n\nTwo."}', endpoint=url)
    invoke("run", path)
    invoke("retake", FOLDER, "a:1")
    invoke("run", path)
    transcripts = transcripts_of(FOLDER, "a")
    transcripts.pick(transcripts.all_takes()[0])
    return transcripts


def test_every_take_of_a_segment(transcripts: JobTranscripts) -> None:
    """None that was superseded counts again; other segments keep theirs."""
    first, second, again = transcripts.all_takes()
    reject_takes(FOLDER, "a", {first.record.segment}, "retake")
    why = list(map(transcripts.choices().why_rejected, (first, second, again)))

    assert ["retake", None, "retake"] == why
    assert {second.record.segment} == transcripts.takes().keys()


def test_nothing_to_reject(transcripts: JobTranscripts) -> None:
    """Where no take counts not even a lock is needed."""
    with hold(transcripts.folder, NOW):
        reject_takes(FOLDER, "a", {"another"}, "retake")
    reject_takes(FOLDER, "b", {"another"}, "retake")

    assert not transcripts_of(FOLDER, "b").folder.exists()


def test_beside_a_run(transcripts: JobTranscripts) -> None:
    """What a run records is not chosen from meanwhile."""
    keys = transcripts.takes().keys()
    with hold(transcripts.folder, NOW), pytest.raises(HeldError):
        reject_takes(FOLDER, "a", keys, "retake")

    assert keys == transcripts.takes().keys()
