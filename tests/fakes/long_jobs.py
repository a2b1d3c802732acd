"""Jobs of many hours, as the tone voice speaks them, recorded without a service."""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Final

import msgspec

from fakes.transcripts import HEADER
from rimebatch.manifest.load import Job, Output, Voice
from rimebatch.manifest.plan import PlannedJob, Segment, plan_job
from rimebatch.renderer import RenderedJob, render_job
from rimebatch.server.voices.tone import FRAMES_PER_CHARACTER, RATE_HZ, ToneVoice
from rimebatch.transcript import JobTranscripts, RecordedTake, TranscriptWriter
from rimebatch.ws3 import Chunk, Done, Event, Timestamps, encode_event
from rimebatch.ws3.query import Parameter
from rimebatch.ws3.takes import OpenTakes

_EVENT_BYTES: Final = 4096  # of audio, as the real service sends them
_TAKE_S: Final = 30
TAKE_CHARS: Final = _TAKE_S * RATE_HZ // FRAMES_PER_CHARACTER + 4  # or a bit more

_TEXT: Final = (
    "It was late when the old lighthouse keeper climbed the narrow stairs once more, "
    "counting each of them as he had done every evening for thirty years; and a cold "
    "wind blew in from the sea."
)
_TEXTS: Final = 7  # which are repeated; each begins at another word

_SETTINGS: Final[Mapping[str, Parameter]] = MappingProxyType(
    {
        "modelId": "arcana",
        "speaker": "luna",
        "audioFormat": "pcm",
        "segment": "never",
    }
)


@dataclass(frozen=True)
class LongJob:
    """A job, all of it on record."""

    plan: PlannedJob
    takes: Mapping[str, RecordedTake]


@dataclass(frozen=True)
class Rendering:
    """What it took to render a job.

    Attributes:
        rendered: Its files.
        seconds: The time.
        peak_mb: The most memory that was resident, in millions of bytes.
    """

    rendered: RenderedJob
    seconds: float
    peak_mb: float


def record_long_job(folder: Path, minutes: int, rate_hz: int) -> LongJob:
    """Record a job of so many minutes, in takes of 30 seconds, one for a paragraph.

    Args:
        folder: Takes the transcript: at 24,000 Hz 4 MB for each minute.
        minutes: The length.
        rate_hz: One of which the tone voice's is a multiple.
    """
    text = make_text(minutes)
    voice = Voice({**_SETTINGS, "samplingRate": rate_hz})
    plan = plan_job(Job("book", None, voice, text, None), max_chars=TAKE_CHARS)
    transcripts = JobTranscripts(folder)
    record_plan(plan, transcripts)
    return LongJob(plan, transcripts.takes())


def make_text(minutes: float) -> str:
    """Return a text of so many minutes; each paragraph is one take of 30 seconds."""
    return "\n\n".join(islice(cycle(_make_texts()), round(minutes * 60 / _TAKE_S)))


def record_plan(plan: PlannedJob, transcripts: JobTranscripts) -> None:
    """Record all of *plan*, as one connection would."""
    with transcripts.create(lambda _: HEADER, lambda: 0) as writer:
        for segment in plan.segments:
            _record(writer, segment, _answer(segment, plan.rate_hz))


def render_alone(job: LongJob, output: Output, folder: Path) -> Rendering:
    """Render *job* to *output* in a process that does nothing else.

    Args:
        job: What is on record.
        output: What is rendered of it.
        folder: Is made, and holds the files.
    """
    folder.mkdir()
    plan = replace(job.plan, output=output)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_render, plan, job.takes, folder).result()


def _render(
    plan: PlannedJob, takes: Mapping[str, RecordedTake], folder: Path
) -> Rendering:
    begun_s = perf_counter()
    rendered = render_job(plan, takes, folder)
    return Rendering(rendered, perf_counter() - begun_s, _read_peak_mb())


def _read_peak_mb() -> float:
    # Not getrusage: after an exec that still has the peak of the parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kib] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kib) * 1024 / 1e6


def _make_texts() -> Iterator[str]:
    """Yield texts of the length of a take."""
    for first in range(_TEXTS):
        words = " ".join(islice(cycle(_TEXT.split()), first, TAKE_CHARS))
        yield words[: TAKE_CHARS - 1].rstrip(" ,;.") + "."


def _record(
    writer: TranscriptWriter, segment: Segment, answer: Iterable[Event]
) -> None:
    takes = OpenTakes(bytes_per_sample=2)
    takes.ask(segment.context_id)
    start = writer.position
    for message in segment.messages:
        writer.sent(message)
    for event in answer:
        message = encode_event(event)
        writer.received(message)
        ended = takes.receive(event, message)
        if ended:
            end = writer.position
            key, chars = segment.key, segment.chars
            writer.commit(ended, segment=key, chars=chars, start=start, end=end)


def _answer(segment: Segment, rate_hz: int) -> Iterator[Event]:
    """Yield what a service says to *segment*."""
    label = segment.context_id
    audio, times = _speak(segment.text, rate_hz)
    for at in range(0, len(audio), _EVENT_BYTES):
        yield Chunk(audio[at : at + _EVENT_BYTES], label)
    yield msgspec.structs.replace(times, context_id=label)
    yield Done(label)


@cache
def _speak(text: str, rate_hz: int) -> tuple[bytes, Timestamps]:
    """Return the audio of *text* and its word times.

    Frames are left out, not filtered: the silence between words stays digital, and its
    borders stay where they are.
    """
    spoken = ToneVoice().speak(text, speaker="luna", lang="eng")
    audio = spoken.samples[:: RATE_HZ // rate_hz].astype("<i2").tobytes()
    words = tuple(word.text for word in spoken.words)
    start_s = tuple(word.start / RATE_HZ for word in spoken.words)
    end_s = tuple(word.end / RATE_HZ for word in spoken.words)
    return audio, Timestamps(words, start_s, end_s)
