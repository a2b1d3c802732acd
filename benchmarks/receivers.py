"""Clients that have a plan spoken: a reader of bytes, and RimeBatch, in part and whole.

Each opens a connection for each job and has all segments of the job said on it. The
service's own example is in `example`.
"""

import re
import socket
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import trio
from fast_service import CERTS
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Request, TextMessage

from rimebatch.manifest.load import Job, Manifest, Output, Voice
from rimebatch.manifest.plan import (
    CHARS_PER_SECOND,
    Plan,
    PlannedJob,
    make_plan,
)
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.reports import LineChanged, Report
from rimebatch.recorder.session import Manners, Session, Unwatched
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.transports.clock import start_clock
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import LineLimits, open_live
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3 import Eos, encode_command
from rimebatch.ws3.query import Parameter, encode_query

PROBE_S: Final = 0.01  # what watches a loop sleeps so long, and notes how late it wakes

_SETTINGS: Final[dict[str, Parameter]] = {
    "modelId": "arcana",
    "speaker": "luna",
    "audioFormat": "pcm",
    "samplingRate": 24_000,
    "segment": "never",
}
_WORD: Final = "speech "  # what is said does not matter
_EOS: Final = encode_command(Eos())
_BUFFER_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Course:
    """How it went, as the client saw it.

    Attributes:
        lasted_s: How long each conversation was.
        delays_s: By how much the loop was late, seen every `PROBE_S`, if it was seen.
    """

    lasted_s: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a client took, in a process of its own.

    Attributes:
        course: How it went.
        cpu_s: Of all its threads, from before it connected to its last file.
        peak_mb: The most memory that was resident, in millions of bytes.
    """

    course: Course
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Way:
    """How a client goes about it, as far as it can.

    Attributes:
        gather_s: The pause before each read of a line, in which more gathers.
        is_watched: Whether the delays of its loop are seen, which is not for nothing.
    """

    gather_s: float = 0.0
    is_watched: bool = False


Client: TypeAlias = Callable[[Plan, Way], Course]
"""Has a plan spoken."""

_PLAIN: Final = Way()


def measure(client: Client, plan: Plan, way: Way = _PLAIN) -> Measured:
    """Run *client* in a process of its own, and find out what it took."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measure_here, client, plan, way).result()


def _measure_here(client: Client, plan: Plan, way: Way) -> Measured:
    begun_s = time.process_time()
    course = client(plan, way)
    return Measured(course, time.process_time() - begun_s, _read_peak_mb())


def _read_peak_mb() -> float:
    # Not getrusage: after an exec that still has the peak of the parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kib] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kib) * 1024 / 1e6


def plan_books(url: str, jobs: int, takes: int, take_s: float) -> Plan:
    """Return the plan of so many equal jobs at *url*, each of so many takes.

    The texts are as long as speech of *take_s* seconds is.
    """
    chars = round(take_s * CHARS_PER_SECOND)
    sentence = (_WORD * (chars // len(_WORD))).strip().capitalize() + "."
    text = "\n\n".join([sentence] * takes)
    voice = Voice(_SETTINGS)
    manifest = Manifest(
        path=Path("books.yaml"),
        name="books",
        endpoint=url,
        concurrency=jobs,
        output=Output(),
        jobs=tuple(Job(f"b{n:04}", None, voice, text, None) for n in range(jobs)),
        max_chars=max(1, len(sentence)),
    )
    return make_plan(manifest)


def trust_service(url: str) -> ssl.SSLContext | None:
    """Return what the clients of a service at *url* trust, if that matters."""
    if urlsplit(url).scheme == "ws":
        return None
    return ssl.create_default_context(cafile=str(CERTS / "ca.pem"))


def read_bytes(plan: Plan, _: Way) -> Course:
    """Receive what is said, and look at nothing: one job after the other.

    The close is sent at once: a service that never waits has said all by then.
    """
    url = urlsplit(plan.manifest.endpoint)
    buffer = bytearray(_BUFFER_BYTES)
    for job in plan.jobs:
        wire = WSConnection(ConnectionType.CLIENT)
        with socket.create_connection((url.hostname or "", url.port or 0)) as line:
            line.sendall(wire.send(Request(url.netloc, _target(job))))
            wire.receive_data(line.recv(_BUFFER_BYTES))
            assert list(wire.events()), "no answer to the handshake"
            said = [wire.send(TextMessage(message)) for message in list_messages(job)]
            line.sendall(b"".join([*said, wire.send(CloseConnection(1000))]))
            while line.recv_into(buffer):
                pass
    return Course()


def run_sessions(plan: Plan, way: Way) -> Course:
    """Record all jobs at once, as a batch does, but render nothing."""
    return _run_watched(_record, plan, way)


def run_whole(plan: Plan, way: Way) -> Course:
    """Record all jobs at once, and render each to a WAV file and its words."""
    return _run_watched(_run_batch, plan, way)


def _run_watched(
    run: Callable[[Plan, Path, Connect, list[float]], Awaitable[None]],
    plan: Plan,
    way: Way,
) -> Course:
    url, course = plan.manifest.endpoint, Course()
    limits, tls = LineLimits(gather_s=way.gather_s), trust_service(url)
    connect = partial(open_live, Endpoint(url), limits=limits, tls=tls)

    async def run_and_watch(folder: Path) -> None:
        async with trio.open_nursery() as nursery:
            if way.is_watched:
                nursery.start_soon(_watch_loop, course.delays_s)
            await run(plan, folder, connect, course.lasted_s)
            nursery.cancel_scope.cancel()

    with tempfile.TemporaryDirectory() as folder:
        trio.run(run_and_watch, Path(folder))
    return course


async def _watch_loop(delays_s: list[float]) -> None:
    while True:
        due_s = trio.current_time() + PROBE_S
        await trio.sleep_until(due_s)
        delays_s.append(trio.current_time() - due_s)


async def _record(
    plan: Plan, folder: Path, connect: Connect, lasted_s: list[float]
) -> None:
    async with trio.open_nursery() as nursery:
        for job in plan.jobs:
            nursery.start_soon(_record_job, job, folder, connect, lasted_s)


async def _record_job(
    job: PlannedJob, folder: Path, connect: Connect, lasted_s: list[float]
) -> None:
    manners = Manners(bytes_per_sample=2)
    header = Origin().make_header(job, 1, manners)
    path = folder / f"{job.id}.jsonl"
    with TranscriptWriter(path, header, start_clock()) as transcript:
        async with connect(job.query, transcript) as line:
            begun_s = trio.current_time()
            await Session(line, transcript, manners, Unwatched()).record(job.segments)
            lasted_s.append(trio.current_time() - begun_s)


async def _run_batch(
    plan: Plan, folder: Path, connect: Connect, lasted_s: list[float]
) -> None:
    opened_s: dict[str, float] = {}

    def listen(report: Report) -> None:
        match report:
            case LineChanged(job, is_open=True):
                opened_s[job] = trio.current_time()
            case LineChanged(job):
                lasted_s.append(trio.current_time() - opened_s[job])

    results = await run_batch(plan, connect, folder, listener=listen)
    assert all(result.state == "done" for result in results), results


def list_messages(job: PlannedJob) -> Iterator[str]:
    """Yield what is said for *job*, from its first text to the end."""
    for segment in job.segments:
        yield from segment.messages
    yield _EOS


def _target(job: PlannedJob) -> str:
    return f"/ws3?{encode_query(job.query)}"
