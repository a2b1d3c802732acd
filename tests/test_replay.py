"""The proof that a replay is exact: it changes nothing but the times of the client.

A recording that is replayed, and recorded again as it plays, reaches a fixed point:
replaying that once more gives the same bytes. So it does for every way in which a
service can fail, however noisy the times were and whatever the scheduler does; and
however short a recording is cut, what comes of it is right as far as it goes.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from fakes.manifests import make_job, make_manifest
from fakes.node import needs_node
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.replay_job import PlayedJob, replay_job
from rimebatch.recorder.reports import JobResult
from rimebatch.recorder.transports import Connect
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import LINE_LIMITS, open_live
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import Heard, Recording, ReplayOptions, Sent, Step, read_recording
from rimebatch.replay.faults import cut
from rimebatch.server import ServiceOptions, parse_fault, serve_ws3
from rimebatch.server.faults import FAULTS
from rimebatch.server.proxy import Passage, ProxyOptions, serve_proxy
from rimebatch.server.replay_service import (
    Addresses,
    ReplayService,
    Verdict,
    serve_replay,
)
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import JobTranscripts, read_entries
from rimebatch.ws3 import encode_query

TEXTS: Final = ("Number one.", "Here comes two.", "And three.")
VALUES: Final = {"pings": "=50", "flood": "=500"}  # by default they take a while
SEEDS: Final = 50
CLIENTS: Final = Path(__file__).parent / "clients"
PAGE_URL: Final = "wss://users-ws.rime.ai/ws3"
ONE_LINE: Final = Patience(attempts=1)


def plan(folder: Path, silence_limit_s: float = 30.0) -> Plan:
    """Return what is to be said: a job of three segments, some of it on record."""
    manifest = replace(make_manifest(make_job("book", *TEXTS)), done="always")
    return make_plan(
        replace(manifest, silence_limit_s=silence_limit_s),
        lambda job_id: transcripts_of(folder, job_id).takes(),
    )


async def run(connect: Connect, folder: Path) -> JobResult:
    """Record the job over *connect*, and render it."""
    [result] = await run_batch(plan(folder), connect, folder, patience=ONE_LINE)
    return result


def replay_into(folder: Path, *recordings: Recording, seed: int = 0) -> JobResult:
    """Record the job into *folder* from *recordings*, with a scheduler of that seed."""
    with scheduling(seed):
        replay = Replay(recordings)
        return trio.run(run, replay.connect, folder, clock=MockClock())


@contextmanager
def scheduling(seed: int) -> Iterator[None]:
    """Have trio shuffle its tasks as *seed* says; its own switch, for such tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
        trio._core._run._r.seed(seed)
        yield


def read_all(folder: Path) -> dict[str, bytes]:
    """Return every file in *folder*, by its path there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Record the job from the local service, over sockets, in real time."""
    folder = tmp_path_factory.mktemp("recorded")
    trio.run(record_live, folder)
    return read_recording(folder / "transcripts/book/0001.jsonl")


async def record_live(folder: Path, *faults: str, limit_s: float = 30.0) -> None:
    """Record the job from the local service with these *faults*, over sockets."""
    options = ServiceOptions(voice=ToneVoice(), faults=tuple(map(parse_fault, faults)))
    limits = replace(LINE_LIMITS, connect_s=limit_s, close_s=0.1)
    async with trio.open_nursery() as nursery:
        url = str(await nursery.start(serve_ws3, options))
        connect = partial(open_live, Endpoint(url, "any-key"), limits=limits)
        await run_batch(plan(folder, limit_s), connect, folder, patience=ONE_LINE)
        nursery.cancel_scope.cancel()


def test_a_replay_is_a_fixed_point(recording: Recording, tmp_path: Path) -> None:
    """What is recorded of a replay replays to the same bytes, transcripts and all."""
    first, second = tmp_path / "first", tmp_path / "second"

    replay_into(first, recording)
    again = read_recording(first / "transcripts/book/0001.jsonl")
    replay_into(second, replace(again, name=recording.name))

    assert read_all(first) == read_all(second)


def test_the_scheduler_changes_nothing(recording: Recording, tmp_path: Path) -> None:
    """Fifty ways to shuffle the tasks give the same files, byte for byte."""
    outcomes = set()
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        replay_into(folder, recording, seed=seed)
        outcomes.add(tuple(sorted(read_all(folder).items())))

    assert 1 == len(outcomes)


@given(delays=st.lists(st.integers(0, 3_000_000_000), min_size=200, max_size=200))
@settings(max_examples=10)
def test_noise_is_gone_after_one_replay(
    recording: Recording, tmp_path_factory: pytest.TempPathFactory, delays: list[int]
) -> None:
    """However late a client and a service were, one replay is a fixed point."""
    folder = tmp_path_factory.mktemp("noise")
    noisy = delay(recording, delays)

    replay_into(folder / "first", noisy)
    again = read_recording(folder / "first/transcripts/book/0001.jsonl")
    replay_into(folder / "second", again)

    assert read_all(folder / "first") == read_all(folder / "second")


def delay(recording: Recording, delays: list[int]) -> Recording:
    """Return *recording* with each step so many nanoseconds later than before."""
    late_ns, steps = 0, []
    for place, step in enumerate(recording.steps):
        late_ns += delays[place % len(delays)]
        steps.append(replace(step, time_ns=step.time_ns + late_ns))
    return replace(recording, steps=tuple(steps))


def test_cut_at_every_entry(recording: Recording, tmp_path: Path) -> None:
    """Each prefix leaves whole takes and no short file, and the next run ends it."""
    whole = tmp_path / "whole"
    replay_into(whole, recording)
    numbers = [recording.opening.number, *(step.number for step in recording.steps)]
    for number in numbers:
        folder = tmp_path / str(number)

        first = replay_into(folder, cut(recording, number))

        on_record = transcripts_of(folder, "book").takes(verify=True)
        [path] = transcripts_of(folder, "book").paths()
        audio = folder / "book.wav"
        assert "sealed" == [entry.kind for entry in read_entries(path)][-1]
        assert ("done" == first.state) == audio.exists() == (len(on_record) == 3)

        again = replay_into(folder, *without(recording, len(on_record)))

        sent = sum(map(len, TEXTS[len(on_record) :]))
        assert ("done", sent) == (again.state, again.sent_chars)
        assert (whole / "book.wav").read_bytes() == audio.read_bytes()


def without(recording: Recording, takes: int) -> list[Recording]:
    """Return *recording* as of a job that has so many takes already, if any is missing.

    What was sent and received for them is left out.
    """
    if takes == len(TEXTS):
        return []
    done = [s.number for s in recording.steps if is_done(s)]
    start = done[takes - 1] if takes else 0
    steps = tuple(step for step in recording.steps if step.number > start)
    return [replace(recording, steps=steps)]


def is_done(step: Step) -> bool:
    """Whether *step* ends a take."""
    return isinstance(step, Heard) and '"done"' in str(step.message)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_went_wrong_replays(fault: str, tmp_path: Path) -> None:
    """Every fault, once recorded, is played with the same outcome, to a fixed point."""
    trio.run(
        partial(record_live, limit_s=1.0), tmp_path, f"{fault}@1{VALUES.get(fault, '')}"
    )
    paths = transcripts_of(tmp_path, "book").paths()

    first = replay(paths, tmp_path / "first")
    second = replay(JobTranscripts(tmp_path / "first").paths(), tmp_path / "second")

    assert [()] * len(paths) == [attempt.divergences for attempt in first.attempts]
    assert first.agrees
    assert second.agrees
    assert read_all(tmp_path / "first") == read_all(tmp_path / "second")


def replay(paths: list[Path], scratch: Path) -> PlayedJob:
    """Play the transcripts at *paths* into *scratch*."""
    recordings = [(path, partial(read_recording, path)) for path in paths]
    playing = partial(replay_job, recordings, scratch, ReplayOptions())
    return trio.run(playing, clock=MockClock())


@needs_node
def test_from_the_page_s_example_to_node(tmp_path: Path) -> None:
    """Recorded at the proxy, the page's own client plays here, and to one in Node."""
    trio.run(record_page_example, tmp_path)
    [path] = tmp_path.glob("recorded/*.jsonl")
    recording = read_recording(path)
    messages = [step.message for step in recording.steps if isinstance(step, Heard)]

    played = replay([path], tmp_path / "here")
    verdict = trio.run(play_to_node, recording, tmp_path / "heard.json")
    heard = json.loads((tmp_path / "heard.json").read_text())

    assert played.agrees
    assert len(messages) == len(heard) > 1
    assert messages == heard
    assert verdict.ok


async def record_page_example(folder: Path) -> None:
    """Run the page's example against the local service, behind a recording proxy."""
    options = ServiceOptions(voice=ToneVoice(), speed=0.0)
    async with trio.open_nursery() as nursery:
        upstream = str(await nursery.start(serve_ws3, options))
        tell, told = trio.open_memory_channel[Passage](1)
        proxy = ProxyOptions(upstream, folder / "recorded", "page")
        url = str(await nursery.start(serve_proxy, proxy, tell.send_nowait))
        program = (CLIENTS / "page_example.py").read_text()
        command = [sys.executable, "-c", program.replace(PAGE_URL, url)]
        await trio.run_process(command, cwd=folder, capture_stdout=True)
        assert (await told.receive()).error is None
        nursery.cancel_scope.cancel()


async def play_to_node(recording: Recording, file: Path) -> Verdict:
    """Serve *recording* to a Node client that says what is on record.

    It writes what it hears to *file*.
    """
    service = ReplayService([recording], ReplayOptions(pace=0.0), once=True)
    said = [step.message for step in recording.steps if isinstance(step, Sent)]
    query = encode_query(recording.header.query)
    async with trio.open_nursery() as nursery:
        addresses: Addresses = await nursery.start(serve_replay, service)
        client = ["node", str(CLIENTS / "node_say.js"), f"{addresses.url}?{query}"]
        await trio.run_process([*client, str(file), *said], capture_stdout=True)
        await service.wait_done()
        nursery.cancel_scope.cancel()
    return service.verdict
