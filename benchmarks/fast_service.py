"""A ws3 service that costs next to nothing, in a process of its own.

Whatever it is asked to say, it says a take of so many seconds of noise, the same one
always: its events are encoded once, and only their context id is put in. So a benchmark
measures the client, and not what it is served by. `open_service` starts it; by itself

    python benchmarks/fast_service.py '{"take_s": 20, "speed": 1}'

it prints its address, serves until its input ends, and prints how it went.

Theory of operation. All takes are paced alike, so whoever was served last is due last:
a queue of connections in the order in which they are due needs no sorting. With a speed
of 0 nothing is paced, and a take is one large write.
"""

import asyncio  # noqa: TID251  # not a part of RimeBatch, and cheaper than trio here
import json
import ssl
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import shake_128
from pathlib import Path
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from rimebatch.ws3 import (
    Chunk,
    Command,
    Done,
    Flush,
    Text,
    Timestamps,
    decode_command,
    encode_event,
)
from rimebatch.ws3.commands import Eos

RATE_HZ: Final = 24_000
SAMPLE_BYTES: Final = 2
CERTS: Final = Path(__file__).parents[1] / "tests/recorder/transports/certs"

_AFTER_LABEL: Final = b'"}'  # the context id is the last field of an event
_TEXT_FRAME: Final = 0x81  # and a final one
_LONGEST_SHORT: Final = 125
_LONGEST_MIDDLE: Final = 0xFFFF
_BACKLOG: Final = 4096  # as many may connect at once


@dataclass(frozen=True, slots=True)
class Offer:
    """What a service says, and how fast.

    Attributes:
        take_s: Seconds of 24 kHz 16-bit PCM in a take.
        event_bytes: Bytes of PCM in an event.
        speed: Times real time; 0 is as fast as the client reads.
        events_per_write: How many events go out at a time, when paced.
        ping_every_s: Between pings of a paced service.
        tls: Whether lines are encrypted, with the certificate of the tests.
    """

    take_s: float = 20.0
    event_bytes: int = 1024
    speed: float = 0.0
    events_per_write: int = 1
    ping_every_s: float = 5.0
    tls: bool = False

    @property
    def step_s(self) -> float:
        """Seconds from one write to the next."""
        event_s = self.event_bytes / (SAMPLE_BYTES * RATE_HZ)
        return self.events_per_write * event_s / self.speed


@dataclass(slots=True)
class Served:
    """How it went.

    Attributes:
        takes: How many were said to their end.
        missed_pongs: Pings that were not answered before the next one.
        late_s: The most by which a write was late: the service's own failing.
        backlog_bytes: The most that waited for a client that does not read.
        cpu_s: What the service itself took, all in all.
    """

    takes: int = 0
    missed_pongs: int = 0
    late_s: float = 0.0
    backlog_bytes: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class Running:
    """A service that runs; *served* is filled in when it has ended."""

    url: str
    served: Served = field(default_factory=Served)


@contextmanager
def open_service(offer: Offer) -> Iterator[Running]:
    """Run a service in another process, and find out at the end how it went."""
    program = [sys.executable, __file__, json.dumps(asdict(offer))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # both are pipes
        running = Running(process.stdout.readline().strip())
        yield running
        said, _ = process.communicate()
        running.served = Served(**json.loads(said))


class _Service:
    """What its connections share."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.served = Served()
        self.connections: set[_Connection] = set()
        self._due: deque[tuple[float, _Connection]] = deque()

    def speak(self, connection: "_Connection") -> None:
        """Have *connection* say its takes, at once or when its turn comes."""
        if self.offer.speed:
            self._due.append((time.monotonic() + self.offer.step_s, connection))
            return
        while connection.say_some(sys.maxsize):
            pass

    async def pace(self) -> None:
        """Let everybody speak in time."""
        while self.offer.speed:
            now_s = time.monotonic()
            if self._due:
                self.served.late_s = max(self.served.late_s, now_s - self._due[0][0])
            for _ in range(len(self._due)):
                due_s, connection = self._due[0]
                if due_s > now_s:
                    break
                self._due.popleft()
                if connection.say_some(self.offer.events_per_write):
                    self._due.append((due_s + self.offer.step_s, connection))
            await asyncio.sleep(0.001)

    async def ping(self) -> None:
        """Ping everybody, and count who has not answered the ping before."""
        while self.offer.speed:
            await asyncio.sleep(self.offer.ping_every_s)
            for connection in tuple(self.connections):
                connection.ping()


class _Connection(asyncio.Protocol):
    """One client: its handshake, what it asked for, and what it is being told."""

    _transport: asyncio.Transport

    def __init__(self, service: _Service) -> None:
        self._service = service
        self._wire = WSConnection(ConnectionType.SERVER)
        self._heard = ""
        self._text = Text("")
        self._asked: deque[Text | None] = deque()  # None is the end
        self._said_events = 0
        self._is_pinged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._service.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._wire.receive_data(data)
        for event in self._wire.events():
            self._take_in(event)

    def say_some(self, events: int) -> bool:
        """Say so many events of the take; return whether there is more to say."""
        text = self._asked[0]
        if text is None:
            self._service.connections.discard(self)
            self._write(CloseConnection(1000))
            return False
        label = (text.context_id or "").encode()
        heads = _make_heads(self._service.offer, len(label))
        some = heads[self._said_events : self._said_events + events]
        self._said_events += len(some)
        self._transport.write((label + _AFTER_LABEL).join([*some, b""]))
        waiting_bytes = self._transport.get_write_buffer_size()
        served = self._service.served
        served.backlog_bytes = max(served.backlog_bytes, waiting_bytes)
        if self._said_events < len(heads):
            return True
        self._end_take(text)
        return bool(self._asked)

    def ping(self) -> None:
        """Ping the client, unless it has not answered yet."""
        self._service.served.missed_pongs += self._is_pinged
        self._is_pinged = True
        self._write(Ping())

    def _take_in(self, event: Event) -> None:
        match event:
            case Request():
                self._write(AcceptConnection())
                self._service.connections.add(self)
            case TextMessage(data, _, message_finished):
                self._heard += data
                if message_finished:
                    self._obey(decode_command(self._heard))
                    self._heard = ""
            case Ping() if self._wire.state is ConnectionState.OPEN:
                self._write(event.response())
            case Pong():
                self._is_pinged = False
            case CloseConnection():
                self._answer_close(event)

    def _obey(self, command: Command) -> None:
        match command:
            case Text():
                self._text = command
            case Flush():
                self._ask(self._text)
            case Eos():
                self._ask(None)

    def _ask(self, text: Text | None) -> None:
        self._asked.append(text)
        if len(self._asked) == 1:
            self._service.speak(self)

    def _end_take(self, text: Text) -> None:
        """Say when the words were spoken, each as long as the next, and that is it."""
        words = tuple(text.text.split())
        word_s = self._service.offer.take_s / len(words)
        starts = tuple(round(word_s * n, 3) for n in range(len(words) + 1))
        times = Timestamps(words, starts[:-1], starts[1:], text.context_id)
        for event in (times, Done(text.context_id)):
            self._transport.write(_frame(encode_event(event)))
        self._asked.popleft()
        self._said_events = 0
        self._service.served.takes += 1

    def _answer_close(self, event: CloseConnection) -> None:
        self._service.connections.discard(self)
        if self._wire.state is ConnectionState.REMOTE_CLOSING:
            self._write(event.response())
        self._transport.close()

    def _write(self, event: Event) -> None:
        self._transport.write(self._wire.send(event))


@cache
def _make_heads(offer: Offer, label_chars: int) -> list[bytes]:
    """Return the frames of a take, each without the label and what follows it."""
    size, step = round(offer.take_s * RATE_HZ) * SAMPLE_BYTES, offer.event_bytes
    noise = shake_128(b"noise").digest(size)
    events = (noise[at : at + step] for at in range(0, size, step))
    label = "~" * label_chars
    after = len(label) + len(_AFTER_LABEL)
    return [_frame(encode_event(Chunk(pcm, label)))[:-after] for pcm in events]


def _frame(message: str) -> bytes:
    """Return *message* as a WebSocket frame (RFC 6455, section 5.2)."""
    payload = message.encode()
    size = len(payload)
    if size <= _LONGEST_SHORT:
        return bytes([_TEXT_FRAME, size]) + payload
    if size <= _LONGEST_MIDDLE:
        return struct.pack("!BBH", _TEXT_FRAME, 126, size) + payload
    return struct.pack("!BBQ", _TEXT_FRAME, 127, size) + payload


async def _serve(offer: Offer) -> Served:
    service = _Service(offer)
    tls = None
    if offer.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTS / "here.pem")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(service), "127.0.0.1", 0, ssl=tls, backlog=_BACKLOG
    )
    port = server.sockets[0].getsockname()[1]
    print(f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws3", flush=True)
    tasks = [asyncio.create_task(service.pace()), asyncio.create_task(service.ping())]
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()
    for task in tasks:
        task.cancel()
    service.served.cpu_s = time.process_time()
    return service.served


def main() -> None:
    """Serve what the one argument says, as JSON, until the input ends."""
    served = asyncio.run(_serve(Offer(**json.loads(sys.argv[1]))))
    print(json.dumps(asdict(served)))


if __name__ == "__main__":
    main()
