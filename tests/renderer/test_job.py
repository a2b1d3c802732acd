"""A job's files: whole, made of its takes, and untouched by whatever fails."""

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.mp3 import encode, make_sound
from rimebatch.errors import AudioError, OutputError, TranscriptError
from rimebatch.manifest.load import Job, Voice
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.renderer.checks import Check
from rimebatch.renderer.job import RenderedJob, is_rendered, render_job, stage_job
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps
from rimebatch.ws3.query import Parameter

RATE_HZ = 8000
VOICE: Mapping[str, Parameter] = {
    "modelId": "arcana",
    "speaker": "luna",
    "audioFormat": "pcm",
    "samplingRate": RATE_HZ,
    "segment": "never",
}
TEXT = "One.\n\nTwo two.\n\nThree, three, three."

Times = tuple[float, float]
SECONDS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1, 3)
TIMES = st.lists(st.tuples(SECONDS, SECONDS), max_size=4)
SOUNDS = st.lists(st.tuples(st.integers(1, 2000), TIMES), min_size=1, max_size=4)

Speak = Callable[[Segment], Sequence[Event]]
Record = Callable[[Path, PlannedJob, Speak], Mapping[str, RecordedTake]]
FullDisk = Callable[[int], AbstractContextManager[None]]

# Renders a job in a process that is killed at the given event of Python's audit.
RENDER_AND_DIE = """
import os, pickle, signal, sys
from rimebatch.renderer.job import render_job
*arguments, fatal_event, survived_events = pickle.load(sys.stdin.buffer)

def die(event, _):
    global survived_events
    if event == fatal_event:
        survived_events -= 1
        if survived_events < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
render_job(*arguments)
"""


def plan_text(
    text: str = TEXT,
    job_id: str = "ch01",
    title: str | None = None,
    audio_format: str = "pcm",
) -> PlannedJob:
    """Return the plan of a job that says *text*."""
    voice = Voice({**VOICE, "audioFormat": audio_format})
    return plan_job(Job(job_id, title, voice, text, None), 500)


def plan_quick_text() -> PlannedJob:
    """Return the plan of a job whose takes may be as quick as those that follow."""
    return replace(plan_text(), checks=TakeChecks(fastest_chars_per_s=200.0))


def speak(segment: Segment, loudness: int = 1) -> Sequence[Event]:
    """Return audio of 10 ms for each character, cut inside a sample, and its words."""
    pcm = loudness.to_bytes(2, "little") * 80 * len(segment.text)
    words = tuple(segment.text.split())
    end = tuple(accumulate(len(word) / 100 for word in words))
    start = (0.0, *end[:-1])
    label = segment.context_id
    times = Timestamps(words, start, end, label)
    return [Chunk(pcm[:81], label), times, Chunk(pcm[81:], label), Done(label)]


def encode_mp3(frames: int) -> bytes:
    """Return an MP3 file of so many frames."""
    return encode(make_sound(frames, RATE_HZ), RATE_HZ)


def speak_encoded(
    segment: Segment, make_audio: Callable[[int], bytes]
) -> Sequence[Event]:
    """Return as much audio and the same words as `speak`, in chunks cut anywhere."""
    _, times, _, done = speak(segment)
    audio = make_audio(80 * len(segment.text))
    label = segment.context_id
    return [Chunk(audio[:333], label), times, Chunk(audio[333:], label), done]


def speak_louder(segment: Segment) -> Sequence[Event]:
    """Return another take of *segment*, as long as the first one."""
    return speak(segment, loudness=2)


def speak_aloud(segment: Segment) -> Sequence[Event]:
    """Return a take of *segment* that can be heard."""
    return speak(segment, loudness=4000)


def speak_oddly(
    segment: Segment, frames: int, times: Sequence[Times]
) -> Sequence[Event]:
    """Return so many *frames* of silence, and a word for each of *times*."""
    start, end = (tuple(time_s[side] for time_s in times) for side in (0, 1))
    words = Timestamps(("w",) * len(times), start, end)
    return [Chunk(bytes(2 * frames)), words, Done(segment.context_id)]


def gabble(segment: Segment) -> Sequence[Event]:
    """Return so many words in so little audio that the sidecar is the larger file."""
    return speak_oddly(segment, 100, [(0.0, 0.0)] * 50)


def damage(take: RecordedTake) -> None:
    """Change one byte of *take*, on the disk."""
    content = bytearray(take.path.read_bytes())
    content[take.record.end - 5] ^= 1
    take.path.write_bytes(content)


def outputs(folder: Path) -> dict[str, bytes]:
    """Return what the files in *folder* hold, staged ones included, by name."""
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in files}


def test_render_job(tmp_path: Path, record: Record) -> None:
    """The audio holds the takes one after another."""
    job = plan_text(title="The «Title»")
    takes = record(tmp_path, job, speak)

    found = render_job(job, takes, tmp_path)

    paths = tmp_path / "ch01.wav", tmp_path / "ch01.words.json"
    assert RenderedJob(*paths, frames=80 * (4 + 8 + 20), rate_hz=RATE_HZ) == found
    assert {path.name for path in paths} == outputs(tmp_path).keys()
    assert 0.32 == found.seconds
    with soundfile.SoundFile(found.audio) as audio:
        assert ("The «Title»", RATE_HZ) == (audio.title, audio.samplerate)
        assert ("WAV", "PCM_16", 1) == (audio.format, audio.subtype, audio.channels)
        assert [1] * found.frames == audio.read(dtype="int16").tolist()


def test_stage_job(tmp_path: Path, record: Record) -> None:
    """Files are complete before they are published, and gone if they never are."""
    job = plan_quick_text()
    takes = record(tmp_path, job, speak_aloud)
    with stage_job(job, takes, tmp_path) as staged:
        before = sorted(outputs(tmp_path).values())

        assert ((), True) == (staged.doubts, staged.passes)
        assert None is is_rendered(job, takes, tmp_path)

    unpublished = outputs(tmp_path)
    with stage_job(job, takes, tmp_path) as staged:
        rendered = staged.publish()

    assert {} == unpublished
    assert before == sorted(outputs(tmp_path).values())
    assert rendered == staged.rendered == is_rendered(job, takes, tmp_path)


def test_doubts(tmp_path: Path, record: Record) -> None:
    """A take that fails its checks is named, with all that is wrong with it."""
    job = plan_quick_text()
    second = job.segments[1]

    def speak_badly(segment: Segment) -> Sequence[Event]:
        wrong = segment is second
        return speak_oddly(segment, 8, []) if wrong else speak_aloud(segment)

    takes = record(tmp_path, job, speak_badly)
    with stage_job(job, takes, tmp_path) as staged:
        [doubt] = staged.doubts

        assert not staged.passes

    assert (2, second, takes[second.key]) == (doubt.number, doubt.segment, doubt.take)
    assert [Check.LENGTH, Check.SILENCE] == [found.check for found in doubt.findings]


def test_a_picked_take_is_not_doubted(tmp_path: Path, record: Record) -> None:
    """What a person picked is right, whatever it is like."""
    job = plan_quick_text()
    takes = record(tmp_path, job, speak)  # which is far below what can be heard
    one, *others = takes
    picked = {**takes, one: replace(takes[one], picked=True)}
    with stage_job(job, picked, tmp_path) as staged:
        doubted = [doubt.segment.key for doubt in staged.doubts]

    assert others == doubted


def test_sidecar(tmp_path: Path, record: Record) -> None:
    """The sidecar says where everything lies in the audio."""
    job = plan_text()

    found = render_job(job, record(tmp_path, job, speak), tmp_path)

    sidecar = json.loads(found.sidecar.read_bytes())
    audio, segments = sidecar["audio"], sidecar["segments"]
    assert ("ch01.wav", found.frames) == (audio["file"], audio["frames"])
    assert [(0, 320), (320, 960), (960, 2560)] == [
        (segment["start_frame"], segment["end_frame"]) for segment in segments
    ]
    assert [0.0, 0.04, 0.07, 0.12, 0.18, 0.24] == [
        word["start_s"] for word in sidecar["words"]
    ]


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
    expected = render_job(plain, record(tmp_path / "1", plain, speak), tmp_path / "1")
    job = plan_text(audio_format=audio_format)
    takes = record(tmp_path / "2", job, lambda s: speak_encoded(s, make_audio))

    found = render_job(job, takes, tmp_path / "2")

    assert found == is_rendered(job, takes, tmp_path / "2")
    assert (expected.frames, expected.rate_hz) == (found.frames, found.rate_hz)
    assert found.frames == soundfile.info(found.audio).frames
    first, second = (json.loads(job.sidecar.read_bytes()) for job in (expected, found))
    assert first["words"] == second["words"]
    assert [s["end_frame"] for s in first["segments"]] == [
        s["end_frame"] for s in second["segments"]
    ]


def test_mulaw_samples(tmp_path: Path, record: Record) -> None:
    """u-law is written as the 16-bit samples that it stands for."""
    job = plan_text("One.", audio_format="mulaw")
    every_code = bytes(range(256))
    answer = (Chunk(every_code), Done(job.segments[0].context_id))

    found = render_job(job, record(tmp_path, job, lambda _: answer), tmp_path)

    samples, _ = soundfile.read(found.audio, dtype="int16")
    assert [-32124, -31100, 8, 0] == samples[[0, 1, -2, -1]].tolist()


def test_script_in_mp3(tmp_path: Path, record: Record) -> None:
    """Streams within one take are decoded one by one, each with its words."""
    voice = Voice({**VOICE, "audioFormat": "mp3", "segment": "bySentence"})
    script = ({"text": "One. "}, {"text": "Two."}, {"operation": "eos"})
    job = plan_job(Job("raw", None, voice, None, script), 500)
    times = Timestamps(("w",), (0.0,), (0.01,))
    audio = encode_mp3(2000)
    takes = record(tmp_path, job, lambda _: (Chunk(audio), times, Done()) * 2)

    found = render_job(job, takes, tmp_path)

    sidecar = json.loads(found.sidecar.read_bytes())
    assert 4000 == found.frames
    assert [0.0, 0.25] == [word["start_s"] for word in sidecar["words"]]


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
    """A take that is not what was asked for is named, and no file is made."""
    job = plan_text(audio_format="mp3")
    second = job.segments[1]

    def speak_badly(segment: Segment) -> Sequence[Event]:
        wrong = segment is second
        return speak_encoded(segment, lambda n: audio if wrong else encode_mp3(n))

    takes = record(tmp_path, job, speak_badly)

    where = rf"segment 2 of 3, .*0001\.jsonl: take {takes[second.key].record.id[:12]}"
    with pytest.raises(AudioError, match=f"^{where}: {message}"):
        render_job(job, takes, tmp_path)

    assert {} == outputs(tmp_path)


def test_order(tmp_path: Path, record: Record) -> None:
    """Takes lie in the order of the job, not of the record."""
    job, edited = plan_text("Two two.\n\nOne."), plan_text("One.\n\nTwo two.")

    found = render_job(edited, record(tmp_path, job, speak), tmp_path)

    segments = json.loads(found.sidecar.read_bytes())["segments"]
    assert [("One.", 0), ("Two two.", 320)] == [
        (segment["text"], segment["start_frame"]) for segment in segments
    ]


@settings(max_examples=25)
@given(SOUNDS)
def test_timeline(record: Record, sounds: list[tuple[int, list[Times]]]) -> None:
    """Whatever the service's times, words lie inside their segment and in order."""
    job = plan_text("\n\n".join(f"Part {number}." for number in range(len(sounds))))
    keys = [segment.key for segment in job.segments]
    said = dict(zip(keys, sounds, strict=True))
    with TemporaryDirectory() as folder:
        takes = record(Path(folder), job, lambda s: speak_oddly(s, *said[s.key]))
        rendered = render_job(job, takes, Path(folder))
        frames = soundfile.info(rendered.audio).frames
        sidecar = json.loads(rendered.sidecar.read_bytes())

    ends = list(accumulate(frames for frames, _ in sounds))
    assert ends[-1] == frames == rendered.frames
    assert [0, *ends[:-1]] == [s["start_frame"] for s in sidecar["segments"]]
    assert ends == [s["end_frame"] for s in sidecar["segments"]]
    for number, segment in enumerate(sidecar["segments"]):
        words = [word for word in sidecar["words"] if word["segment"] == number]
        starts = [segment["start_s"], *(word["start_s"] for word in words)]
        assert sorted(starts) == starts
        assert all(w["start_s"] <= w["end_s"] <= segment["end_s"] for w in words)


def test_same_bytes(tmp_path: Path, record: Record) -> None:
    """The same takes make the same files, whichever transcripts hold them."""
    job = plan_text()
    first, second = tmp_path / "first", tmp_path / "second"
    render_job(job, record(first, job, speak), first)
    record(second, job, speak_louder)
    takes = record(second, job, speak)
    render_job(job, takes, second)

    rendered_once = outputs(second)
    render_job(job, takes, second)

    assert outputs(first) == rendered_once == outputs(second)


def test_script(tmp_path: Path, record: Record) -> None:
    """In a script, each synthesis has its words at its own place."""
    voice = Voice({**VOICE, "segment": "bySentence"})
    script = ({"text": "One. "}, {"text": "Two."}, {"operation": "eos"})
    job = plan_job(Job("raw", None, voice, None, script), 500)
    times = Timestamps(("w",), (0.0,), (0.01,))
    answer = (Chunk(bytes(160)), times, Done())
    takes = record(tmp_path, job, lambda _: answer * 2)

    found = render_job(job, takes, tmp_path)

    sidecar = json.loads(found.sidecar.read_bytes())
    assert ["estimated"] == [segment["timing"] for segment in sidecar["segments"]]
    assert [(0.0, 0.01), (0.01, 0.02)] == [
        (word["start_s"], word["end_s"]) for word in sidecar["words"]
    ]


def test_names(tmp_path: Path, record: Record) -> None:
    """A job's id is the name of its files, in any script and at its longest."""
    job = plan_text(job_id="Überraschung_" + "語" * 35)

    found = render_job(job, record(tmp_path, job, speak), tmp_path)

    assert {f"{job.id}.wav", f"{job.id}.words.json"} == outputs(tmp_path).keys()
    assert found == is_rendered(job, record(tmp_path, job, speak), tmp_path)


def test_is_rendered(tmp_path: Path, record: Record) -> None:
    """A job is rendered once its files are there."""
    job = plan_text()
    takes = record(tmp_path, job, speak)

    assert None is is_rendered(job, takes, tmp_path)
    assert render_job(job, takes, tmp_path) == is_rendered(job, takes, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        plan_text(title="Another"),
        plan_text(f" {TEXT}"),
        plan_text("Two two.\n\nOne.\n\nThree, three, three."),
        plan_text("One."),
    ],
)
def test_is_rendered_after_a_change(
    tmp_path: Path, record: Record, changed: PlannedJob
) -> None:
    """A job that changed is not rendered, even if it needs no new take."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    render_job(job, takes, tmp_path)

    found = is_rendered(changed, takes, tmp_path)

    assert None is found


def test_is_rendered_after_another_take(tmp_path: Path, record: Record) -> None:
    """A job with a take other than the one it was made of is not rendered."""
    job = plan_text()
    render_job(job, record(tmp_path, job, speak), tmp_path)

    found = is_rendered(job, record(tmp_path, job, speak_louder), tmp_path)

    assert None is found


@pytest.mark.parametrize("name", ["ch01.wav", "ch01.words.json"])
@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-2]),
        lambda path: path.write_bytes(path.read_bytes() + b"?"),
    ],
)
def test_is_rendered_without_a_file(
    tmp_path: Path, record: Record, name: str, spoil: Callable[[Path], object]
) -> None:
    """A job with a file missing, cut or grown is not rendered."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    render_job(job, takes, tmp_path)
    spoil(tmp_path / name)

    found = is_rendered(job, takes, tmp_path)

    assert None is found


def test_missing_take(tmp_path: Path, record: Record) -> None:
    """A job with a take missing is not rendered, and cannot be."""
    job = plan_text()
    takes = dict(record(tmp_path, job, speak))
    render_job(job, takes, tmp_path)
    earlier = outputs(tmp_path)
    del takes[job.segments[1].key]

    with pytest.raises(TranscriptError, match=r"^ch01: 1 of 3 segments are not "):
        render_job(job, takes, tmp_path)

    assert None is is_rendered(job, takes, tmp_path)
    assert earlier == outputs(tmp_path)


def test_damaged_take(tmp_path: Path, record: Record) -> None:
    """A damaged take is an error, and earlier files stay as they are."""
    job = plan_text()
    render_job(job, record(tmp_path, job, speak), tmp_path)
    earlier = outputs(tmp_path)
    takes = record(tmp_path, job, speak_louder)
    damage(takes[job.segments[2].key])

    with pytest.raises(TranscriptError, match="damaged"):
        render_job(job, takes, tmp_path)

    assert earlier == outputs(tmp_path)


def test_broken_promise(tmp_path: Path, record: Record) -> None:
    """A take with other audio than its commit promises is an error that names it."""
    job = plan_text("One.")
    ((key, take),) = record(tmp_path, job, speak).items()
    more = msgspec.structs.replace(take.record, audio_bytes=642)

    with pytest.raises(TranscriptError, match=r"holds 640 bytes .* promises 642$"):
        render_job(job, {key: replace(take, record=more)}, tmp_path)

    assert {} == outputs(tmp_path)


def test_impossible_folder(tmp_path: Path, record: Record) -> None:
    """A folder that cannot be is an error."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"ch01\.wav: cannot write: Not a"):
        render_job(job, takes, tmp_path / "file" / "folder")


@pytest.mark.parametrize(
    ("room_bytes", "name"),
    [(0, "ch01.wav"), (200, "ch01.wav"), (2000, "ch01.words.json")],
)
def test_full_disk(
    tmp_path: Path, record: Record, full_disk: FullDisk, room_bytes: int, name: str
) -> None:
    """A disk that fills up is an error, and earlier files stay as they are."""
    job = plan_text("One.")
    render_job(job, record(tmp_path, job, gabble), tmp_path)
    earlier = outputs(tmp_path)
    takes = record(tmp_path, job, lambda s: [*gabble(s)[:-1], *gabble(s)])

    with full_disk(room_bytes), pytest.raises(OutputError, match=f"{name}: cannot"):
        render_job(job, takes, tmp_path)

    assert earlier == outputs(tmp_path)


def test_folder_in_the_way(tmp_path: Path, record: Record) -> None:
    """What cannot be published is not left behind."""
    job = plan_text()
    (tmp_path / "ch01.words.json").mkdir()

    with pytest.raises(OutputError, match=r"words\.json: cannot write"):
        render_job(job, record(tmp_path, job, speak), tmp_path)

    assert {} == outputs(tmp_path)


@pytest.mark.parametrize(
    ("fatal_event", "survived_events"),
    [("os.remove", 0), ("os.rename", 0), ("os.rename", 1)],
)
def test_killed(
    tmp_path: Path, record: Record, fatal_event: str, survived_events: int
) -> None:
    """Killed while files are moved, no job passes for rendered that is not."""
    job = plan_text()
    earlier_takes = record(tmp_path, job, speak)
    takes = record(tmp_path, job, speak_louder)
    render_job(job, takes, tmp_path)
    complete = outputs(tmp_path)
    render_job(job, earlier_takes, tmp_path)
    earlier = outputs(tmp_path)

    arguments = pickle.dumps((job, takes, tmp_path, fatal_event, survived_events))
    command = [sys.executable, "-c", RENDER_AND_DIE]
    code = subprocess.run(command, input=arguments, check=False).returncode

    assert -signal.SIGKILL == code
    is_earlier = is_rendered(job, earlier_takes, tmp_path) is not None
    assert is_earlier == (earlier.items() <= outputs(tmp_path).items())
    assert None is is_rendered(job, takes, tmp_path)
    render_job(job, takes, tmp_path)
    assert complete == outputs(tmp_path)
