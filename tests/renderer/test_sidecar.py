"""The sidecar: its exact shape, its times, and what makes it out of date."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.encoding import Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.plan import PlannedJob, plan_job
from rimebatch.renderer.alignment import Span
from rimebatch.renderer.checks import Check, Finding
from rimebatch.renderer.leveling import Fitted
from rimebatch.renderer.limiter import Leveling
from rimebatch.renderer.loudness import Levels
from rimebatch.renderer.mix import Doubt
from rimebatch.renderer.sidecar import digest_inputs, make_sidecar, read_stamp
from rimebatch.renderer.takes import Timing
from rimebatch.renderer.timeline import PlacedJob, PlacedTake, PlacedWord, WordFlag
from rimebatch.transcript.entries import TakeRecord
from rimebatch.transcript.reader import RecordedTake
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
 "rimebatch_words": 2,
 "inputs_sha256": "c15ef5f9b8202184587cf8a8b100e6ecbd8551d009211b2111870dae3a49278f",
 "job": "ch01",
 "title": "«Être»",
 "voice": {
  "modelId": "arcana",
  "speaker": "luna",
  "samplingRate": 24000,
  "temperature": 0.5
 },
 "files": [
  "ch01.wav",
  "ch01.vtt",
  "ch01.words.json"
 ],
 "audio": {
  "file": "ch01.wav",
  "sampling_rate_hz": 24000,
  "frames": 84001,
  "seconds": 3.500042
 },
 "loudness": {
  "target": "-20 dB RMS",
  "peak": "-3 dB",
  "gain_db": 2.51,
  "loudness_lufs": null,
  "rms_db": -20.03,
  "peak_db": -3.0,
  "true_peak_db": -2.92,
  "shortfall": null
 },
 "segments": [
  {
   "text": "Say “no”.",
   "paragraph": 0,
   "char_start": 0,
   "char_end": 11,
   "gaps": [
    [
     3,
     2
    ]
   ],
   "start_frame": 0,
   "end_frame": 36000,
   "start_s": 0.0,
   "end_s": 1.5,
   "timing": "service",
   "take": "id of take 0",
   "failed_checks": [],
   "first_word": 0,
   "words": 3
  },
  {
   "text": "* 2 *",
   "paragraph": 1,
   "char_start": 13,
   "char_end": 18,
   "gaps": [],
   "start_frame": 42000,
   "end_frame": 60001,
   "start_s": 1.75,
   "end_s": 2.500042,
   "timing": "none",
   "take": "id of take 1",
   "failed_checks": [
    "it is silent",
    "it is short"
   ],
   "first_word": 3,
   "words": 0
  }
 ],
 "words": [
  {
   "text": "Say",
   "segment": 0,
   "char_start": 0,
   "char_end": 3,
   "start_s": 0.0,
   "end_s": 0.25,
   "service_start_s": -0.5,
   "service_end_s": 0.25,
   "flags": [
    "early"
   ]
  },
  {
   "text": "um",
   "segment": 0,
   "char_start": null,
   "char_end": null,
   "start_s": 0.25,
   "end_s": 0.333333,
   "service_start_s": 0.25,
   "service_end_s": 0.34,
   "flags": []
  },
  {
   "text": "“no”.",
   "segment": 0,
   "char_start": 6,
   "char_end": 11,
   "start_s": 0.333333,
   "end_s": 1.5,
   "service_start_s": 0.3333333333,
   "service_end_s": 1e300,
   "flags": [
    "overrun"
   ]
  }
 ]
}
"""


GOAL = Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB"))
LEVELS = Levels(
    frames=84001,
    loudness_lufs=-math.inf,
    rms_db=-20.0349,
    peak_db=-2.999,
    true_peak_db=-2.9201,
    noise_floor_db=-60.0,
    head_frames=0,
    tail_frames=0,
)
FITTED = Fitted(Leveling(2.51, -3.0), LEVELS, None)


def doubt_second(job: PlannedJob, takes: Mapping[str, RecordedTake]) -> Doubt:
    """Return what may be said against the second segment of *job*."""
    segment = job.segments[1]
    findings = (
        Finding(Check.SILENCE, "it is silent", 1.5, 1.0),
        Finding(Check.LENGTH, "it is short", 0.5, 1.0),
    )
    return Doubt(2, segment, takes[segment.key], findings)


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
        digest="",
        ended="done",
        inferred=False,
        audio_bytes=2,
        chars=1,
    )
    return RecordedTake(Path(path), record)


def describe(job: PlannedJob, *takes: PlacedTake) -> bytes:
    """Return the sidecar of *job*, which has no other file than its audio."""
    placed = PlacedJob(takes, takes[-1].end, RATE_HZ)
    return make_sidecar(job, number_takes(job), placed, [f"{job.id}.wav"])


def test_make_sidecar() -> None:
    """A sidecar is JSON for people and programs, to the byte."""
    job = replace(
        plan_text("Say   “no”.\n\n* 2 *", title="«Être»"), output=Output(loudness=GOAL)
    )
    words = (
        PlacedWord("Say", 0, 6000, -0.5, 0.25, (WordFlag.EARLY,), Span(0, 3)),
        PlacedWord("um", 6000, 8000, 0.25, 0.34),
        PlacedWord(
            *("“no”.", 8000, 36000, 0.3333333333, 1e300, (WordFlag.OVERRUN,)),
            Span(4, 9),
        ),
    )

    placed = PlacedJob(
        (
            PlacedTake(0, 36000, Timing.SERVICE, words),
            PlacedTake(42000, 60001, Timing.NONE, ()),
        ),
        84001,
        RATE_HZ,
    )
    takes = number_takes(job)
    files = ["ch01.wav", "ch01.vtt", "ch01.words.json"]

    found = make_sidecar(
        *(job, takes, placed, files, [doubt_second(job, takes)], FITTED)
    ).decode()

    assert EXPECTED == f"{found}\n"


def test_words_of_a_segment() -> None:
    """Each segment says which words are its own."""
    job = plan_text("One.\n\nTwo.\n\nThree.")
    word = PlacedWord("w", 0, 0, 0.0, 0.0)
    placed = [PlacedTake(0, 9, Timing.SERVICE, (word,) * count) for count in (2, 0, 3)]

    found = json.loads(describe(job, *placed))

    assert [(0, 2), (2, 0), (2, 3)] == [
        (segment["first_word"], segment["words"]) for segment in found["segments"]
    ]
    assert [0, 0, 2, 2, 2] == [word["segment"] for word in found["words"]]


@given(
    st.integers(0, 96000 * 3600 * 48), st.integers(1, 10**9), st.integers(4000, 192000)
)
def test_seconds(start: int, frames: int, rate_hz: int) -> None:
    """Seconds are fine enough to give back every frame, two days into a file."""
    job = plan_text("One.")
    take = PlacedTake(start, start + frames, Timing.NONE, ())
    placed = PlacedJob((take,), take.end, rate_hz)
    sidecar = make_sidecar(job, number_takes(job), placed, ["ch01.wav"])

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
        replace(plan_text("One."), output=Output(pauses=Pauses(tail=0.1))),
        replace(plan_text("One."), output=Output(trim=Trim())),
        replace(plan_text("One."), output=Output((Encoding("mp3"),))),
        replace(plan_text("One."), output=Output(rate_hz=48_000)),
        replace(plan_text("One."), output=Output(loudness=GOAL)),
        replace(plan_text("One."), output=Output(captions=("srt",))),
        replace(plan_text("One."), output=Output(artist="Somebody")),
        replace(plan_text("One."), output=Output(album="Something")),
        replace(plan_text("One."), output=Output(comment="")),
        replace(plan_text("One."), track=1),
    ],
)
def test_digest_of_another_job(other: PlannedJob) -> None:
    """Whatever comes into the files is part of the digest."""
    job = plan_text("One.")

    found = digest_inputs(other, number_takes(other))

    assert digest_inputs(job, number_takes(job)) != found


def test_digest_without_the_pause() -> None:
    """A pause that a job does not have does not make its files out of date."""
    job = plan_text("One.\n\nTwo.")
    output = Output(pauses=Pauses(segment=0.5, heading=2.0))

    found = digest_inputs(replace(job, output=output), number_takes(job))

    assert digest_inputs(job, number_takes(job)) == found


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
    path.write_bytes(describe(job, PlacedTake(0, 7, Timing.NONE, ())))

    found = read_stamp(path)

    assert found is not None
    assert digest_inputs(job, number_takes(job)) == found.inputs_sha256
    assert 7 == found.audio.frames
    assert ("ch01.wav",) == found.files


def test_read_stamp_of_an_earlier_version(tmp_path: Path) -> None:
    """A sidecar that does not name its files has none that are known."""
    path = tmp_path / "ch01.words.json"
    path.write_text('{"inputs_sha256": "digest", "audio": {"frames": 7}}')

    found = read_stamp(path)

    assert found is not None
    assert () == found.files


def test_loudness() -> None:
    """The figures are those of the file; of silence there are none, and it says so."""
    job = replace(plan_text("One."), output=Output(loudness=GOAL))
    placed = PlacedJob((PlacedTake(0, 9, Timing.NONE, ()),), 9, RATE_HZ)
    silent = replace(
        LEVELS, rms_db=-math.inf, peak_db=-math.inf, true_peak_db=-math.inf
    )
    fitted = Fitted(None, silent, "it is silent")

    content = make_sidecar(
        *(job, number_takes(job), placed, ["ch01.wav"]), fitted=fitted
    )

    assert {
        "target": "-20 dB RMS",
        "peak": "-3 dB",
        "gain_db": None,
        "loudness_lufs": None,
        "rms_db": None,
        "peak_db": None,
        "true_peak_db": None,
        "shortfall": "it is silent",
    } == json.loads(content)["loudness"]


def test_no_loudness() -> None:
    """Where no loudness was asked for, none is told."""
    job = plan_text("One.")

    found = json.loads(describe(job, PlacedTake(0, 9, Timing.NONE, ())))

    assert None is found["loudness"]


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
