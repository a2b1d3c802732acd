"""The sidecar: its exact shape, its times, and what makes it out of date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.load import Job, Voice
from rimebatch.manifest.plan import PlannedJob, plan_job
from rimebatch.renderer.sidecar import digest_inputs, make_sidecar, read_stamp
from rimebatch.renderer.takes import Timing
from rimebatch.renderer.timeline import PlacedTake, PlacedWord
from rimebatch.transcript.entries import TakeRecord
from rimebatch.transcript.reader import RecordedTake
from rimebatch.transcript.redactor import MASK
from rimebatch.ws3.query import Parameter

RATE_HZ = 24000
VOICE: Mapping[str, Parameter] = {
    "modelId": "arcana",
    "speaker": "luna",
    "samplingRate": RATE_HZ,
    "temperature": 0.5,
}
EXPECTED = """\
{
 "rimebatch_words": 1,
 "inputs_sha256": "44942b97383e91c86e4aa244866f75d3f335015cc55b2bf9c4ecd52f8d6cf98e",
 "job": "ch01",
 "title": "«Être»",
 "voice": {
  "modelId": "arcana",
  "speaker": "luna",
  "samplingRate": 24000,
  "temperature": 0.5
 },
 "audio": {
  "file": "ch01.wav",
  "sampling_rate_hz": 24000,
  "frames": 60001,
  "seconds": 2.500042
 },
 "segments": [
  {
   "text": "Say “no”.",
   "paragraph": 0,
   "char_start": 0,
   "char_end": 9,
   "start_frame": 0,
   "end_frame": 36000,
   "start_s": 0.0,
   "end_s": 1.5,
   "timing": "service",
   "take": "id of take 0",
   "first_word": 0,
   "words": 2
  },
  {
   "text": "* 2 *",
   "paragraph": 1,
   "char_start": 11,
   "char_end": 16,
   "start_frame": 36000,
   "end_frame": 60001,
   "start_s": 1.5,
   "end_s": 2.500042,
   "timing": "none",
   "take": "id of take 1",
   "first_word": 2,
   "words": 0
  }
 ],
 "words": [
  {
   "text": "Say",
   "segment": 0,
   "start_s": 0.0,
   "end_s": 0.25,
   "service_start_s": -0.5,
   "service_end_s": 0.25
  },
  {
   "text": "“no”.",
   "segment": 0,
   "start_s": 0.333333,
   "end_s": 1.5,
   "service_start_s": 0.3333333333,
   "service_end_s": 1e300
  }
 ]
}
"""


def plan_text(text: str, job_id: str = "ch01", title: str | None = None) -> PlannedJob:
    """Return the plan of a job that says *text*."""
    return plan_job(Job(job_id, title, Voice(VOICE), text, None), 500)


def number_takes(job: PlannedJob) -> dict[str, RecordedTake]:
    """Return a take for each segment of *job*, known by its number."""
    return {
        segment.key: make_take(segment.key, f"id of take {number}")
        for number, segment in enumerate(job.segments)
    }


def make_take(key: str, content_id: str, path: str = "0001.jsonl") -> RecordedTake:
    """Return a take of the segment *key* by its *content_id*."""
    record = TakeRecord(
        segment=key,
        context_id="",
        id=content_id,
        start=0,
        end=0,
        sha256="",
        ended="done",
        inferred=False,
        audio_bytes=2,
        chars=1,
    )
    return RecordedTake(Path(path), record)


def describe(job: PlannedJob, placed: Sequence[PlacedTake]) -> bytes:
    """Return the sidecar of *job*."""
    return make_sidecar(job, number_takes(job), placed, f"{job.id}.wav", RATE_HZ)


def test_make_sidecar() -> None:
    """A sidecar is JSON for people and programs, to the byte."""
    job = plan_text("Say “no”.\n\n* 2 *", title="«Être»")
    words = (
        PlacedWord("Say", 0, 6000, -0.5, 0.25),
        PlacedWord("“no”.", 8000, 36000, 0.3333333333, 1e300),
    )
    placed = [
        PlacedTake(0, 36000, Timing.SERVICE, words),
        PlacedTake(36000, 60001, Timing.NONE, ()),
    ]

    found = describe(job, placed).decode()

    assert EXPECTED == found


def test_words_of_a_segment() -> None:
    """Each segment says which words are its own."""
    job = plan_text("One.\n\nTwo.\n\nThree.")
    word = PlacedWord("w", 0, 0, 0.0, 0.0)
    placed = [PlacedTake(0, 9, Timing.SERVICE, (word,) * count) for count in (2, 0, 3)]

    found = json.loads(describe(job, placed))

    assert [(0, 2), (2, 0), (2, 3)] == [
        (segment["first_word"], segment["words"]) for segment in found["segments"]
    ]
    assert [0, 0, 2, 2, 2] == [word["segment"] for word in found["words"]]


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ([MASK, MASK, MASK], ["Say", "“no”,", "please."]),
        ([MASK, "no", MASK], ["Say", "no", "please."]),
        ([MASK, MASK], [MASK, MASK]),
        ([MASK, "no"], [MASK, "no"]),
    ],
)
def test_hidden_words(recorded: list[str], expected: list[str]) -> None:
    """A word that was hidden is the one at its place, if as many were counted."""
    job = plan_text("Say “no”, please.")
    words = tuple(PlacedWord(text, 0, 0, 0.0, 0.0) for text in recorded)

    found = json.loads(describe(job, [PlacedTake(0, 9, Timing.SERVICE, words)]))

    assert expected == [word["text"] for word in found["words"]]


@given(
    st.integers(0, 96000 * 3600 * 48), st.integers(1, 10**9), st.integers(4000, 192000)
)
def test_seconds(start: int, frames: int, rate_hz: int) -> None:
    """Seconds are fine enough to give back every frame, two days into a file."""
    job = plan_text("One.")
    placed = [PlacedTake(start, start + frames, Timing.NONE, ())]
    sidecar = make_sidecar(job, number_takes(job), placed, "ch01.wav", rate_hz)

    found = json.loads(sidecar)["segments"][0]

    assert start == round(found["start_s"] * rate_hz)
    assert start + frames == round(found["end_s"] * rate_hz)


def test_digest_of_the_same() -> None:
    """The same takes are the same inputs, whichever transcripts hold them."""
    job = plan_text("One.")
    (segment,) = job.segments
    first, second = (
        digest_inputs(job, {segment.key: make_take(segment.key, "id", path)})
        for path in ("0001.jsonl", "0002.jsonl")
    )

    assert first == second


@pytest.mark.parametrize(
    "other",
    [
        plan_text("One.", title="Title"),
        plan_text("One.", job_id="ch02"),
        plan_text("Two."),
        plan_text(" One."),
        plan_text("One.\n\nOne."),
        replace(plan_text("One."), query=(("samplingRate", "8000"),)),
    ],
)
def test_digest_of_another_job(other: PlannedJob) -> None:
    """Whatever comes into the files is part of the digest."""
    job = plan_text("One.")

    found = digest_inputs(other, number_takes(other))

    assert digest_inputs(job, number_takes(job)) != found


def test_digest_of_another_take() -> None:
    """Another take of the same text is another input."""
    job = plan_text("One.")
    (segment,) = job.segments

    found = digest_inputs(job, {segment.key: make_take(segment.key, "another")})

    assert digest_inputs(job, number_takes(job)) != found


def test_read_stamp(tmp_path: Path) -> None:
    """A sidecar tells what it was made of, and how long that is."""
    path = tmp_path / "ch01.words.json"
    job = plan_text("One.")
    path.write_bytes(describe(job, [PlacedTake(0, 7, Timing.NONE, ())]))

    found = read_stamp(path)

    assert found is not None
    assert digest_inputs(job, number_takes(job)) == found.inputs_sha256
    assert 7 == found.audio.frames


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"inputs_sha256": 1}',
        b'{"inputs_sha256": "\xff"}',
        b'{"inputs_sha256": "digest"}',
        b'{"inputs_sha256": "digest", "audio": {}}',
        b'{"inputs_sha256": "digest", "audio": {',
        b'{"deep": ' + b"[" * 100_000,
    ],
)
def test_read_stamp_of_anything(tmp_path: Path, content: bytes) -> None:
    """What is no sidecar, or not all of one, was made of nothing that is known."""
    path = tmp_path / "ch01.words.json"
    path.write_bytes(content)

    found = read_stamp(path)

    assert None is found


def test_read_stamp_of_nothing(tmp_path: Path) -> None:
    """A sidecar that is not there was made of nothing that is known."""
    found = read_stamp(tmp_path / "ch01.words.json")

    assert None is found
