"""What it costs to receive speech: CPU seconds of the client for an hour of audio.

    python benchmarks/receive.py [--minutes 10] [--rounds 5] [--event-bytes 1024 4096]

A service in another process sends as fast as it is read (see `fast_service`). Clients
take turns in every round, each in a process of its own:

- bare: reads the socket, and looks at nothing: the limit;
- example: the client on the page that describes the service: asyncio, websockets, json
  and base64;
- record: RimeBatch's session with its transcript;
- whole: a batch of RimeBatch: received, recorded, read back, and rendered to a WAV file
  and the times of its words.

What counts is the time of the process from before it connects until its last file is
written, in all its threads; not what it takes to import it. Medians are printed.
"""

import argparse
from collections.abc import Mapping
from statistics import median
from types import MappingProxyType
from typing import Final

from example import run_example
from fast_service import Offer, open_service
from receivers import (
    Client,
    measure,
    plan_books,
    read_bytes,
    run_sessions,
    run_whole,
)

TAKE_S: Final = 20  # some 300 characters

CLIENTS: Final[Mapping[str, Client]] = MappingProxyType(
    {
        "bare": read_bytes,
        "example": run_example,
        "record": run_sessions,
        "whole": run_whole,
    }
)


def compare(url: str, minutes: int, rounds: int) -> dict[str, float]:
    """Return the CPU seconds per hour of audio of each client, side by side."""
    plan = plan_books(url, 1, minutes * 60 // TAKE_S, TAKE_S)
    seconds: dict[str, list[float]] = {client: [] for client in CLIENTS}
    for _ in range(rounds):
        for client, measured in seconds.items():
            measured.append(measure(CLIENTS[client], plan).cpu_s * 60 / minutes)
    return {client: median(measured) for client, measured in seconds.items()}


def main() -> None:
    """Print a line for each size of event."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--event-bytes", type=int, nargs="+", default=[1024, 4096])
    options = parser.parse_args()
    ratios = "record/example  whole/example  whole/bare"
    print("CPU s/h ", *(f"{client:>8}" for client in CLIENTS), "", ratios)
    for event_bytes in options.event_bytes:
        with open_service(Offer(TAKE_S, event_bytes)) as service:
            cost = compare(service.url, options.minutes, options.rounds)
        print(
            f"{event_bytes:6} B",
            *(f"{cost[client]:8.2f}" for client in CLIENTS),
            f"{cost['record'] / cost['example']:14.2f}",
            f"{cost['whole'] / cost['example']:14.2f}",
            f"{cost['whole'] / cost['bare']:11.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
