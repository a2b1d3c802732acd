"""The local service over loopback, with clients of other people's making."""

import json
import re
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import soundfile
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import connect as connect_sync

from fakes.clients import KEY, listen
from fakes.node import needs_node
from rimebatch.errors import EndpointError, OutputError
from rimebatch.server.faults import parse_fault
from rimebatch.server.logbook import open_logbook
from rimebatch.server.options import ServiceOptions
from rimebatch.server.profiles import CURRENT, PAGE, Profile
from rimebatch.server.service import _Service, serve_ws3
from rimebatch.server.voices import ToneVoice
from rimebatch.ws3.commands import Command, Eos, Flush, Text, encode_command
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps, decode_event

OPTIONS = ServiceOptions(voice=ToneVoice(), api_key="a-key", done_hold_s=0.0)
HELLO = "Hello there, my friend."
CLIENTS = Path(__file__).parents[1] / "clients"
PAGE_EXAMPLE = CLIENTS / "page_example.py"
NODE_EXAMPLE = CLIENTS / "node_ws.js"


@pytest.fixture
async def url(nursery: trio.Nursery) -> str:
    """Start a service for one test; its address, with the least query."""
    address = await nursery.start(serve_ws3, OPTIONS)
    return f"{address}?speaker=luna&audioFormat=pcm&samplingRate=24000"


def audio_of(text: str) -> bytes:
    """Return what the service's voice makes of *text*."""
    speech = ToneVoice().speak(text, speaker="luna", lang="eng")
    return speech.samples.tobytes()


def port_of(url: str) -> int:
    """Return the port in *url*."""
    return int(re.findall(r":(\d+)/", url)[0])


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[WebSocketConnection]:
    """Yield a connection by trio-websocket, and drop it at the end."""
    stream = await trio.open_tcp_stream("127.0.0.1", port_of(url))
    headers = [(name.encode(), value.encode()) for name, value in KEY.items()]
    target = url[url.index("/ws3") :]
    async with stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(
            nursery, stream, "127.0.0.1", target, extra_headers=headers
        )
        nursery.cancel_scope.cancel()


async def speak(connection: WebSocketConnection, text: str) -> bytes:
    """Have *text* spoken and return its audio."""
    for command in (Text(text), Flush()):
        await connection.send_message(encode_command(command))
    audio = b""
    while True:
        event = decode_event(str(await connection.get_message()))
        if isinstance(event, Done):
            return audio
        if isinstance(event, Chunk):
            audio += event.audio


async def check_service(url: str) -> None:
    """See that the service at *url* serves a client as always."""
    with trio.fail_after(10):
        async with connect(url) as connection:
            assert audio_of(HELLO) == await speak(connection, HELLO)


def talk_sync(url: str, *commands: Command) -> list[Event]:
    """Say *commands* by the `websockets` library and return all that comes."""
    with connect_sync(url, additional_headers=KEY) as connection:
        assert not connection.protocol.extensions
        for command in commands:
            connection.send(encode_command(command))
        return [decode_event(str(message)) for message in connection]


async def test_address(nursery: trio.Nursery) -> None:
    """A service says where it listens as soon as it does."""
    url = await nursery.start(serve_ws3, OPTIONS)

    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/ws3", url)


async def test_address_of_ipv6(nursery: trio.Nursery) -> None:
    """An address of the newer kind stands in brackets."""
    try:
        url = await nursery.start(partial(serve_ws3, OPTIONS, host="::1"))
    except EndpointError:
        pytest.skip("this machine has no IPv6")

    assert re.fullmatch(r"ws://\[::1\]:\d+/ws3", url)


async def test_taken_port(url: str) -> None:
    """A port that is taken is an error that names it."""
    with pytest.raises(EndpointError, match=f"port {port_of(url)}: cannot listen"):
        await serve_ws3(OPTIONS, port=port_of(url))


async def test_sync_client(url: str) -> None:
    """The `websockets` library gets its audio, times, done and a normal close."""
    events = await trio.to_thread.run_sync(talk_sync, url, Text(HELLO, "a"), Eos())
    audio = b"".join(event.audio for event in events if isinstance(event, Chunk))
    times = [event for event in events if isinstance(event, Timestamps)]

    assert audio_of(HELLO) == audio
    assert [tuple(HELLO.split())] == [event.words for event in times]
    assert Done("a") == events[-1]


@pytest.mark.parametrize("profile", [PAGE, CURRENT])
async def test_page_example(
    nursery: trio.Nursery, tmp_path: Path, profile: Profile
) -> None:
    """The page's own client, with another address and key, gets its audio."""
    options = ServiceOptions(ToneVoice(), profile, api_key="a-key")
    url = await nursery.start(serve_ws3, options)
    program = (
        PAGE_EXAMPLE.read_text()
        .replace("wss://users-ws.rime.ai/ws3", url)
        .replace('api_key="xxx"', 'api_key="a-key"')
    )
    run = await trio.run_process(
        [sys.executable, "-c", program], cwd=tmp_path, capture_stdout=True
    )
    heard = re.findall(r"^'(.*)' at time", run.stdout.decode(), re.MULTILINE)
    spoken = ToneVoice().speak(
        "This is an incomplete sentence ", speaker="astra", lang="eng"
    )
    samples, rate_hz = soundfile.read(tmp_path / "output.mp3")

    assert ["This", "is", "an", "incomplete", "sentence"] == heard
    assert (len(spoken.samples), 24_000) == (len(samples), rate_hz)


async def run_node(url: str, key: str, file: Path) -> list[str]:
    """Run the Node client, and return what it says."""
    run = await trio.run_process(
        ["node", str(NODE_EXAMPLE), url, key, str(file)], capture_stdout=True
    )
    return run.stdout.decode().splitlines()


@needs_node
async def test_node_client(url: str, tmp_path: Path) -> None:
    """A client for Node gets its audio, words, done and a normal close."""
    file = tmp_path / "audio.raw"
    lines = await run_node(f"{url}&segment=never", "a-key", file)

    assert [
        *("words This is a test.", "done first"),
        *("words And the end", "done second", "close 1000"),
    ] == lines
    assert audio_of("This is a test. ") + audio_of("And the end") == file.read_bytes()


@needs_node
async def test_node_client_without_done(nursery: trio.Nursery, tmp_path: Path) -> None:
    """From a service of the page's kind it gets the same, but for done."""
    options = ServiceOptions(ToneVoice(), PAGE, eos_close_code=1005)
    url = await nursery.start(serve_ws3, options)
    file = tmp_path / "audio.mulaw"
    target = f"{url}?speaker=luna&audioFormat=mulaw&samplingRate=8000&segment=never"

    assert [
        *("words This is a test.", "words And the end", "close 1005")
    ] == await run_node(target, "any", file)
    assert file.stat().st_size


@needs_node
async def test_node_client_refused(url: str, tmp_path: Path) -> None:
    """It is told why it is not let in."""
    lines = await run_node(url, "another-key", tmp_path / "none")

    assert "refused 401 invalid api key" in lines


@pytest.mark.parametrize(
    ("target", "headers", "status", "body"),
    [
        ("/ws2?speaker=luna", KEY, 404, "nothing here; the service is at /ws3"),
        ("/ws3?speaker=luna", {}, 401, "Missing Authorization header"),
        ("/ws3?speaker=luna", {"Authorization": "Bearer"}, 401, "empty apikey"),
        ("/ws3?speaker=luna", {"Authorization": "Bearer b"}, 401, "invalid api key"),
        ("/ws3", KEY, 400, "speaker is missing"),
    ],
)
async def test_refusals(
    url: str, target: str, headers: dict[str, str], status: int, body: str
) -> None:
    """A client that is not let in is told why, in plain text, before the upgrade."""
    address = url[: url.index("/ws3")] + target

    def knock() -> InvalidStatus:
        with (
            pytest.raises(InvalidStatus) as caught,
            connect_sync(address, additional_headers=headers),
        ):
            pytest.fail("this client was let in")
        return caught.value

    response = (await trio.to_thread.run_sync(knock)).response

    assert (status, body) == (response.status_code, (response.body or b"").decode())
    assert response.headers["Content-Type"].startswith("text/plain")


async def test_many_clients(url: str) -> None:
    """A hundred clients at a time each get their own audio."""
    heard: dict[str, bytes] = {}

    async def be_client(connection: WebSocketConnection, text: str) -> None:
        heard[text] = await speak(connection, text)

    texts = [f"Client {number}." for number in range(100)]
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connect(url)) for _ in texts]
        async with trio.open_nursery() as nursery:
            for connection, text in zip(connections, texts, strict=True):
                nursery.start_soon(be_client, connection, text)

    assert {text: audio_of(text) for text in texts} == heard


async def test_client_that_does_not_read(url: str) -> None:
    """A client that leaves its audio where it is holds up nobody else."""
    big = f"{url}&samplingRate=192000"  # 18 MB for a text, more than the line holds
    async with connect(big) as connection:
        for command in (Text("a" * 500), Flush()):
            await connection.send_message(encode_command(command))
        await connection.get_message()

        await check_service(url)


@pytest.mark.parametrize(
    "fault",
    [
        *("no-times", "drop", "reset", "reset-mid-frame", "bad-utf8", "freeze"),
        *("drip=0", "pings=9", "close=1011", "status=503", "reset-handshake"),
    ],
)
async def test_far_away(nursery: trio.Nursery, fault: str) -> None:
    """From far away a client gets the same, whatever goes wrong."""

    def hear(url: str) -> tuple[object, ...]:
        target = f"{url}?speaker=luna&segment=never"
        try:
            heard = listen(target, Text(HELLO), Eos(), patience_s=0.5)
        except (InvalidHandshake, OSError) as error:
            return type(error), str(error)
        return heard.messages, heard.end

    near = ServiceOptions(ToneVoice(), faults=(parse_fault(fault),))
    heard = []
    for options in (near, replace(near, round_trip_s=0.02)):
        url = await nursery.start(serve_ws3, options)
        heard.append(await trio.to_thread.run_sync(hear, url))

    assert heard[0] == heard[1]


async def test_handshake_from_far_away(nursery: trio.Nursery) -> None:
    """A handshake takes a round trip."""
    options = ServiceOptions(ToneVoice(), round_trip_s=0.05)
    url = f"{await nursery.start(serve_ws3, options)}?speaker=luna"
    begun_s = trio.current_time()
    async with connect(url):
        opened_s = trio.current_time()

    assert opened_s - begun_s >= 0.05


HANDSHAKE = (
    b"GET /ws3?speaker=luna HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-key\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
NO_MASK = bytes(4)


@asynccontextmanager
async def open_stream(url: str, *, reset: bool) -> AsyncIterator[trio.SocketStream]:
    """Yield a plain connection, and end it as asked for."""
    async with await trio.open_tcp_stream("127.0.0.1", port_of(url)) as stream:
        if reset:
            no_linger = struct.pack("ii", 1, 0)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        with suppress(trio.BrokenResourceError):  # the service may hang up first
            yield stream


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET /ws3 HTTP/1.1\r\nHost: x\r\n\r\n", id="no upgrade"),
        pytest.param(b"GET /ws3 HTTP/1.1\r\nX: " + b"x" * 70_000, id="big header"),
        pytest.param(HANDSHAKE.replace(b"13", b"12"), id="other version"),
        pytest.param(HANDSHAKE.replace(b"Bearer", b"Basic"), id="refused"),
        pytest.param(HANDSHAKE.replace(b"Host: x", b"Host: \xcb"), id="no host name"),
        pytest.param(HANDSHAKE[:100], id="half of it"),
        pytest.param(HANDSHAKE, id="no more"),
    ],
)
async def test_broken_request(url: str, request_: bytes, reset: bool) -> None:
    """Whatever a client asks for, and however it leaves, the service goes on."""
    async with open_stream(url, reset=reset) as stream:
        await stream.send_all(request_)

    await check_service(url)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"\x81\x02hi", id="no mask"),
        pytest.param(b"\x83\x80" + NO_MASK, id="reserved opcode"),
        pytest.param(b"\x81\x81" + NO_MASK + b"\xff", id="no UTF-8"),
        pytest.param(b"\x88\x81" + NO_MASK + b"\x03", id="half a close code"),
        pytest.param(b"\x88\x80" + NO_MASK, id="close"),
        pytest.param(b"\x89\x80" + NO_MASK, id="ping"),
        pytest.param(b"\x81\xff\x7f" + b"\xff" * 7, id="endless"),
        pytest.param(
            b"\x81\xff" + (2**21).to_bytes(8) + NO_MASK + b"a" * 2**21, id="big"
        ),
    ],
)
async def test_broken_frame(url: str, frame: bytes, reset: bool) -> None:
    """Whatever a client sends once it is in, the service goes on."""
    async with open_stream(url, reset=reset) as stream:
        await stream.send_all(HANDSHAKE)
        await stream.receive_some(4096)
        await stream.send_all(frame)

    await check_service(url)


async def test_client_that_vanishes(url: str) -> None:
    """A client may drop the line in the middle of its audio."""
    async with connect(url) as connection:
        for command in (Text("a" * 500), Flush()):
            await connection.send_message(encode_command(command))
        await connection.get_message()

    await check_service(url)


async def test_ping_after_the_close(url: str) -> None:
    """A ping that crosses the service's close does no harm to others."""
    eos = encode_command(Eos()).encode()
    async with open_stream(url, reset=False) as stream:
        await stream.send_all(HANDSHAKE)
        await stream.receive_some(4096)
        await stream.send_all(b"\x81" + bytes([0x80 | len(eos)]) + NO_MASK + eos)
        close = await stream.receive_some(4096)
        await stream.send_all(b"\x89\x80" + NO_MASK)
        await stream.receive_some(4096)

    await check_service(url)
    assert b"\x88\x02\x03\xe8" == close


async def test_silent_client(autojump_clock: trio.testing.MockClock) -> None:
    """A client that never asks for anything is dropped after ten seconds."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        with open_logbook(None) as logbook:
            await _Service(OPTIONS, logbook).serve_client(far)

    assert 10 == trio.current_time()


async def test_cancelled_service() -> None:
    """A service that is stopped drops its clients and frees its port."""
    running = trio.CancelScope()

    async def serve(task_status: trio.TaskStatus[str]) -> None:
        with running:
            await serve_ws3(OPTIONS, task_status=task_status)

    async with trio.open_nursery() as nursery:
        url = f"{await nursery.start(serve)}?speaker=luna"
        async with connect(url) as connection:
            running.cancel()
            with pytest.raises(ConnectionClosed):
                await connection.get_message()

    with pytest.raises(OSError, match="connect"):
        await trio.open_tcp_stream("127.0.0.1", port_of(url))


async def test_account_limit(nursery: trio.Nursery) -> None:
    """Above the limit clients are turned away, and let in again when there is room."""
    options = ServiceOptions(voice=ToneVoice(), api_key="a-key", account_limit=2)
    url = f"{await nursery.start(serve_ws3, options)}?speaker=luna"

    def knock() -> tuple[int, bytes]:
        with pytest.raises(InvalidStatus) as caught:
            listen(url)
        response = caught.value.response
        assert "Retry-After" not in response.headers
        return response.status_code, bytes(response.body or b"")

    async with connect(url):
        async with connect(url):
            third = await trio.to_thread.run_sync(knock)
        with trio.fail_after(5):
            while await is_full(url):
                await trio.lowlevel.checkpoint()

    assert (429, b"Currently at websocket limit") == third


async def is_full(url: str) -> bool:
    """Whether the service at *url* turns a client away."""
    try:
        heard = await trio.to_thread.run_sync(listen, url, Eos())
    except InvalidStatus:
        return True
    assert "close 1000" == heard.end
    return False


async def test_refused_clients_take_no_seat(nursery: trio.Nursery) -> None:
    """Who is not let in does not count."""
    options = ServiceOptions(voice=ToneVoice(), api_key="a-key", account_limit=1)
    url = await nursery.start(serve_ws3, options)

    def knock() -> None:
        with pytest.raises(InvalidStatus):
            listen(url)

    for _ in range(3):
        await trio.to_thread.run_sync(knock)
    assert not await is_full(f"{url}?speaker=luna")


async def test_log(nursery: trio.Nursery, tmp_path: Path) -> None:
    """Connections have numbers on the log, those that were turned away included."""
    log = tmp_path / "log.jsonl"
    faults = (parse_fault("no-times"), parse_fault("status@2"))
    options = ServiceOptions(ToneVoice(), faults=faults, log=log)
    url = f"{await nursery.start(serve_ws3, options)}?speaker=luna"
    for turned_away in (False, True, False):
        assert turned_away == await is_full(url)

    assert [1, 3] == [
        json.loads(line)["connection"] for line in log.read_text().splitlines()
    ]


async def test_log_that_cannot_be_written(tmp_path: Path) -> None:
    """A log that cannot be opened is an error before anybody is let in."""
    options = ServiceOptions(voice=ToneVoice(), log=tmp_path)
    with pytest.raises(OutputError, match="cannot write the log"):
        await serve_ws3(options)


async def test_full_disk() -> None:
    """A service whose log is full ends: its bill would not be true."""
    options = ServiceOptions(voice=ToneVoice(), log=Path("/dev/full"))
    with pytest.RaisesGroup(OutputError, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            url = await nursery.start(serve_ws3, options)
            await trio.to_thread.run_sync(listen, f"{url}?speaker=luna", Flush())
