"""Short takes, as a service may send them, and the plans that they are of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from fakes.manifests import MAX_CHARS, RATE_HZ
from fakes.mp3 import encode, make_sound
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps
from rimebatch.ws3.query import Parameter

VOICE: Mapping[str, Parameter] = {
    "modelId": "arcana",
    "speaker": "luna",
    "audioFormat": "pcm",
    "samplingRate": RATE_HZ,
    "segment": "never",
}
TEXT = "One.\n\nTwo two.\n\nThree, three, three."

Speak: TypeAlias = Callable[[Segment], Sequence[Event]]
Record: TypeAlias = Callable[[Path, PlannedJob, Speak], Mapping[str, RecordedTake]]


def plan_text(
    text: str = TEXT,
    job_id: str = "ch01",
    title: str | None = None,
    audio_format: str = "pcm",
    output: Output | None = None,
) -> PlannedJob:
    """Return the plan of a job that says *text*."""
    voice = Voice({**VOICE, "audioFormat": audio_format})
    planned = plan_job(Job(job_id, title, voice, text, None), MAX_CHARS)
    return replace(planned, output=output or Output())


def plan_quick_text(output: Output | None = None) -> PlannedJob:
    """Return the plan of a job whose takes may be as quick as those that follow."""
    checks = TakeChecks(fastest_chars_per_s=200.0)
    return replace(plan_text(output=output), checks=checks)


def plan_script() -> PlannedJob:
    """Return the plan of two syntheses, over one connection, in one take."""
    voice = Voice({**VOICE, "segment": "bySentence"})
    script = ({"text": "One. "}, {"text": "Two."}, {"operation": "eos"})
    return plan_job(Job("raw", None, voice, None, script), MAX_CHARS)


def speak(segment: Segment, loudness: int = 1) -> Sequence[Event]:
    """Return audio of 10 ms for each character, cut inside a sample, and its words."""
    pcm = loudness.to_bytes(2, "little") * 80 * len(segment.text)
    words = tuple(segment.text.split())
    end = tuple(accumulate(len(word) / 100 for word in words))
    start = (0.0, *end[:-1])
    label = segment.context_id
    times = Timestamps(words, start, end, label)
    return [Chunk(pcm[:81], label), times, Chunk(pcm[81:], label), Done(label)]


def speak_louder(segment: Segment) -> Sequence[Event]:
    """Return another take of *segment*, as long as the first one."""
    return speak(segment, loudness=2)


def speak_aloud(segment: Segment) -> Sequence[Event]:
    """Return a take of *segment* that can be heard."""
    return speak(segment, loudness=4000)


def speak_at_length(segment: Segment) -> Sequence[Event]:
    """Return a second of a tone, and the words of *segment* evenly in it."""
    words = tuple(segment.text.split())
    borders = [number / len(words) for number in range(len(words) + 1)]
    label = segment.context_id
    return [
        Chunk(make_sound(RATE_HZ, RATE_HZ).tobytes(), label),
        Timestamps(words, tuple(borders[:-1]), tuple(borders[1:]), label),
        Done(label),
    ]


def speak_oddly(
    segment: Segment, frames: int, times: Sequence[tuple[float, float]]
) -> Sequence[Event]:
    """Return so many *frames* of silence, and a word for each of *times*."""
    start, end = (tuple(time_s[side] for time_s in times) for side in (0, 1))
    words = Timestamps(("w",) * len(times), start, end)
    return [Chunk(bytes(2 * frames)), words, Done(segment.context_id)]


def speak_encoded(
    segment: Segment, make_audio: Callable[[int], bytes]
) -> Sequence[Event]:
    """Return as much audio and the same words as `speak`, in chunks cut anywhere."""
    _, times, _, done = speak(segment)
    audio = make_audio(80 * len(segment.text))
    label = segment.context_id
    return [Chunk(audio[:333], label), times, Chunk(audio[333:], label), done]


def encode_mp3(frames: int) -> bytes:
    """Return an MP3 file of so many frames."""
    return encode(make_sound(frames, RATE_HZ), RATE_HZ)


def read_outputs(folder: Path) -> dict[str, bytes]:
    """Return what the files in *folder* hold, staged ones included, by name."""
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in files}
