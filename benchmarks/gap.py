"""How long a service sits idle between two takes of one connection.

    python benchmarks/gap.py [--takes 100] [--rounds 3] [--chars 60] [--folder DIR]

A job of so many takes, each of so many characters, is recorded as `rimebatch run` does
it, from a local service in another process that is 0, 20 and 100 ms of round trip away.
The service takes the time by its own clock: from when it has put the last byte of
`done` on the line until it has read the next `flush`. In between the bytes travel there
and back, and the client makes the take survive a power cut; the disk that it does so on
is that of the folder.

The audio of a take is sent as fast as it is read, and `--rest` later `done`, so that
the client has read the audio by then, as it has with a service of the usual pace. With
`--rest 0` the gap contains what the client is behind with.

It is measured without a pause before each read (see `LineLimits.gather_s`) and with one
of `--gather` seconds, by which the end of a take may be known later.

The median and the 99th percentile of all takes of all rounds are printed, as they are
and without the round trip, and what the disk takes alone: a write of 200 bytes, synced.
"""

import argparse
import math
import os
import statistics
import tempfile
import time
from functools import partial
from itertools import product
from multiprocessing import connection, get_context
from pathlib import Path
from typing import Final, TypeAlias

import trio
from trio_websocket import WebSocketRequest

from rimebatch.manifest.load import Job, Manifest, Output, Voice
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import LineLimits, open_live
from rimebatch.server import ServiceOptions
from rimebatch.server.connection import Connection
from rimebatch.server.conversation import Conversation
from rimebatch.server.faults.kinds import Place, SynthesisFault
from rimebatch.server.handshake import make_voicing
from rimebatch.server.listening import meet_client, open_listeners, url_of
from rimebatch.server.logbook import Logbook, Message, Synthesis
from rimebatch.server.script import Act, Rest, Script, Steps
from rimebatch.server.voices import ToneVoice
from rimebatch.ws3 import Flush, encode_command

ROUND_TRIPS_S: Final = (0.0, 0.02, 0.1)
Pipe: TypeAlias = "connection.Connection[str | list[float], None]"
FLUSH: Final = encode_command(Flush())


class Options(argparse.Namespace):
    """What is asked for."""

    takes: int
    rounds: int
    chars: int
    rest: float
    gather: float
    folder: Path | None


class Watch(Logbook):
    """Notes for how long the service has been idle, in place of what it heard."""

    def __init__(self, rest_s: float) -> None:
        self.gaps_s: list[float] = []
        self._rest_s = rest_s
        self._ended_at = math.inf

    def add(self, entry: Message | Synthesis) -> None:
        """Note the gap at every flush but the first."""
        if isinstance(entry, Message) and entry.text == FLUSH:
            self.gaps_s.append(trio.current_time() - self._ended_at)

    def prolong(self, script: Script) -> Steps:
        """Have `done` come later, and be noted, as if that were a fault."""
        *audio, end = script.steps
        return (*audio, Rest(self._rest_s), end, Act(self._note_end))

    async def _note_end(self, _client: Connection) -> None:
        self._ended_at = trio.current_time()
        await trio.lowlevel.checkpoint()


async def serve_one(pipe: Pipe, round_trip_s: float, rest_s: float) -> None:
    """Tell *pipe* where to connect, serve whoever does, and tell of the gaps."""
    watch = Watch(rest_s)
    fault = SynthesisFault(Place(), watch.prolong)
    options = ServiceOptions(ToneVoice(), faults=(fault,))

    async def answer(request: WebSocketRequest, client: Connection) -> None:
        voicing = make_voicing(request.path, b"Bearer any", options)
        await client.accept()
        limiter = trio.CapacityLimiter(1)
        await Conversation(client, 1, voicing, options, limiter, watch).run()

    [listener] = await open_listeners("127.0.0.1", 0)
    pipe.send(url_of(listener))
    await meet_client(await listener.accept(), answer, round_trip_s=round_trip_s)
    pipe.send(watch.gaps_s[1:])


def serve(pipe: Pipe, round_trip_s: float, rest_s: float) -> None:
    """Do so in a process of its own."""
    trio.run(serve_one, pipe, round_trip_s, rest_s)


def make_manifest(takes: int, chars: int) -> Manifest:
    """Return a manifest of one job, of so many takes."""
    voice = Voice(
        {
            "modelId": "arcana",
            "speaker": "luna",
            "audioFormat": "pcm",
            "samplingRate": 24_000,
            "segment": "never",
        }
    )
    texts = (
        f"{number} {'word ' * chars}"[: chars - 1] + "." for number in range(takes)
    )
    job = Job("book", None, voice, "\n\n".join(texts), None)
    return Manifest(Path("gap.yaml"), "gap", "local", 1, Output(), (job,))


def measure(
    manifest: Manifest, round_trip_s: float, limits: LineLimits, options: Options
) -> list[float]:
    """Record *manifest* from a service so far away; return its gaps in seconds."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    service = context.Process(target=serve, args=(theirs, round_trip_s, options.rest))
    service.start()
    connect = partial(open_live, Endpoint(ours.recv(), "any"), limits=limits)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        [result] = trio.run(run_batch, make_plan(manifest), connect, Path(name))
    assert result.state == "done", result
    gaps_s: list[float] = ours.recv()
    service.join()
    return gaps_s


def time_syncs(count: int, folder: Path | None) -> list[float]:
    """Return the seconds that each of so many writes to the disk takes."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        return [time_sync(file.fileno()) for _ in range(count)]


def time_sync(file: int) -> float:
    """Return the seconds until 200 bytes more survive a power cut."""
    begun_s = time.perf_counter()
    os.write(file, bytes(200))
    os.fdatasync(file)
    return time.perf_counter() - begun_s


def summarize(times_s: list[float], less_s: float = 0.0) -> str:
    """Return the median and the 99th percentile, less so much, in milliseconds."""
    p99 = statistics.quantiles(times_s, n=100, method="inclusive")[98]
    shown = (1000 * (s - less_s) for s in (statistics.median(times_s), p99))
    return " ".join(f"{ms:8.2f}" for ms in shown)


def read_options() -> Options:
    """Return what is asked for on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--takes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chars", type=int, default=60)
    parser.add_argument("--rest", type=float, default=0.05)
    parser.add_argument("--gather", type=float, default=0.05)
    parser.add_argument("--folder", type=Path)
    return parser.parse_args(namespace=Options())


def main() -> None:
    """Print a line for each round trip, without and with a pause before each read."""
    options = read_options()
    manifest = make_manifest(options.takes, options.chars)
    cases = list(product((0.0, options.gather), ROUND_TRIPS_S))
    gaps_s: dict[tuple[float, float], list[float]] = {case: [] for case in cases}
    for _, case in product(range(options.rounds), cases):
        gather_s, round_trip_s = case
        limits = LineLimits(gather_s=gather_s)
        gaps_s[case] += measure(manifest, round_trip_s, limits, options)
    print("gather  round trip  gap, ms: median, p99   above the round trip")
    for (gather_s, round_trip_s), found_s in gaps_s.items():
        shown = f"{1000 * gather_s:3.0f} ms  {1000 * round_trip_s:7.0f} ms"
        above = summarize(found_s, round_trip_s)
        print(f"{shown}  {summarize(found_s)}   {above}")
    print(f"the disk alone      {summarize(time_syncs(options.takes, options.folder))}")


if __name__ == "__main__":
    main()
