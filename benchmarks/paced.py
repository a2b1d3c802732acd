"""What many connections at real-time pace cost, and how many one process can hold.

    python benchmarks/paced.py [--connections 100] [--takes 3] [--rounds 3]
    python benchmarks/paced.py --connections 2000 --clients record --rounds 1 \
        --gather-ms 100 --events-per-write 2 --watch-loop
    python benchmarks/paced.py --connections 500 --clients record --rounds 1 \
        --gather-ms 100 --tls --watch-loop

Every client, in a process of its own, holds all connections at once, each of which is
told so many takes of 20 seconds in events of 1 kB. All are measured in every round; the
medians are printed, or what was worst in any round. RimeBatch reads with each of the
pauses given, in which more gathers. See `receive` for who the clients are.

- CPU: seconds of the client for an hour of audio, and its ratio to the example's.
- loop: how late a task wakes that sleeps 10 ms, 99th percentile and the worst; only
  with --watch-loop, since it wakes as often as ten connections that gather.
- behind: by how much the slowest conversation was longer than its audio.
- service: how late it wrote at worst, how much waited because it was not read, and how
  many of its pings were not answered before the next one, 5 s later. Where it is late
  itself, it says nothing about the client.
"""

import argparse
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import nan
from statistics import median
from types import MappingProxyType
from typing import Final

from example import run_example
from fast_service import Offer, Served, open_service
from receivers import (
    Client,
    Measured,
    Way,
    measure,
    plan_books,
    run_sessions,
    run_whole,
)

HEADING: Final = """\
                  CPU                loop, ms      behind  memory  service,
client            s/h   ratio      p99   worst        s      MB     late ms  \
waiting kB  missed pongs  CPU s"""

CLIENTS: Final[Mapping[str, Client]] = MappingProxyType(
    {"example": run_example, "record": run_sessions, "whole": run_whole}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A client, and the pause it reads with."""

    client: str
    gather_ms: int

    def __str__(self) -> str:
        pause = f", {self.gather_ms} ms" if self.gather_ms else ""
        return f"{self.client}{pause}"


@dataclass(frozen=True, slots=True)
class Result:
    """What one row came to in one round."""

    cpu_s: float
    late_p99_s: float
    late_max_s: float
    behind_s: float
    peak_mb: float
    served: Served


def run_row(row: Row, offer: Offer, options: argparse.Namespace) -> Result:
    """Measure *row* against a service of its own."""
    connections, takes = options.connections, options.takes
    way = Way(row.gather_ms / 1000, options.watch_loop)
    with open_service(offer) as service:
        plan = plan_books(service.url, connections, takes, offer.take_s)
        measured = measure(CLIENTS[row.client], plan, way)
    return summarize(measured, connections, takes * offer.take_s, service.served)


def summarize(
    measured: Measured, connections: int, audio_s: float, served: Served
) -> Result:
    """Return the result where each connection says *audio_s* seconds."""
    delays_s = sorted(measured.course.delays_s) or [nan]
    return Result(
        measured.cpu_s * 3600 / (connections * audio_s),
        delays_s[len(delays_s) * 99 // 100],
        delays_s[-1],
        max(measured.course.lasted_s) - audio_s,
        measured.peak_mb,
        served,
    )


def show(row: Row, results: list[Result], example_cpu_s: float | None) -> None:
    """Print the line of *row*: medians over the rounds, and what was worst in any."""
    cpu_s = median(result.cpu_s for result in results)
    ratio = f"{cpu_s / example_cpu_s:7.2f}" if example_cpu_s else " " * 7
    print(
        f"{row!s:15} {cpu_s:5.2f} {ratio}",
        f"{median(r.late_p99_s for r in results) * 1000:8.1f}",
        f"{max(r.late_max_s for r in results) * 1000:7.1f}",
        f"{max(r.behind_s for r in results):8.2f}",
        f"{median(r.peak_mb for r in results):7.0f}",
        f"{max(r.served.late_s for r in results) * 1000:11.0f}",
        f"{max(r.served.backlog_bytes for r in results) // 1000:11}",
        f"{sum(r.served.missed_pongs for r in results):13}",
        f"{median(r.served.cpu_s for r in results):6.1f}",
        flush=True,
    )


def list_rows(clients: list[str], gather_ms: list[int]) -> list[Row]:
    """Return what is measured; the example has but one way to read."""
    ours = [client for client in clients if client != "example"]
    rows = [Row(*each) for each in product(ours, gather_ms)]
    return [Row("example", 0), *rows] if "example" in clients else rows


def allow_connections() -> None:
    """Lift the limit of open files, of this process and those it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def read_options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--takes", type=int, default=3)
    parser.add_argument("--take-seconds", type=int, default=20)  # 300 characters
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--event-bytes", type=int, default=1024)
    parser.add_argument("--events-per-write", type=int, default=1)
    parser.add_argument("--gather-ms", type=int, nargs="+", default=[0, 100])
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, default=[*CLIENTS])
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--watch-loop", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Print a line for each client and pause."""
    options = read_options()
    allow_connections()
    offer = Offer(
        options.take_seconds,
        options.event_bytes,
        speed=1.0,
        events_per_write=options.events_per_write,
        tls=options.tls,
    )
    rows = list_rows(options.clients, options.gather_ms)
    results: dict[Row, list[Result]] = {row: [] for row in rows}
    for _ in range(options.rounds):
        for row, of_row in results.items():
            of_row.append(run_row(row, offer, options))
    print(HEADING)
    example = results.get(Row("example", 0))
    example_cpu_s = median(result.cpu_s for result in example) if example else None
    for row, of_row in results.items():
        show(row, of_row, example_cpu_s)


if __name__ == "__main__":
    main()
