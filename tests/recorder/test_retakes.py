"""Tests of which takes are worth a further one."""

from pathlib import Path

import pytest

from fakes.manifests import make_planned
from rimebatch.manifest.plan import Segment
from rimebatch.recorder.ledger import Budget
from rimebatch.recorder.reports import FailedCheck
from rimebatch.recorder.retakes import describe, list_failed_checks, reject_doubtful
from rimebatch.renderer import Doubt
from rimebatch.renderer.checks import Check, Finding
from rimebatch.transcript import JobTranscripts, RecordedTake, TakeRecord
from rimebatch.transcript.choices import FRESH, RETAKE

ONE, TWO = make_planned("The first one.", "Here is number two.").segments
SHORT = Finding(Check.LENGTH, "the audio lasts 0.10 s", 0.1, 0.4)
SILENT = Finding(Check.SILENCE, "all of its 0.10 s are silent", 0.1, 0.0)


def make_take(segment: Segment, transcript: int) -> RecordedTake:
    """Return a take of *segment*, in the transcript of that number."""
    record = TakeRecord(
        segment=segment.key,
        context_id=segment.context_id,
        id="of the content",
        start=100,
        end=200,
        digest="of the bytes",
        ended="done",
        inferred=False,
        audio_bytes=2,
        chars=segment.chars,
    )
    return RecordedTake(Path(f"{transcript:04d}.jsonl"), record)


def doubt(segment: Segment, transcript: int = 1) -> Doubt:
    """Return the doubt about a take of *segment*."""
    number = 1 if segment is ONE else 2
    return Doubt(number, segment, make_take(segment, transcript), (SHORT, SILENT))


def reject(
    transcripts: JobTranscripts,
    doubts: list[Doubt],
    retakes: int,
    max_chars: int | None = None,
) -> list[Doubt]:
    """Reject what is worth another take, with so many characters left for that."""
    return reject_doubtful(transcripts, doubts, retakes, Budget(max_chars).may_send)


@pytest.fixture
def transcripts(tmp_path: Path) -> JobTranscripts:
    """Where the takes of the job would be."""
    return JobTranscripts(tmp_path)


def test_rejected(transcripts: JobTranscripts) -> None:
    """A take that failed counts no more, for the reason that was found."""
    doubts = [doubt(ONE), doubt(TWO)]

    assert doubts == reject(transcripts, doubts, retakes=1)
    assert {"the audio lasts 0.10 s; all of its 0.10 s are silent"} == {
        transcripts.choices().why_rejected(doubt.take) for doubt in doubts
    }


@pytest.mark.parametrize("retakes", [0, 1, 2])
def test_as_many_as_may_be(transcripts: JobTranscripts, retakes: int) -> None:
    """A segment is worth so many further takes, whichever runs they are made in."""
    rejected = [
        len(reject(transcripts, [doubt(ONE, number)], retakes))
        for number in range(1, 5)
    ]

    assert [1] * retakes + [0] * (4 - retakes) == rejected


def test_each_segment_by_itself(transcripts: JobTranscripts) -> None:
    """A segment that is worth no further take keeps no other from it."""
    reject(transcripts, [doubt(ONE, 1)], retakes=1)

    other = doubt(TWO, 2)

    assert [other] == reject(transcripts, [doubt(ONE, 2), other], retakes=1)


def test_no_characters_left(transcripts: JobTranscripts) -> None:
    """A take that may not be replaced in this run goes on counting."""
    doubts = [doubt(ONE), doubt(TWO)]

    assert doubts[:1] == reject(transcripts, doubts, retakes=1, max_chars=ONE.chars)
    assert {ONE.key} == transcripts.choices().rejected.keys()


def test_characters_are_counted_for_what_is_rejected(
    transcripts: JobTranscripts,
) -> None:
    """A take that is worth no other one takes nothing from those that are."""
    reject(transcripts, [doubt(ONE, 1)], retakes=1)
    doubts = [doubt(ONE, 2), doubt(TWO, 2)]

    assert doubts[1:] == reject(transcripts, doubts, retakes=1, max_chars=TWO.chars)


@pytest.mark.parametrize("why", [RETAKE, FRESH])
def test_what_a_person_rejected(transcripts: JobTranscripts, why: str) -> None:
    """It does not count against the retakes."""
    transcripts.reject([make_take(ONE, 1)], why)

    again = [doubt(ONE, 2)]

    assert again == reject(transcripts, again, retakes=1)


def test_describe() -> None:
    """All that is wrong with a take is one sentence."""
    said = "the audio lasts 0.10 s; all of its 0.10 s are silent"

    assert said == describe(doubt(ONE))


def test_failed_checks() -> None:
    """Each finding is told by itself, with the text that was to be spoken."""
    length, silence = list_failed_checks([doubt(TWO)])

    assert (
        FailedCheck(2, TWO.text, "length", "the audio lasts 0.10 s", 0.1, 0.4) == length
    )
    assert (2, "silence") == (silence.segment, silence.check)
