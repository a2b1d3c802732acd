"""How fast a recorded session is played again, in times real time.

    python benchmarks/replay.py [--minutes 10] [--rounds 5]

It makes a transcript of a session of so many minutes, in events of 1 kB and of 4 kB as
the real service sends them, and plays it, in virtual time, to a client that does
nothing but receive, and to the recorder's own session, which commits takes. Both record
all of it again. The median of several rounds is printed, the two side by side in each
round.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import trio
from trio.testing import MockClock

from rimebatch.errors import ConnectionClosedError
from rimebatch.recorder.replay_job import replay_job
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import Recording, ReplayOptions, read_recording
from rimebatch.transcript import Header, TranscriptWriter
from rimebatch.ws3 import (
    Chunk,
    Done,
    Eos,
    Flush,
    Text,
    encode_command,
    encode_event,
    make_query,
)
from rimebatch.ws3.query import Parameter

RATE_HZ = 24_000
SEGMENT_S = 20  # of speech: some 300 characters
SETTINGS: dict[str, Parameter] = {
    "modelId": "arcana",
    "speaker": "luna",
    "audioFormat": "pcm",
    "samplingRate": RATE_HZ,
    "segment": "never",
}


def write_session(path: Path, minutes: int, event_bytes: int) -> None:
    """Write the transcript of a session of *minutes*, paced as it is spoken."""
    header = Header(
        job="book",
        attempt=1,
        vantage="synthetic",
        endpoint="ws://127.0.0.1/ws3",
        query=make_query(SETTINGS),
        client={},
        wall=None,
    )
    step_ns = event_bytes * 1_000_000_000 // (2 * RATE_HZ)
    times = count(0, step_ns)
    with TranscriptWriter(path, header, times.__next__) as writer:
        writer.opened(101, {})
        for number in range(minutes * 60 // SEGMENT_S):
            context_id = f"book:{number:016x}"
            writer.sent(encode_command(Text(f"Segment {number}.", context_id)))
            writer.sent(encode_command(Flush()))
            for _ in range(SEGMENT_S * 2 * RATE_HZ // event_bytes):
                writer.received(encode_event(Chunk(bytes(event_bytes), context_id)))
            writer.received(encode_event(Done(context_id)))
        writer.sent(encode_command(Eos()))
        writer.closed("server", 1000, "")


async def receive_all(recording: Recording, folder: Path) -> None:
    """Say what is on record as soon as the take before has ended; keep nothing."""
    replay = Replay([recording])
    path = folder / f"{time.perf_counter_ns()}.jsonl"
    with TranscriptWriter(path, recording.header, lambda: 0) as transcript:
        async with replay.connect(recording.header.query, transcript) as line:
            for message in said(recording):
                await line.send(message)
                if "flush" in message:
                    while '"done"' not in (await line.receive()).message:
                        pass
            with suppress(ConnectionClosedError):
                await line.receive()


def said(recording: Recording) -> Iterator[str]:
    """Yield what the client said."""
    for step in recording.steps:
        message = getattr(step, "message", "")
        if '"text"' in message or '"operation"' in message:
            yield message


async def play_job(path: Path, recording: Recording, folder: Path) -> None:
    """Play the session to the recorder's own, and record it again."""
    scratch = folder / str(time.perf_counter_ns())
    played = await replay_job([(path, lambda: recording)], scratch, ReplayOptions())
    assert played.agrees, played


def measure(play: Callable[[], Awaitable[None]]) -> float:
    """Return the real seconds that *play* takes in virtual time."""
    start = time.perf_counter()
    trio.run(play, clock=MockClock())
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each size of event."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("event  messages  receive only       session, recorded again")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for event_bytes in (1024, 4096):
            path = folder / f"{event_bytes}.jsonl"
            write_session(path, options.minutes, event_bytes)
            recording = read_recording(path)
            bare, whole = [], []
            for _ in range(options.rounds):
                bare.append(measure(partial(receive_all, recording, folder)))
                whole.append(measure(partial(play_job, path, recording, folder)))
            shown = (
                f"{s:5.2f} s {options.minutes * 60 / s:6.0f} x"
                for s in map(statistics.median, (bare, whole))
            )
            print(f"{event_bytes:5}  {len(recording.steps):8}  {'   '.join(shown)}")


if __name__ == "__main__":
    main()
