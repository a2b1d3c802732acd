"""The replay service over loopback, with clients of other people's making."""

import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
import pytest
import trio
from trio_websocket import wrap_client_stream
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect as connect_sync

from fakes.clients import KEY, Heard, listen
from fakes.node import needs_node
from fakes.recordings import (
    BY_SENTENCE,
    EOS,
    FLUSH,
    chunk,
    done,
    ended,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    times,
)
from fakes.transcripts import HEADER
from rimebatch.errors import ConnectionClosedError, EndpointError
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import open_live
from rimebatch.replay import (
    Divergence,
    DivergenceKind,
    Opening,
    Recording,
    ReplayOptions,
    read_recording,
)
from rimebatch.replay import Heard as HeardStep
from rimebatch.server import PAGE, ServiceOptions, serve_ws3
from rimebatch.server.replay_service import Addresses, ReplayService, serve_replay
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3 import Chunk, decode_event
from rimebatch.ws3.query import Query, encode_query

AT_ONCE: Final = ReplayOptions(pace=0)
PATIENCE_S: Final = 20.0  # far beyond everything here, for slow machines
CLIENTS: Final = Path(__file__).parents[1] / "clients"
PAGE_EXAMPLE: Final = CLIENTS / "page_example.py"
NODE_EXAMPLE: Final = CLIENTS / "node_ws.js"

PAGE_QUERY: Final = (
    ("speaker", "astra"),
    ("modelId", "arcana"),
    ("audioFormat", "mp3"),
)
PAGE_SAYS: Final = (
    *('{"text":"This "}', '{"text":"is "}', '{"text":"a "}', '{"text":"test "}'),
    '{"operation":"clear"}',
    *('{"text":"This "}', '{"text":"is "}', '{"text":"an "}'),
    *('{"text":"incomplete "}', '{"text":"sentence "}', '{"operation":"eos"}'),
)
NODE_QUERY: Final = (
    *(("speaker", "luna"), ("audioFormat", "pcm")),
    *(("samplingRate", "24000"), ("segment", "never")),
)
NODE_SAYS: Final = (
    *(f'{{"text":"{word} ","contextId":"first"}}' for word in ("This", "is", "a")),
    '{"text":"test. ","contextId":"first"}',
    '{"operation":"flush"}',
    '{"text":"And the end","contextId":"second"}',
    '{"operation":"eos"}',
)
ONE: Final = (text("One.", "one"), FLUSH, EOS)


@dataclass(frozen=True)
class Replayed:
    """A replay service that runs.

    Attributes:
        addresses: Where.
        service: What it knows.
    """

    addresses: Addresses
    service: ReplayService

    def url(self, query: Query = BY_SENTENCE, transcript: str = "") -> str:
        """Return the address for *query*, and for that transcript if one is named."""
        pairs = (*query, ("transcript", transcript)) if transcript else query
        return f"{self.addresses.url}?{encode_query(pairs)}"

    async def hear(
        self,
        *said_: str | bytes,
        query: Query = BY_SENTENCE,
        transcript: str = "",
        patience_s: float = PATIENCE_S,
    ) -> Heard:
        """Connect, say that, and return what is heard."""
        hearing = partial(
            listen, self.url(query, transcript), *said_, patience_s=patience_s
        )
        return await trio.to_thread.run_sync(hearing)

    async def knock(self, query: Query = BY_SENTENCE, transcript: str = "") -> Response:
        """Connect to be refused; return the answer."""

        def knock() -> Response:
            with (
                pytest.raises(InvalidStatus) as caught,
                connect_sync(self.url(query, transcript), additional_headers=KEY),
            ):
                pytest.fail("this client was let in")
            return caught.value.response

        return await trio.to_thread.run_sync(knock)

    async def judge(self) -> dict[str, object]:
        """Return the verdict as the control address tells it."""

        def read() -> dict[str, object]:
            with urlopen(self.addresses.control) as response:
                verdict: dict[str, object] = json.load(response)
                return verdict

        return await trio.to_thread.run_sync(read)

    @asynccontextmanager
    async def open_stream(self) -> AsyncIterator[tuple[trio.SocketStream, str]]:
        """Yield a line that is dropped at the end, and the target to ask for."""
        parts = urlsplit(self.url())
        stream = await trio.open_tcp_stream(str(parts.hostname), self.port)
        try:
            yield stream, f"{parts.path}?{parts.query}"
        finally:
            await trio.aclose_forcefully(stream)

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.addresses.url).port or 0

    async def find_divergence(self) -> Divergence:
        """Return the only one, after the client has gone."""
        with trio.fail_after(PATIENCE_S):
            while not self.service.verdict.divergences:
                await trio.lowlevel.checkpoint()
        [divergence] = self.service.verdict.divergences
        return divergence


@asynccontextmanager
async def replaying(
    *recordings: Recording,
    options: ReplayOptions = AT_ONCE,
    once: bool = False,
    silence_s: float = PATIENCE_S,
    tell: Callable[[Divergence], None] = lambda _: None,
) -> AsyncIterator[Replayed]:
    """Yield a service that plays *recordings*, at once, and stop it at the end."""
    service = ReplayService(
        recordings, options, once=once, silence_s=silence_s, tell=tell
    )
    async with trio.open_nursery() as nursery:
        addresses: Addresses = await nursery.start(serve_replay, service)
        with trio.fail_after(2 * PATIENCE_S):
            yield Replayed(addresses, service)
        nursery.cancel_scope.cancel()


def conversation(name: str = "0001.jsonl", query: Query = BY_SENTENCE) -> Recording:
    """Return a recording of one take, under the id "one"."""
    return make(*take("one"), *farewell(), name=name, query=query)


async def hear_out(line: Transport) -> None:
    """Receive what comes, until the other side closes."""
    with suppress(ConnectionClosedError):
        while True:
            await line.receive()


async def record(
    path: Path, options: ServiceOptions, query: Query, *messages: str
) -> Recording:
    """Record what the local service answers to *messages*."""
    async with trio.open_nursery() as nursery:
        url: str = await nursery.start(serve_ws3, options)
        header = msgspec.structs.replace(HEADER, query=query)
        tick = count(0, 1_000_000)
        with TranscriptWriter(path, header, tick.__next__) as transcript:
            async with open_live(Endpoint(url, "a-key"), query, transcript) as line:
                for message in messages:
                    await line.send(message)
                await hear_out(line)
        nursery.cancel_scope.cancel()
    return read_recording(path)


async def test_the_same_messages(tmp_path: Path) -> None:
    """A client hears what is on record, message by message and byte for byte."""
    options = ServiceOptions(ToneVoice(), done_hold_s=0.0)
    recording = await record(tmp_path / "a.jsonl", options, NODE_QUERY, *NODE_SAYS)
    async with replaying(recording) as replayed:
        answer = await replayed.hear(*NODE_SAYS, query=NODE_QUERY)
        verdict = await replayed.judge()

    recorded = [s.message for s in recording.steps if isinstance(s, HeardStep)]
    assert len(recorded) > 20
    assert (tuple(recorded), "close 1000") == (answer.messages, answer.end)
    assert {
        "ok": True,
        "played": [recording.name],
        "playing": [],
        "unplayed": [],
        "divergences": [],
    } == verdict


async def test_page_example(tmp_path: Path) -> None:
    """The page's own client, with another address, gets the audio that is on record."""
    options = ServiceOptions(ToneVoice(), PAGE)
    recording = await record(tmp_path / "a.jsonl", options, PAGE_QUERY, *PAGE_SAYS)
    async with replaying(recording) as replayed:
        program = PAGE_EXAMPLE.read_text().replace(
            "wss://users-ws.rime.ai/ws3", replayed.addresses.url
        )
        run = await trio.run_process(
            [sys.executable, "-c", program], cwd=tmp_path, capture_stdout=True
        )
        verdict = replayed.service.verdict
    words = re.findall(r"^'(.*)' at time", run.stdout.decode(), re.MULTILINE)

    assert verdict.ok
    assert ["This", "is", "an", "incomplete", "sentence"] == words
    assert audio_of(recording) == (tmp_path / "output.mp3").read_bytes()


def audio_of(recording: Recording) -> bytes:
    """Return the audio in *recording*."""
    events = [
        decode_event(str(step.message))
        for step in recording.steps
        if isinstance(step, HeardStep)
    ]
    return b"".join(event.audio for event in events if isinstance(event, Chunk))


@needs_node
async def test_node_client(tmp_path: Path) -> None:
    """A client for Node gets the audio, words, done and close that are on record."""
    options = ServiceOptions(ToneVoice(), done_hold_s=0.0)
    recording = await record(tmp_path / "a.jsonl", options, NODE_QUERY, *NODE_SAYS)
    file = tmp_path / "audio.raw"
    async with replaying(recording, once=True) as replayed:
        url = replayed.url(NODE_QUERY)
        run = await trio.run_process(
            ["node", str(NODE_EXAMPLE), url, "any", str(file)], capture_stdout=True
        )
        verdict = replayed.service.verdict

    assert verdict.ok
    assert [
        *("words This is a test.", "done first"),
        *("words And the end", "done second", "close 1000"),
    ] == run.stdout.decode().splitlines()
    assert audio_of(recording) == file.read_bytes()


@pytest.mark.parametrize(
    ("code", "reason", "end"),
    [
        (1000, "", "close 1000"),
        (1011, "text too long", "close 1011 text too long"),
        (1005, "", "close 1005"),
        (4001, "Grüße", "close 4001 Grüße"),
        (1006, "the line ended without a closing handshake", "lost"),
    ],
)
async def test_ends(code: int, reason: str, end: str) -> None:
    """A connection ends as on record: by a code, by none, or without a word."""
    recording = make(said(EOS), ended("server", code, reason), query=BY_SENTENCE)
    async with replaying(recording) as replayed:
        answer = await replayed.hear(EOS)

    assert ((), end) == (answer.messages, answer.end)
    assert replayed.service.verdict.ok


async def test_binary_message() -> None:
    """What was binary on record is binary again."""
    recording = make(said(EOS), heard(b"\0\xff"), ended(), query=BY_SENTENCE)
    async with replaying(recording) as replayed:
        answer = await replayed.hear(EOS)

    assert (b"\0\xff",) == answer.messages


async def test_headers_of_the_handshake() -> None:
    """The headers that are on record come with the handshake."""
    headers = {"x-request-id": "17", "server": "somebody"}
    recording = make(
        *(said(EOS), ended()), query=BY_SENTENCE, opening=Opening(1, 0, 101, headers)
    )

    def connect(url: str) -> dict[str, str]:
        with connect_sync(url, additional_headers=KEY) as line:
            line.send(EOS)
            assert line.response is not None
            return {
                name.lower(): value for name, value in line.response.headers.items()
            }

    async with replaying(recording) as replayed:
        got = await trio.to_thread.run_sync(connect, replayed.url())

    assert headers == {name: got[name] for name in headers}


async def test_refusal() -> None:
    """A handshake that was refused is refused again, with all that came with it."""
    headers = {"retry-after": "2", "content-type": "application/json"}
    opening = Opening(1, 0, 429, headers, '{"error":"busy"}')
    async with replaying(make(query=BY_SENTENCE, opening=opening)) as replayed:
        response = await replayed.knock()

    assert (429, b'{"error":"busy"}') == (response.status_code, response.body)
    assert headers == {name: response.headers[name] for name in headers}
    assert replayed.service.verdict.ok


async def test_lost_before_the_opening() -> None:
    """A line that was lost before there was an answer is dropped."""
    opening = Opening(1, 0, None, text="the line ended during the handshake")

    def connect(url: str) -> None:
        with pytest.raises(InvalidMessage), connect_sync(url):
            pytest.fail("this client was let in")

    async with replaying(make(query=BY_SENTENCE, opening=opening)) as replayed:
        await trio.to_thread.run_sync(connect, replayed.url())

    assert replayed.service.verdict.ok


async def test_any_credential() -> None:
    """A client needs no key."""
    recording = make(said(EOS), ended(), query=BY_SENTENCE)

    def connect(url: str) -> None:
        with connect_sync(url) as line:
            line.send(EOS)

    async with replaying(recording, once=True) as replayed:
        await trio.to_thread.run_sync(connect, replayed.url())
        await replayed.service.wait_done()

    assert replayed.service.verdict.ok


async def test_context_ids_of_the_client() -> None:
    """A client has its own context ids, and what is not said of them stays as it is."""
    odd = '{ "type":"done" , "contextId" : "one" }'
    steps = (*take("one", chunks=1), heard(odd), *farewell())
    async with replaying(make(*steps, query=BY_SENTENCE)) as replayed:
        answer = await replayed.hear(text("One.", "my own"), FLUSH, EOS)

    assert (
        chunk("my own", b"\0\0"),
        done("my own"),
        odd.replace('"one"', '"my own"'),
    ) == answer.messages
    assert replayed.service.verdict.ok


async def test_pings() -> None:
    """A ping of the client is answered, and is no part of the conversation."""
    async with replaying(make(said(EOS), ended(), query=BY_SENTENCE)) as replayed:

        def ping() -> bool:
            with connect_sync(replayed.url(), additional_headers=KEY) as line:
                ponged = line.ping().wait(PATIENCE_S)
                line.send(EOS)
                return ponged

        assert await trio.to_thread.run_sync(ping)


async def test_times() -> None:
    """What is heard comes after the recorded time, and not before it was asked for."""
    steps = (said(EOS), heard(done(), after_ms=150), ended(after_ms=150))
    recording = make(*steps, query=BY_SENTENCE)
    begun = trio.current_time()
    async with replaying(recording, options=ReplayOptions()) as replayed:
        await replayed.hear(EOS)

    assert trio.current_time() - begun > 0.35  # 0.05 s for the opening


async def test_many_clients_at_a_time() -> None:
    """Clients at the same time each have a recording, and none waits for another."""
    async with replaying(conversation("a"), conversation("b"), once=True) as replayed:
        url = replayed.url()

        def talk() -> int:
            with connect_sync(url) as first, connect_sync(url) as second:
                for line in (second, first):
                    for message in ONE:
                        line.send(message)
                return len(list(first)) + len(list(second))

        messages = await trio.to_thread.run_sync(talk)
        await replayed.service.wait_done()

    assert 6 == messages
    assert ("a", "b") == replayed.service.verdict.played
    assert replayed.service.verdict.ok


OTHER_QUERY: Final = (*BY_SENTENCE[1:], ("speaker", "astra"))


async def test_the_query_chooses() -> None:
    """A client gets the recording whose query is its own, in whichever order."""
    other = make(said(EOS), ended(code=1001), name="other", query=OTHER_QUERY)
    async with replaying(conversation(), other, once=True) as replayed:
        answer = await replayed.hear(EOS, query=OTHER_QUERY[::-1])
        verdict = await replayed.judge()

    assert "close 1001" == answer.end
    assert (["other"], ["0001.jsonl"]) == (verdict["played"], verdict["unplayed"])
    assert not verdict["ok"]


@pytest.mark.parametrize(
    "name", ["0002", "0002.jsonl", "ch02/0002", "out/transcripts/ch02/0002.jsonl"]
)
async def test_the_url_chooses(name: str) -> None:
    """A client that names a recording, by the end of its path, gets that one."""
    recordings = (
        conversation("out/transcripts/ch01/0001.jsonl"),
        conversation("out/transcripts/ch02/0002.jsonl"),
    )
    async with replaying(*recordings) as replayed:
        answer = await replayed.hear(*ONE, transcript=name)

    assert "close 1000" == answer.end
    assert (recordings[1].name,) == replayed.service.verdict.played


@pytest.mark.parametrize("name", ["0003", "002", "2/0002", "\n"])
async def test_the_url_chooses_what_is_not_there(name: str) -> None:
    """A name that no recording has is a divergence, in one line of plain text."""
    async with replaying(conversation("ch02/0002.jsonl")) as replayed:
        response = await replayed.knock(transcript=name)

    said_ = f"the record: handshake: no recording that waits is called {name!r}"
    assert (409, said_.encode()) == (response.status_code, response.body)


async def test_turns() -> None:
    """Recordings take turns for as long as clients come, the unplayed ones first."""
    names = [f"{number:04}" for number in range(3)]
    async with replaying(*map(conversation, names)) as replayed:
        played = []
        await replayed.hear(*ONE, transcript="0001")
        for _ in range(3):
            before = replayed.service.verdict
            await replayed.hear(*ONE)
            after = replayed.service.verdict
            played.append(sorted(set(after.played) - set(before.played)))

    assert [["0000"], ["0002"], []] == played
    assert replayed.service.verdict.ok


async def test_another_path() -> None:
    """The service is where Rime's is, and nowhere else; that is no divergence."""
    async with replaying(conversation()) as replayed:
        url = replayed.url().replace("/ws3", "/ws2")

        def knock() -> int:
            with pytest.raises(InvalidStatus) as caught, connect_sync(url):
                pytest.fail("this client was let in")
            return caught.value.response.status_code

        assert 404 == await trio.to_thread.run_sync(knock)

    assert () == replayed.service.verdict.divergences


CHANGED: Final = (text("Two.", "one"), FLUSH, EOS)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (CHANGED, "changed, entry 2: the client said something else at $.text"),
        ((FLUSH,), "changed, entry 2: the client said something else at "),
        ((b"One.",), "changed, entry 2: the client said something else at $"),
        (
            ('{"text":"\\ud800"}',),
            "changed, entry 2: the client said something else at",
        ),
        ((*ONE[:2], FLUSH), "changed, entry 7: the client said something else at "),
    ],
)
async def test_client_that_says_something_else(
    messages: tuple[str | bytes, ...], reason: str
) -> None:
    """It is closed with a code of ours, and the kind and the entry as the reason."""
    async with replaying(conversation()) as replayed:
        answer = await replayed.hear(*messages)
        verdict = await replayed.judge()
        [divergence] = replayed.service.verdict.divergences

    assert answer.end.startswith(f"close 4400 {reason}")
    assert [
        {**json.loads(divergence.encode()), "report": divergence.report}
    ] == verdict["divergences"]
    assert (False, ["0001.jsonl"]) == (verdict["ok"], verdict["played"])


async def test_long_reason() -> None:
    """A reason that a close frame does not hold is cut, at a character."""
    keys = {"ü" * 60: 1}
    async with replaying(conversation()) as replayed:
        answer = await replayed.hear(json.dumps(keys))

    reason = answer.end.removeprefix("close 4400 ")
    assert reason.startswith("changed, entry 2: ")
    assert 120 < len(reason.encode()) <= 123
    assert "�" not in reason


async def test_client_that_goes_on() -> None:
    """What is said where the record has nothing more is extra."""
    steps = (said(EOS), heard(done(), after_ms=10_000), ended())
    recording = make(*steps, query=BY_SENTENCE)
    async with replaying(recording, options=ReplayOptions()) as replayed:
        answer = await replayed.hear(EOS, FLUSH)

    assert answer.end.startswith("close 4400 extra: the client said something where")


async def test_client_that_speaks_too_early() -> None:
    """Where the whole order of the record counts, nobody may run ahead of it."""
    options = ReplayOptions(gate="total")
    steps = (*take("one", chunks=1), *take("two", chunks=1), *farewell())
    recording = make(*steps, query=BY_SENTENCE)
    async with replaying(recording, options=options) as replayed:
        answer = await replayed.hear(text("One.", "one"), FLUSH, text("Two.", "two"))

    assert answer.end.startswith("close 4400 early, entry 6: ")


async def test_client_that_leaves_early() -> None:
    """A client that leaves before it has said everything misses something."""
    async with replaying(conversation()) as replayed:
        await replayed.hear(*ONE[:2], patience_s=0.1)
        divergence = await replayed.find_divergence()

    assert ("missing", 7) == (divergence.kind, divergence.entry)


async def test_client_that_does_not_listen() -> None:
    """A client that leaves before it has heard everything is told apart."""
    steps = (said(EOS), heard(done(), after_ms=10_000), ended())
    recording = make(*steps, query=BY_SENTENCE)
    async with replaying(recording, options=ReplayOptions()) as replayed:
        await replayed.hear(EOS, patience_s=0.1)
        divergence = await replayed.find_divergence()

    assert ("unplayed", 3) == (divergence.kind, divergence.entry)


async def test_client_that_waits() -> None:
    """A client that says nothing, where the record waits for it, is sent away."""
    async with replaying(conversation(), silence_s=0.05) as replayed:
        answer = await replayed.hear(text("One.", "one"), FLUSH)

    assert 3 == len(answer.messages)
    assert answer.end.startswith("close 4400 missing, entry 7: the client waits")


async def test_client_that_leaves_as_on_record() -> None:
    """A client that once left first may do so again, whatever came after that."""
    steps = (said(FLUSH), ended("client"), heard(chunk()), heard(times()), ended())
    async with replaying(make(*steps, query=BY_SENTENCE), once=True) as replayed:
        await replayed.hear(FLUSH, patience_s=0.1)
        await replayed.service.wait_done()

    assert replayed.service.verdict.ok


async def test_client_of_a_record_that_breaks_off() -> None:
    """Where the record ends by a crash, nobody is held to what came after it."""
    steps = (said(EOS), ended("server", 1006))
    recording = make(*steps, query=BY_SENTENCE, faulty_from=0)
    async with replaying(recording, silence_s=0.01) as replayed:
        answer = await replayed.hear(FLUSH, patience_s=0.1)

    assert "silence" == answer.end
    assert () == replayed.service.verdict.divergences


async def test_client_that_is_gone_before_the_opening() -> None:
    """A client that does not wait for the handshake has said nothing."""
    recording = make(*take("one"), query=BY_SENTENCE, opening=Opening(1, 10**8, 101))
    async with replaying(recording, options=ReplayOptions()) as replayed:
        async with replayed.open_stream() as (stream, target), trio.open_nursery() as n:
            n.start_soon(wrap_client_stream, n, stream, "127.0.0.1", target)
            while not replayed.service.verdict.playing:
                await trio.lowlevel.checkpoint()
            n.cancel_scope.cancel()
        divergence = await replayed.find_divergence()

    assert DivergenceKind.MISSING == divergence.kind


async def test_client_that_vanishes() -> None:
    """What is on its way to a client that is gone was not heard."""
    big = heard(chunk(None, bytes(500_000)))
    recording = make(said(EOS), *[big] * 40, ended(), query=BY_SENTENCE)
    async with replaying(recording) as replayed:
        async with replayed.open_stream() as (stream, target), trio.open_nursery() as n:
            line = await wrap_client_stream(n, stream, "127.0.0.1", target)
            await line.send_message(EOS)
            await line.get_message()
            n.cancel_scope.cancel()
        divergence = await replayed.find_divergence()

    assert DivergenceKind.UNPLAYED == divergence.kind


async def test_another_query() -> None:
    """A client with a query that no recording has is refused, and told what differs."""
    told: list[Divergence] = []
    async with replaying(conversation(), tell=told.append) as replayed:
        response = await replayed.knock(query=OTHER_QUERY)
        [divergence] = replayed.service.verdict.divergences

    what = "0001.jsonl: handshake: the client connects with another query: speaker"
    assert (409, what.encode()) == (response.status_code, response.body)
    assert [divergence] == told


async def test_one_connection_too_many() -> None:
    """Once all are taken, whoever comes is refused."""
    async with replaying(conversation(), once=True) as replayed:
        url = replayed.url()

        def connect_twice() -> Response:
            with (
                connect_sync(url),
                pytest.raises(InvalidStatus) as caught,
                connect_sync(url),
            ):
                pytest.fail("this client was let in")
            return caught.value.response

        response = await trio.to_thread.run_sync(connect_twice)

    assert 409 == response.status_code
    assert b"extra-connection" in (response.body or b"")


async def test_while_it_is_played() -> None:
    """The verdict tells which recordings are being played."""
    async with replaying(conversation("a"), conversation("b")) as replayed:
        url = replayed.url()

        def connect() -> dict[str, object]:
            with connect_sync(url), urlopen(replayed.addresses.control) as response:
                verdict: dict[str, object] = json.load(response)
                return verdict

        verdict = await trio.to_thread.run_sync(connect)

    assert (["a"], ["b"]) == (verdict["playing"], verdict["unplayed"])
    assert not verdict["ok"]


async def test_done() -> None:
    """It is over when each was played once and all clients have gone."""
    service = ReplayService((conversation("a"), conversation("b")), AT_ONCE, once=True)
    async with trio.open_nursery() as nursery:
        serving = partial(serve_replay, service, until=service.wait_done)
        addresses = await nursery.start(serving)
        replayed = Replayed(addresses, service)
        with trio.fail_after(PATIENCE_S):
            await replayed.hear(*ONE)
            await replayed.hear(*ONE)

    assert service.verdict.ok


async def test_done_after_a_divergence() -> None:
    """It is over, too, when something went wrong and all clients have gone."""
    service = ReplayService((conversation("a"), conversation("b")), AT_ONCE, once=True)
    async with trio.open_nursery() as nursery:
        serving = partial(serve_replay, service, until=service.wait_done)
        addresses = await nursery.start(serving)
        with trio.fail_after(PATIENCE_S):
            await Replayed(addresses, service).hear(*CHANGED)

    assert (("a",), ("b",)) == (service.verdict.played, service.verdict.unplayed)


async def test_never_done() -> None:
    """Where recordings take turns, it goes on whatever a client does."""
    service = ReplayService([conversation()], AT_ONCE)
    async with trio.open_nursery() as nursery:
        serving = partial(serve_replay, service, until=service.wait_done)
        replayed = Replayed(await nursery.start(serving), service)
        with trio.fail_after(PATIENCE_S):
            ends = [(await replayed.hear(*said_)).end for said_ in (CHANGED, ONE)]
        nursery.cancel_scope.cancel()

    assert ends[0].startswith("close 4400 changed")
    assert "close 1000" == ends[1]


async def test_taken_port() -> None:
    """A port that is taken is an error that names it."""
    async with replaying(conversation()) as replayed:
        with pytest.raises(EndpointError, match=f"port {replayed.port}: cannot listen"):
            await serve_replay(replayed.service, port=replayed.port)
