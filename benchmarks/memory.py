"""How much memory connections take, and whether it grows with the length of a job.

    python benchmarks/memory.py [--connections 1 100 200] [--minutes 10 600]

Each figure is the peak of what was resident in a process of its own, interpreter and
libraries included, which records as a session does, or as a whole batch does, that
renders what it has recorded.

Connections are paced as real speech is, in events of 1 kB, for the seconds given. Jobs
of several lengths are sent, one to a connection, as fast as they are read; the default
needs 5 GB in the folder for temporary files.
"""

import argparse
from itertools import pairwise
from typing import Final

from fast_service import Offer, open_service
from receivers import Client, measure, plan_books, run_sessions, run_whole

TAKE_S: Final = 20  # some 300 characters
CLIENTS: Final[tuple[tuple[str, Client], ...]] = (
    ("record", run_sessions),
    ("whole", run_whole),
)


def measure_mb(client: Client, offer: Offer, jobs: int, takes: int) -> float:
    """Return the peak while *client* records so many jobs of so many takes."""
    with open_service(offer) as service:
        plan = plan_books(service.url, jobs, takes, offer.take_s)
        return measure(client, plan).peak_mb


def show_connections(name: str, client: Client, counts: list[int], take_s: int) -> None:
    """Print the memory of so many connections at a time, and of one more."""
    offer = Offer(take_s, speed=1.0)
    peaks_mb = [measure_mb(client, offer, count, 1) for count in counts]
    for count, peak_mb in zip(counts, peaks_mb, strict=True):
        print(f"{name:6}  {count:5} connections  {peak_mb:4.0f} MB")
    for (few, few_mb), (many, many_mb) in pairwise(zip(counts, peaks_mb, strict=True)):
        each_mb = (many_mb - few_mb) / (many - few)
        print(f"{name:6}  from {few} to {many}: {each_mb:.2f} MB each", flush=True)


def show_lengths(name: str, client: Client, minutes: list[int]) -> None:
    """Print the memory of jobs of so many minutes, and their ratios to the first."""
    first_mb: float | None = None
    for length in minutes:
        peak_mb = measure_mb(client, Offer(TAKE_S), 1, length * 60 // TAKE_S)
        first_mb = first_mb or peak_mb
        ratio = peak_mb / first_mb
        print(
            f"{name:6}  {length:5} minutes  {peak_mb:8.0f} MB  {ratio:.2f}", flush=True
        )


def main() -> None:
    """Print a line for each number of connections, and for each length of a job."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 100, 200])
    parser.add_argument("--seconds", type=int, default=TAKE_S)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 600])
    options = parser.parse_args()
    for name, client in CLIENTS:
        show_connections(name, client, options.connections, options.seconds)
        show_lengths(name, client, options.minutes)


if __name__ == "__main__":
    main()
