"""The replay service: recorded conversations, played to any client over a socket.

Theory of operation. What may be heard when, and whether what is said is right, is the
business of `rimebatch.replay.Playback`, here as in the replay transport; only the time
is the real one. Two tasks hold a conversation: one compares what the client says, the
other delivers what is due and hangs up as the record does. What a socket cannot tell:

- whether the client has read what was sent to it. What was sent counts as heard.
- that a client waits for what will not come, as nobody knows what else it does. It is
  taken to wait when it has said nothing for a while, and nothing is due.
- what the client says after the recorded close. The library drops it.

The verdict is ready before the service hangs up, so that a test may ask for it as soon
as its connection has ended.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest

from rimebatch.replay import (
    Divergence,
    Ended,
    Heard,
    Playback,
    Recording,
    ReplayOptions,
    Shelf,
)
from rimebatch.replay.recording import LOST_LINE
from rimebatch.server.connection import Connection
from rimebatch.server.control import serve_control
from rimebatch.server.handshake import read_target
from rimebatch.server.listening import meet_client, open_listeners, url_of
from rimebatch.server.refusal import RefusedError

DIVERGED: Final = 4400  # RFC 6455, 7.4.2: 4000 to 4999 are private; like HTTP's 400
NAME: Final = "transcript"  # the parameter of a query that names the recording
SILENCE_S: Final = 30.0  # as the recorder waits for a service, by default

_CONFLICT: Final = 409  # RFC 9110, 15.5.10: "the current state of the target resource"
_NANOSECONDS: Final = 1_000_000_000

_AS_RECORDED: Final = ReplayOptions()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a replay service listens.

    Attributes:
        url: For clients, as in ``ws://127.0.0.1:8000/ws3``.
        control: Of the verdict, as in ``http://127.0.0.1:8001/verdict``.
    """

    url: str
    control: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the recordings, by their names, in order.

    Attributes:
        played: Those whose clients have gone, however that went.
        playing: Those that are being played now.
        unplayed: Those that no client has asked for.
        divergences: Every one so far.
    """

    played: tuple[str, ...]
    playing: tuple[str, ...]
    unplayed: tuple[str, ...]
    divergences: tuple[Divergence, ...]

    @property
    def ok(self) -> bool:
        """Whether all of them were played, and every client kept to the record."""
        return not (self.playing or self.unplayed or self.divergences)

    def encode(self) -> bytes:
        """Return it as one JSON object; each divergence has its report beside it."""
        divergences = [{**asdict(d), "report": d.report} for d in self.divergences]
        return msgspec.json.encode(
            {"ok": self.ok, **asdict(self), "divergences": divergences}
        )


class ReplayService:
    """Recordings to be played to whoever connects.

    Args:
        recordings: In the order in which connections with equal queries get them.
        options: How they are played.
        once: Whether each is played once. Otherwise they take turns, for as long as
            clients come, those not played yet before the others.
        silence_s: How long a client may say nothing where the record waits for it.
        tell: Is given each divergence as it happens.
    """

    def __init__(
        self,
        recordings: Iterable[Recording],
        options: ReplayOptions = _AS_RECORDED,
        *,
        once: bool = False,
        silence_s: float = SILENCE_S,
        tell: Callable[[Divergence], None] = lambda _: None,
    ) -> None:
        kept = tuple(recordings)
        self._names = tuple(recording.name for recording in kept)
        self._shelf = Shelf(kept, rotates=not once)
        self._once = once
        self._options = options
        self._silence_s = silence_s
        self._tell = tell
        self._played: set[str] = set()
        self._playing: Counter[str] = Counter()
        self._divergences: list[Divergence] = []
        self._clients = 0
        self._done = trio.Event()

    @property
    def verdict(self) -> Verdict:
        """What has become of the recordings so far."""
        begun = self._played | set(+self._playing)
        return Verdict(
            played=tuple(name for name in self._names if name in self._played),
            playing=tuple(name for name in self._names if self._playing[name]),
            unplayed=tuple(name for name in self._names if name not in begun),
            divergences=tuple(self._divergences),
        )

    async def wait_done(self) -> None:
        """Wait until nobody is connected, and nothing is left or something went wrong.

        Recordings that take turns are never done.
        """
        await self._done.wait()

    async def serve_client(self, stream: trio.SocketStream) -> None:
        """Serve one client, from its first byte to its last."""
        self._clients += 1
        await meet_client(stream, self._answer)
        self._clients -= 1
        is_over = self._divergences or not self._shelf.waiting
        if self._once and is_over and not self._clients:
            self._done.set()

    async def _answer(self, request: WebSocketRequest, client: Connection) -> None:
        recording = self._take(request.path)
        if isinstance(recording, Divergence):
            self._note(recording)
            raise RefusedError(_CONFLICT, str(recording))
        performance = _Performance(
            client, Playback(recording, self._options), self._silence_s
        )
        self._playing[recording.name] += 1
        divergence = await performance.play()
        self._playing[recording.name] -= 1
        self._played.add(recording.name)
        if divergence:
            self._note(divergence)
        await performance.end()

    def _take(self, target: str) -> Recording | Divergence:
        pairs = read_target(target)
        query = tuple(pair for pair in pairs if pair[0] != NAME)
        return self._shelf.take(query, self._options.match, name=dict(pairs).get(NAME))

    def _note(self, divergence: Divergence) -> None:
        self._divergences.append(divergence)
        self._tell(divergence)


async def serve_replay(
    service: ReplayService,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    until: Callable[[], Awaitable[None]] = trio.sleep_forever,
    task_status: trio.TaskStatus[Addresses] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Play the recordings of *service* until cancelled, or until *until* returns.

    Args:
        service: What to play; its verdict can be read meanwhile, and afterwards.
        host: The address to listen at; nothing there is encrypted. The control
            address is on the loopback in any case.
        port: The port to listen at; 0 takes a free one.
        until: `ReplayService.wait_done`, for instance.
        task_status: Is given the addresses, as soon as clients can connect.

    Raises:
        EndpointError: It cannot listen there.

    Cancellation:
        Drops every connection at once.
    """

    def make_verdict() -> bytes:
        return service.verdict.encode()

    listeners = await open_listeners(host, port)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, service.serve_client, listeners)
        control: str = await nursery.start(serve_control, make_verdict)
        task_status.started(Addresses(url_of(listeners[0]), control))
        await until()
        nursery.cancel_scope.cancel()


class _Performance:
    """One recording, played to one client.

    Args:
        client: Waits for an answer to its handshake.
        playback: Nobody else's.
        silence_s: As for `ReplayService`.
    """

    def __init__(
        self, client: Connection, playback: Playback, silence_s: float
    ) -> None:
        self._client = client
        self._playback = playback
        self._silence_s = silence_s
        self._begun_s = trio.current_time()
        self._client_spoke = trio.Event()
        self._sending = trio.Lock()
        self._scope = trio.CancelScope()
        self._unheard = 0
        self._has_left = False
        self._divergence: Divergence | None = None
        self._end: Ended | None = None

    async def play(self) -> Divergence | None:
        """Play it to its end or the client's; return how the client left the record."""
        await self._sleep_until(self._playback.opening_due_ns)
        if not self._playback.recording.opening.is_accepted:
            return None
        try:
            with self._scope:
                await self._converse()
        except* ConnectionClosed:
            self._has_left = True
        if self._divergence is None:
            self._divergence = self._playback.finish(self._now_ns(), self._unheard)
        return self._divergence

    async def end(self) -> None:
        """Leave the client as the record does, or tell it that it has diverged."""
        opening = self._playback.recording.opening
        if opening.status is None:
            await self._client.drop(reset=False)
        elif not opening.is_accepted:
            headers = {name.title(): value for name, value in opening.headers.items()}
            raise RefusedError(opening.status, opening.text, headers)
        elif self._has_left:
            await trio.lowlevel.checkpoint()
        elif self._divergence is not None:
            await self._client.close(DIVERGED, _make_reason(self._divergence))
        else:
            await self._hang_up()

    async def _hang_up(self) -> None:
        assert self._end is not None  # the client is there, and kept to the record
        if self._end.code == LOST_LINE:
            await self._client.drop(reset=False)
        else:
            await self._client.close(self._end.code, self._end.reason)

    async def _converse(self) -> None:
        headers = self._playback.recording.opening.headers
        await self._client.accept(headers.items())
        self._playback.open(self._now_ns())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._deliver)
            await self._listen()

    async def _listen(self) -> None:
        """Compare what the client says with the record, until it leaves either."""
        while True:
            message = await self._client.receive()
            said = message if isinstance(message, str) else _describe(message)
            if divergence := self._playback.say(said, self._now_ns()):
                await self._stop(divergence)
            self._client_spoke.set()
            self._client_spoke = trio.Event()

    async def _deliver(self) -> None:
        """Send what is due, until the record or the client ends."""
        with suppress(ConnectionClosed):  # `_listen` hears out what it said before
            while not isinstance(step := await self._next_step(), Ended):
                self._unheard = 1  # until it is sent
                async with self._sending:
                    await self._client.send(step.message)
                self._unheard = 0
            self._end = step
            self._scope.cancel()

    async def _next_step(self) -> Heard | Ended:
        while (due_ns := self._playback.due_ns) is None:
            await self._wait_for_client()
        await self._sleep_until(due_ns)
        return self._playback.play(self._now_ns())

    async def _wait_for_client(self) -> None:
        with trio.move_on_after(self._silence_s) as patience:
            await self._client_spoke.wait()
        if patience.cancelled_caught and (
            divergence := self._playback.find_stall(self._now_ns())
        ):
            await self._stop(divergence)

    async def _stop(self, divergence: Divergence) -> None:
        """End the conversation, but never in the middle of a message."""
        async with self._sending:
            self._divergence = divergence
            self._scope.cancel()

    async def _sleep_until(self, due_ns: int) -> None:
        await trio.sleep_until(self._begun_s + due_ns / _NANOSECONDS)

    def _now_ns(self) -> int:
        return round((trio.current_time() - self._begun_s) * _NANOSECONDS)


def _describe(message: bytes) -> str:
    """Return what stands for a binary message; no client's is ever on record."""
    return f"a binary message of {len(message):,} bytes"


def _make_reason(divergence: Divergence) -> str:
    """Return kind and entry, and as much more as a close frame holds."""
    where = "" if divergence.entry is None else f", entry {divergence.entry}"
    return f"{divergence.kind}{where}: {divergence.what}"
