"""The audio of a job: its takes and pauses in a row, and what is said against them."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fakes.manifests import RATE_HZ
from fakes.mp3 import encode, make_sound
from fakes.takes import (
    VOICE,
    Record,
    encode_mp3,
    plan_quick_text,
    plan_script,
    plan_text,
    speak,
    speak_aloud,
    speak_encoded,
    speak_oddly,
)
from rimebatch.errors import AudioError, TranscriptError
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.renderer.checks import Check
from rimebatch.renderer.mix import Mix
from rimebatch.renderer.sound import BLOCK_FRAMES
from rimebatch.renderer.timeline import find_pauses
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps

Times = tuple[float, float]
Parts = tuple[int, int, int]  # frames of silence, of sound, and of silence
SECONDS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 3)
TIMES = st.lists(st.tuples(SECONDS, SECONDS), max_size=4)
SOUNDS = st.lists(st.tuples(st.integers(1, 2000), TIMES), min_size=1, max_size=4)


def read_all(mix: Mix) -> NDArray[np.int16]:
    """Return the audio of *mix*."""
    return np.concatenate(list(mix.read()))


def starts_of(mix: Mix) -> list[float]:
    """Return when each word begins, in seconds."""
    placed = mix.placed
    return [word.start / RATE_HZ for take in placed.takes for word in take.words]


def test_read(tmp_path: Path, record: Record) -> None:
    """The audio is the takes one after another, and can be had as often as needed."""
    job = plan_text()
    mix = Mix(job, record(tmp_path, job, speak))

    first = read_all(mix)
    placed = mix.placed
    again = read_all(mix)

    assert [1] * 80 * (4 + 8 + 20) == first.tolist() == again.tolist()
    assert placed == mix.placed
    assert (len(first), RATE_HZ) == (placed.frames, placed.rate_hz)
    assert [(0, 320), (320, 960), (960, 2560)] == [
        (take.start, take.end) for take in placed.takes
    ]
    assert [0.0, 0.04, 0.07, 0.12, 0.18, 0.24] == starts_of(mix)
    assert len(job.segments) == len(mix.doubts)  # they are too quick


@pytest.mark.parametrize(
    ("audio_format", "make_audio"),
    [
        ("pcm", lambda frames: bytes(2 * frames)),
        ("mulaw", bytes),
        ("mp3", encode_mp3),
    ],
)
def test_most_frames(
    tmp_path: Path,
    record: Record,
    audio_format: str,
    make_audio: Callable[[int], bytes],
) -> None:
    """How long it will be is never underestimated; of plain samples it is exact."""
    pauses = Pauses(head=0.5, paragraph=0.25)
    job = plan_text(audio_format=audio_format, output=Output(pauses=pauses))
    mix = Mix(job, record(tmp_path, job, lambda s: speak_encoded(s, make_audio)))

    found = mix.most_frames

    assert (found > len(read_all(mix))) == (audio_format == "mp3")
    assert found >= mix.placed.frames == 8000 + 80 * (4 + 8 + 20)


def test_doubts(tmp_path: Path, record: Record) -> None:
    """A take that fails its checks is named, with all that is wrong with it."""
    job = plan_quick_text()
    second = job.segments[1]

    def speak_badly(segment: Segment) -> Sequence[Event]:
        wrong = segment is second
        return speak_oddly(segment, 8, []) if wrong else speak_aloud(segment)

    takes = record(tmp_path, job, speak_badly)
    mix = Mix(job, takes)
    read_all(mix)
    read_all(mix)  # and is named once, however often it is read
    [doubt] = mix.doubts

    assert (2, second, takes[second.key]) == (doubt.number, doubt.segment, doubt.take)
    assert [Check.LENGTH, Check.SILENCE] == [found.check for found in doubt.findings]


def test_a_picked_take_is_not_doubted(tmp_path: Path, record: Record) -> None:
    """What a person picked is right, whatever it is like."""
    job = plan_quick_text()
    takes = record(tmp_path, job, speak)  # which is far below what can be heard
    one, *others = takes
    mix = Mix(job, {**takes, one: replace(takes[one], picked=True)})

    read_all(mix)

    assert others == [doubt.segment.key for doubt in mix.doubts]


@pytest.mark.parametrize(
    ("audio_format", "make_audio"),
    [("mulaw", lambda frames: b"\xfe" * frames), ("mp3", encode_mp3)],
)
def test_formats(
    tmp_path: Path,
    record: Record,
    audio_format: str,
    make_audio: Callable[[int], bytes],
) -> None:
    """Whatever is sent, the audio is as long and the words lie where they do."""
    plain = plan_text()
    expected = Mix(plain, record(tmp_path / "1", plain, speak))
    job = plan_text(audio_format=audio_format)
    takes = record(tmp_path / "2", job, lambda s: speak_encoded(s, make_audio))
    found = Mix(job, takes)

    assert len(read_all(expected)) == len(read_all(found))
    assert expected.placed == found.placed


def test_mulaw_samples(tmp_path: Path, record: Record) -> None:
    """u-law becomes the 16-bit samples that it stands for."""
    job = plan_text("One.", audio_format="mulaw")
    every_code = bytes(range(256))
    answer = (Chunk(every_code), Done(job.segments[0].context_id))

    samples = read_all(Mix(job, record(tmp_path, job, lambda _: answer)))

    assert [-32124, -31100, 8, 0] == samples[[0, 1, -2, -1]].tolist()


def test_script(tmp_path: Path, record: Record) -> None:
    """In a script, each synthesis has its words at its own place."""
    job = plan_script()
    times = Timestamps(("w",), (0.0,), (0.01,))
    answer = (Chunk(bytes(160)), times, Done())
    mix = Mix(job, record(tmp_path, job, lambda _: answer * 2))

    read_all(mix)

    [take] = mix.placed.takes
    assert "estimated" == take.timing
    assert [(0, 80), (80, 160)] == [(word.start, word.end) for word in take.words]


def test_script_in_mp3(tmp_path: Path, record: Record) -> None:
    """Streams within one take are decoded one by one, each with its words."""
    voice = Voice({**VOICE, "audioFormat": "mp3", "segment": "bySentence"})
    script = ({"text": "One. "}, {"text": "Two."}, {"operation": "eos"})
    job = plan_job(Job("raw", None, voice, None, script), 500)
    times = Timestamps(("w",), (0.0,), (0.01,))
    audio = encode_mp3(2000)
    mix = Mix(job, record(tmp_path, job, lambda _: (Chunk(audio), times, Done()) * 2))

    assert 4000 == len(read_all(mix))
    assert [0.0, 0.25] == starts_of(mix)


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (b"RIFF", "it is WAV, where mp3 was asked for"),
        (b"sound", "it begins with b'soun', which is not MP3"),
        (encode_mp3(999)[:-1], "its MP3 is damaged or cut"),
        (encode(make_sound(999, 16_000), 16_000), ".* of 16000 Hz where 1 of 8000 Hz"),
    ],
)
def test_wrong_sound(
    tmp_path: Path, record: Record, audio: bytes, message: str
) -> None:
    """A take that is not what was asked for is named."""
    job = plan_text(audio_format="mp3")
    second = job.segments[1]

    def speak_badly(segment: Segment) -> Sequence[Event]:
        wrong = segment is second
        return speak_encoded(segment, lambda n: audio if wrong else encode_mp3(n))

    takes = record(tmp_path, job, speak_badly)

    where = rf"segment 2 of 3, .*0001\.jsonl: take {takes[second.key].record.id[:12]}"
    with pytest.raises(AudioError, match=f"^{where}: {message}"):
        read_all(Mix(job, takes))


def test_order(tmp_path: Path, record: Record) -> None:
    """Takes lie in the order of the job, not of the record."""
    job, edited = plan_text("Two two.\n\nOne."), plan_text("One.\n\nTwo two.")
    mix = Mix(edited, record(tmp_path, job, speak))

    read_all(mix)

    assert [0, 320] == [take.start for take in mix.placed.takes]


@settings(max_examples=25)
@given(SOUNDS)
def test_timeline(record: Record, sounds: list[tuple[int, list[Times]]]) -> None:
    """Whatever the service's times, words lie inside their segment and in order."""
    job = plan_text("\n\n".join(f"Part {number}." for number in range(len(sounds))))
    keys = [segment.key for segment in job.segments]
    said = dict(zip(keys, sounds, strict=True))
    with TemporaryDirectory() as folder:
        takes = record(Path(folder), job, lambda s: speak_oddly(s, *said[s.key]))
        mix = Mix(job, takes)
        frames = len(read_all(mix))

    ends = list(accumulate(frames for frames, _ in sounds))
    placed = mix.placed
    assert ends[-1] == frames == placed.frames
    assert [0, *ends[:-1]] == [take.start for take in placed.takes]
    assert ends == [take.end for take in placed.takes]
    for take in placed.takes:
        starts = [take.start, *(word.start for word in take.words)]
        assert sorted(starts) == starts
        assert all(word.start <= word.end <= take.end for word in take.words)


def speak_around(
    segment: Segment, before: int, heard: int, after: int
) -> Sequence[Event]:
    """Return so many frames of silence, of sound, and of silence, and one word."""
    pcm = bytes(2 * before) + b"\0\x10" * heard + bytes(2 * after)
    start, end = before / RATE_HZ, (before + heard) / RATE_HZ
    words = Timestamps((segment.text,), (start,), (end,))
    return [Chunk(pcm), words, Done(segment.context_id)]


@st.composite
def placements(draw: st.DrawFn) -> tuple[PlannedJob, list[Parts]]:
    """Return a job with any pauses, and of what each of its takes is made up."""
    pause = st.sampled_from([0.0, 0.01, 0.125])
    pauses = Pauses(**{field.name: draw(pause) for field in fields(Pauses)})
    trim = draw(st.sampled_from([None, Trim(keep_s=0.0), Trim(keep_s=0.01)]))
    said = draw(st.lists(st.sampled_from(["One", "Two."]), min_size=1, max_size=4))
    job = replace(plan_text("\n\n".join(said)), output=Output(pauses=pauses, trim=trim))
    parts = st.tuples(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300))
    return job, [draw(parts) for _ in said]


def lay(job: PlannedJob, parts: Sequence[Parts]) -> tuple[list[int], list[float]]:
    """Return the samples that `speak_around` adds up to, and when each word begins."""
    *pauses, last = find_pauses(job)
    trim = job.output.trim
    most = 300 if trim is None else round(trim.keep_s * RATE_HZ)
    samples: list[int] = []
    starts_s = []
    for pause, (before, heard, after) in zip(pauses, parts, strict=True):
        samples += [0] * (pause + min(before, most))
        starts_s.append(len(samples) / RATE_HZ)
        samples += [0x1000] * heard + [0] * min(after, most)
    return samples + [0] * last, starts_s


@settings(max_examples=25)
@given(placements())
def test_placement(record: Record, placement: tuple[PlannedJob, list[Parts]]) -> None:
    """It is its pauses and what is left of its takes, and words move with both."""
    job, parts = placement
    of = {s.key: part for s, part in zip(job.segments, parts, strict=True)}
    with TemporaryDirectory() as folder:
        takes = record(Path(folder), job, lambda s: speak_around(s, *of[s.key]))
        mix = Mix(job, takes)
        found = read_all(mix)

    samples, starts_s = lay(job, parts)
    assert samples == found.tolist()
    assert len(samples) == mix.placed.frames <= mix.most_frames
    assert starts_s == starts_of(mix)


def test_long_pauses(tmp_path: Path, record: Record) -> None:
    """A pause may be longer than a block of audio may be."""
    job = plan_text("One.", output=Output(pauses=Pauses(head=60.0, tail=9.0)))
    mix = Mix(job, record(tmp_path, job, speak))

    sizes = [len(block) for block in mix.read()]

    assert BLOCK_FRAMES == max(sizes)
    assert 69 * RATE_HZ + 320 == sum(sizes) == mix.placed.frames == mix.most_frames


def test_broken_promise(tmp_path: Path, record: Record) -> None:
    """A take with other audio than its commit promises is an error that names it."""
    job = plan_text("One.")
    ((key, take),) = record(tmp_path, job, speak).items()
    more = msgspec.structs.replace(take.record, audio_bytes=642)

    with pytest.raises(TranscriptError, match=r"holds 640 bytes .* promises 642$"):
        read_all(Mix(job, {key: replace(take, record=more)}))
