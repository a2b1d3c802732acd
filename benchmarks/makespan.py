"""How soon a batch ends, against the least that any client could take.

    PYTHONPATH=tests python benchmarks/makespan.py [--jobs 60] [--limit 4] [--rounds 3]

Jobs whose lengths are skewed like those of chapters (log-normal, other ones in each
round), recorded from a local service in a process of its own that lets in so many
connections, and rendered: longest first, in the manifest's order, and longest first
with half as many connections again as the service lets in.

The bound is max(total work / limit, longest job). Work is what the service itself waits
while it paces a take; connecting, its and our computing, the disk and the rendering are
in the time of the batch alone. The schedule is what list scheduling makes of the same
work: so much of the loss is the order's. Medians of the rounds are printed, and the
worst.
"""

import argparse
import random  # noqa: TID251  # seeded by the number of the round
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import trio

from fakes.manifests import RATE_HZ, make_job, make_manifest
from rimebatch.manifest.load import Job
from rimebatch.manifest.plan import make_plan
from rimebatch.manifest.schedule import Order, estimate_makespan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.reports import AttemptFailed, Report, TakeRecorded
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import GATHER_S, LineLimits, open_live
from rimebatch.server.local import LocalService
from rimebatch.server.pacing import pace
from rimebatch.server.script import Rest, Say
from rimebatch.server.synthesis import split_audio
from rimebatch.ws3 import Chunk

SENTENCE: Final = "The ferry came in late, and nobody was there. "
MEDIAN_SENTENCES: Final = 5  # 16 seconds: a chapter in miniature
SKEW: Final = 0.6  # of the logarithm; the longest of 60 is some four times the median


@dataclass(frozen=True)
class Batch:
    """What a batch took, in seconds, and what was refused.

    Attributes:
        seconds: From the start to the last file.
        bound_s: The least it could take.
        schedule_s: What the order alone makes of the work.
        refused: How many connections were.
    """

    seconds: float
    bound_s: float
    schedule_s: float
    refused: int


@contextmanager
def open_service(limit: int, speed: float) -> Iterator[str]:
    """Yield the address of a service of that *speed* with room for *limit*."""
    words = ["serve", "--json", "--port", "0", "--voice", "tone"]
    options = ["--account-limit", str(limit), "--speed", str(speed)]
    with subprocess.Popen(
        [sys.executable, "-m", "rimebatch", *words, *options, "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None  # it was opened as a pipe
        yield msgspec.json.decode(process.stdout.readline(), type=LocalService).url


def make_jobs(count: int, seed: int) -> list[Job]:
    """Return so many jobs of one sentence or more."""
    chance = random.Random(seed)
    lengths = (
        max(1, round(MEDIAN_SENTENCES * chance.lognormvariate(0, SKEW)))
        for _ in range(count)
    )
    return [
        make_job(f"ch{number:02}", SENTENCE * length)
        for number, length in enumerate(lengths, start=1)
    ]


def measure_work_ms(audio_s: float, speed: float) -> int:
    """Return for how long the service waits while it paces so much audio."""
    audio = bytes(2 * round(audio_s * RATE_HZ))
    says = tuple(
        Say(Chunk(piece, None), len(piece) / 2 / RATE_HZ)
        for piece in split_audio(audio)
    )
    rests = (step for step in pace(says, speed) if isinstance(step, Rest))
    return round(1000 * sum(rest.seconds for rest in rests))


class Bench:
    """Runs batches against one service.

    Args:
        url: Of the service.
        limit: How many connections it lets in.
        speed: At which it sends audio, in times real time.
    """

    def __init__(self, url: str, limit: int, speed: float) -> None:
        limits = LineLimits(gather_s=GATHER_S)  # as `rimebatch run` has it
        self._connect = partial(open_live, Endpoint(url, "any-key"), limits=limits)
        self._limit = limit
        self._speed = speed

    def run(self, jobs: Sequence[Job], order: Order, connections: int) -> Batch:
        """Record and render *jobs*."""
        plan = make_plan(make_manifest(*jobs, concurrency=connections))
        reports: list[Report] = []
        with tempfile.TemporaryDirectory() as folder:
            start_s = time.perf_counter()
            results = trio.run(
                partial(run_batch, order=order, listener=reports.append),
                plan,
                self._connect,
                Path(folder),
            )
            seconds = time.perf_counter() - start_s
        assert {"done"} == {result.state for result in results}, results
        refused = sum(isinstance(report, AttemptFailed) for report in reports)
        return Batch(seconds, *self._measure_least(jobs, order, reports), refused)

    def _measure_least(
        self, jobs: Sequence[Job], order: Order, reports: Sequence[Report]
    ) -> tuple[float, float]:
        """Return the bound, and what list scheduling makes of the work, in seconds."""
        work_ms = dict.fromkeys((job.id for job in jobs), 0)
        for report in reports:
            if isinstance(report, TakeRecorded):
                work_ms[report.job] += measure_work_ms(report.audio_s, self._speed)
        lengths = sorted(work_ms.values(), reverse=True)
        bound_ms = max(sum(lengths) / self._limit, lengths[0])
        in_order = work_ms.values() if order == "manifest" else lengths
        return bound_ms / 1000, estimate_makespan(in_order, self._limit) / 1000


def show(batches: Sequence[Batch]) -> str:
    """Return the medians of several rounds, and the worst ratio, as columns."""
    ratios = [batch.seconds / batch.bound_s for batch in batches]
    seconds = statistics.median(batch.seconds for batch in batches)
    bound_s = statistics.median(batch.bound_s for batch in batches)
    schedule = statistics.median(batch.schedule_s / batch.bound_s for batch in batches)
    refused = statistics.median(batch.refused for batch in batches)
    return (
        f"{seconds:5.1f} s  {bound_s:5.1f} s     {schedule:.3f}  "
        f"{statistics.median(ratios):.3f}  {max(ratios):.3f}  {refused:7g}"
    )


def main() -> None:
    """Print a line for each order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--limit", type=int, default=4)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    limit, more = options.limit, options.limit * 3 // 2
    kinds: list[tuple[Order, int]] = [
        ("longest-first", limit),
        ("manifest", limit),
        ("longest-first", more),
    ]
    batches: list[list[Batch]] = [[] for _ in kinds]
    with open_service(limit, options.speed) as url:
        bench = Bench(url, limit, options.speed)
        for number in range(options.rounds):
            jobs = make_jobs(options.jobs, seed=number)
            for (order, connections), done in zip(kinds, batches, strict=True):
                done.append(bench.run(jobs, order, connections))
    print(
        "order          connections     wall    bound  schedule  ratio  worst  refused"
    )
    for (order, connections), done in zip(kinds, batches, strict=True):
        print(f"{order:13}  {connections:3} of {limit:2}     {show(done)}")


if __name__ == "__main__":
    main()
