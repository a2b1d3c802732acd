"""What was spoken when is read back from the sidecar as it was rendered."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.manifests import make_planned
from fakes.takes import speak_at_length
from rimebatch.errors import AudioError
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Output
from rimebatch.manifest.placement import Pauses
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.job import render_job
from rimebatch.renderer.mix import Mix
from rimebatch.renderer.sidecar import FORMAT_VERSION
from rimebatch.renderer.spoken import SpokenWord
from rimebatch.renderer.spoken_file import Remarks, read_spoken
from rimebatch.renderer.takes import Timing
from rimebatch.renderer.timeline import WordFlag, to_spoken
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps

Speak: TypeAlias = Callable[[Segment], Sequence[Event]]
Record: TypeAlias = Callable[[Path, PlannedJob, Speak], Mapping[str, RecordedTake]]

OUTPUT = Output(rate_hz=11_025, pauses=Pauses(head=0.3, paragraph=0.7))
TEXT = "In \n  1984 two   cats.", "Hm."


def speak(segment: Segment) -> Sequence[Event]:
    """Return a second: of a number, a strange word and an overrun, or of silence."""
    label, words = segment.context_id, ("In", "nineteen", "84", "oh", "two", "cats.")
    times = Timestamps(
        words, (0, 0.11, 0.22, 0.4, 0.43, 0.7), (0.1, 0.21, 0.4, 0.4, 0.6, 1.5), label
    )
    if segment.text == "Hm.":
        return [Chunk(bytes(16_000), label), Done(label)]
    return [times, Chunk(b"\0\x40" * 8000, label), Done(label)]


def write(path: Path, segments: Sequence[Segment]) -> Path:
    """Write to *path* the sidecar of *segments*, each word of which takes a second."""
    words: list[dict[str, object]] = []
    written: list[dict[str, object]] = []
    for segment in segments:
        spans = [word.span() for word in re.finditer(r"\S+", segment.text)]
        fields = {"char_start": segment.start, "gaps": segment.gaps, "paragraph": 0}
        times = {"timing": "service", "start_frame": 0, "end_frame": 0}
        own = {"first_word": len(words), "words": len(spans), "failed_checks": []}
        written.append({"text": segment.text, **fields, **times, **own})
        for start, end in (segment.find_source(*span) for span in spans):
            place = {"char_start": start, "char_end": end}
            times_s = {"start_s": len(words), "end_s": len(words) + 1}
            words.append({**place, **times_s, "flags": []})
    audio = {"file": "tale.wav", "sampling_rate_hz": 10, "frames": 10 * len(words)}
    head = {"rimebatch_words": FORMAT_VERSION, "title": "A tale", "voice": {}}
    parts = {"audio": audio, "loudness": None, "segments": written, "words": words}
    sidecar = {**head, **parts}
    path.write_bytes(msgspec.json.encode(sidecar))
    return path


def test_what_was_rendered(tmp_path: Path, record: Record) -> None:
    """What is read is what captions were made of, whatever pauses and rate are."""
    job = replace(make_planned(*TEXT), output=OUTPUT)
    takes = record(tmp_path, job, speak)
    mix = Mix(job, takes)
    for _ in mix.read():
        pass

    found = read_spoken(render_job(job, takes, tmp_path).sidecar)

    assert to_spoken(job, mix.placed.at_rate(11_025)) == found.job
    assert tmp_path / f"{job.id}.wav" == found.audio
    assert ["In", "1984", "two", "cats."] == [
        found.job.segments[0].text[word.char_start : word.char_end]
        for word in found.job.segments[0].words
    ]
    assert () == found.job.segments[1].words


def test_remarks(tmp_path: Path, record: Record) -> None:
    """What is doubtful about a take is told of its segment."""
    job = make_planned(*TEXT)
    takes = record(tmp_path, job, speak)

    found = read_spoken(render_job(job, takes, tmp_path).sidecar).remarks

    assert (
        Remarks(Timing.SERVICE, (WordFlag.OVERRUN,), ()),
        Remarks(Timing.NONE, (), ("all of its 1.00 s are silent",)),
    ) == found


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        (None, r""),
        (Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB")), r"-20\.\d dB RMS, .*peak .*"),
        (Goal(Target(-10.0, "dB RMS"), Peak(-9.5, "dB")), r".* dB below -10 dB RMS"),
    ],
)
def test_level(
    tmp_path: Path, record: Record, goal: Goal | None, expected: str
) -> None:
    """How loud the audio was made is told, with what of the goal is not met."""
    job = replace(make_planned(*TEXT), output=Output(loudness=goal))
    takes = record(tmp_path, job, speak_at_length)

    found = read_spoken(render_job(job, takes, tmp_path).sidecar).level

    assert re.fullmatch(expected, found), found


@given(text=st.text(" \n\tab🦊.", max_size=40))
def test_any_white_space(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Words are found in a segment's text, however they are spaced in the job's."""
    segments = make_planned(f"a {text}").segments
    path = tmp_path_factory.getbasetemp() / "tale.words.json"
    number = 0

    for segment in read_spoken(write(path, segments)).job.segments:
        expected = []
        for word in re.finditer(r"\S+", segment.text):
            expected.append(SpokenWord(*word.span(), 10 * number, 10 * number + 10))
            number += 1

        assert tuple(expected) == segment.words


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{}", "cannot be read: .*rimebatch_words"),
        (b'{"rimebatch_words": 1}', "it is of version 1"),
        (b'{"rimebatch_words": 2}', "cannot be read: .*title"),
        (b"[" * 100_000, "cannot be read: "),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, why: str) -> None:
    """What is no sidecar, or one of another version, is an error with a remedy."""
    path = tmp_path / "tale.words.json"
    path.write_bytes(content)

    with pytest.raises(AudioError, match=f"{why}.*; `rimebatch render` makes it again"):
        read_spoken(path)


def test_what_is_missing(tmp_path: Path) -> None:
    """So is one that is not there."""
    with pytest.raises(AudioError, match=r"No such file.*; `rimebatch render` makes"):
        read_spoken(tmp_path / "tale.words.json")
