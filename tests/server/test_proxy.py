"""The recording proxy over loopback, between other people's clients and services."""

import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.sync.client import connect as connect_sync
from wsproto.frame_protocol import CloseReason

from fakes.clients import listen
from fakes.peers import Peer, Serve, open_peer
from fakes.transcripts import open_transcript, read_kinds, read_last
from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    OutputError,
    SecretError,
)
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import ReplayOptions, read_recording
from rimebatch.server.options import ServiceOptions
from rimebatch.server.proxy import Passage, ProxyOptions, serve_proxy
from rimebatch.server.rough_stream import drop_stream
from rimebatch.server.service import serve_ws3
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import Entry, Redactor, read_entries, read_header
from rimebatch.ws3 import Eos, Flush, Text, encode_command

QUERY = "speaker=luna&modelId=arcana&audioFormat=pcm&samplingRate=8000&segment=never"
TOKEN = "a-canary-of-a-key"
BEARER = f"Bearer {TOKEN}"
KEY = [(b"Authorization", BEARER.encode())]
SAID = (Text("Hello there, my friend.", "a"), Flush(), Text("And more."), Eos())
MANY = 100  # megabytes; the system keeps a few of them at each end of a line
PATIENCE_S = 20.0  # far beyond everything here, for slow machines
HANDSHAKE = (
    f"GET /ws3?{QUERY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()
PAGE_EXAMPLE = Path(__file__).parents[1] / "clients" / "page_example.py"


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs.

    Attributes:
        url: Where it listens.
        folder: Where it records.
        passages: What it tells.
        scope: What it runs in.
    """

    url: str
    folder: Path
    passages: trio.MemoryReceiveChannel[Passage]
    scope: trio.CancelScope

    async def wait(self) -> Passage:
        """Return what it tells of the connection that ends next."""
        with trio.fail_after(PATIENCE_S):
            return await self.passages.receive()

    async def entries(self) -> list[Entry]:
        """Return what is on record of the connection that ends next."""
        return list(read_entries((await self.wait()).path))


@asynccontextmanager
async def open_proxy(
    upstream: str, folder: Path, secrets: tuple[str, ...] = ()
) -> AsyncIterator[Proxy]:
    """Yield a proxy in front of *upstream*, and stop it at the end."""
    tell, passages = trio.open_memory_channel[Passage](100)
    options = ProxyOptions(
        upstream,
        folder / "recorded",
        "a-job",
        name="somewhere",
        client={"test": "1"},
        redactor=Redactor(secrets=secrets),
    )
    scope = trio.CancelScope()

    async def serve(task_status: trio.TaskStatus[str]) -> None:
        with scope:
            await serve_proxy(options, tell.send_nowait, task_status=task_status)

    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve)
        with trio.fail_after(PATIENCE_S):
            yield Proxy(url, options.folder, passages, scope)
        nursery.cancel_scope.cancel()


@dataclass(frozen=True)
class Client:
    """A client by trio-websocket, and the line that it is on."""

    websocket: WebSocketConnection
    line: trio.SocketStream

    async def read(self) -> str | bytes:
        """Return the next message."""
        return await self.websocket.get_message()

    async def read_end(self) -> tuple[int, str]:
        """Return code and reason of the end, whatever comes before it."""
        with suppress(ConnectionClosed):
            while True:
                await self.read()
        closed = self.websocket.closed
        assert closed
        return closed.code, closed.reason or ""

    async def drop(self) -> None:
        """Drop the line without a word."""
        await trio.aclose_forcefully(self.line)


@asynccontextmanager
async def open_line(url: str) -> AsyncIterator[trio.SocketStream]:
    """Yield a line to *url* on which nothing has been said, and drop it at the end."""
    port = int(re.findall(r":(\d+)/", url)[0])
    async with await trio.open_tcp_stream("127.0.0.1", port) as line:
        yield line


@asynccontextmanager
async def open_client(url: str, query: str = QUERY) -> AsyncIterator[Client]:
    """Yield a client that is let in at *url*, and drop its line at the end."""
    async with open_line(url) as line, trio.open_nursery() as nursery:
        websocket = await wrap_client_stream(
            nursery, line, "127.0.0.1", f"/ws3?{query}", extra_headers=KEY
        )
        yield Client(websocket, line)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_proxied(
    serve: Serve, folder: Path, query: str = QUERY
) -> AsyncIterator[tuple[Client, Proxy]]:
    """Yield a client whom a proxy connects to a server that does as *serve* says."""
    async with (
        open_peer(serve) as upstream,
        open_proxy(upstream, folder) as proxy,
        open_client(proxy.url, query) as client,
    ):
        yield client, proxy


@asynccontextmanager
async def open_behind(
    serve: Serve, folder: Path
) -> AsyncIterator[tuple[trio.SocketStream, Proxy]]:
    """Yield the bare line of a client that has asked to be let in, and the proxy."""
    async with (
        open_peer(serve) as upstream,
        open_proxy(upstream, folder) as proxy,
        open_line(proxy.url) as line,
    ):
        await line.send_all(HANDSHAKE)
        yield line, proxy


@pytest.fixture
async def service(nursery: trio.Nursery) -> str:
    """Start the local service for one test; its address."""
    options = ServiceOptions(voice=ToneVoice(), speed=0.0)
    url: str = await nursery.start(serve_ws3, options)
    return url


async def run_page_example(url: str, folder: Path) -> bytes:
    """Run the page's own client against *url*, and return its audio."""
    await trio.Path(folder).mkdir()
    program = (
        PAGE_EXAMPLE.read_text()
        .replace("wss://users-ws.rime.ai/ws3", url)
        .replace('api_key="xxx"', f'api_key="{TOKEN}"')
    )
    await trio.run_process(
        [sys.executable, "-c", program], cwd=folder, capture_stdout=True
    )
    return (folder / "output.mp3").read_bytes()


async def test_page_example(
    service: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The page's own client gets the same audio; every message and no key is kept."""
    caplog.set_level(logging.DEBUG)
    direct = await run_page_example(service, tmp_path / "direct")
    async with open_proxy(service, tmp_path) as proxy:
        proxied = await run_page_example(proxy.url, tmp_path / "proxied")
        passage = await proxy.wait()
    content = passage.path.read_bytes()
    kinds = read_kinds(passage.path)

    assert direct == proxied
    assert passage.error is None
    assert [11, 1] == [kinds.count(kind) for kind in ("sent", "opened")]
    assert b'"sent":{"text": "incomplete "}}' in content
    assert "sealed" == kinds[-1]
    assert TOKEN.encode() not in content
    assert TOKEN not in caplog.text


async def test_every_message(service: str, tmp_path: Path) -> None:
    """What a client hears is what it hears without the proxy, and what is on record."""
    direct = await trio.to_thread.run_sync(listen, f"{service}?{QUERY}", *SAID)
    async with open_proxy(service, tmp_path) as proxy:
        heard = await trio.to_thread.run_sync(listen, f"{proxy.url}?{QUERY}", *SAID)
        entries = await proxy.entries()
    received = [entry.value for entry in entries if entry.kind == "received"]

    assert direct == heard
    assert "close 1000" == heard.end
    assert list(heard.messages) == received
    assert [encode_command(command) for command in SAID] == [
        entry.value for entry in entries if entry.kind == "sent"
    ]


async def test_replay(service: str, tmp_path: Path) -> None:
    """A transcript of the proxy plays the service, like one of the recorder."""
    async with open_proxy(service, tmp_path) as proxy:
        heard = await trio.to_thread.run_sync(listen, f"{proxy.url}?{QUERY}", *SAID)
        recording = read_recording((await proxy.wait()).path)
    replay = Replay([recording], ReplayOptions(pace=0))
    messages: list[str] = []
    with open_transcript(tmp_path / "again.jsonl") as transcript:
        async with replay.connect(recording.header.query, transcript) as transport:
            for command in SAID:
                await transport.send(encode_command(command))
            with suppress(ConnectionClosedError):
                while True:
                    messages.append((await transport.receive()).message)

    assert list(heard.messages) == messages
    assert [] == replay.divergences


async def keep(peer: Peer) -> None:
    """Be a server that lets everybody in, and hears them out."""
    await peer.accept()
    await peer.wait_gone()


async def keep_and_answer(peer: Peer) -> None:
    """Be a server that lets everybody in, and answers their close."""
    await peer.accept()
    await peer.read_frame()
    await peer.wait_gone()


async def say_and_leave(peer: Peer) -> None:
    """Be a server that says a word and drops the line."""
    await peer.accept()
    await peer.send_text('"word"')


async def test_request(tmp_path: Path) -> None:
    """The query goes on in its order, with its values, and the key goes with it."""
    asked: list[tuple[str, str | None]] = []

    async def serve(peer: Peer) -> None:
        request = await peer.accept()
        asked.append((request.path, request.headers.get("Authorization")))

    query = "speaker=l%C3%BA%20na&b=2&a=&b=1"
    async with open_proxied(serve, tmp_path, query) as (_, proxy):
        passage = await proxy.wait()
    header = read_header(passage.path)

    assert [(f"/ws3?{query}", f"Bearer {TOKEN}")] == asked
    assert (("speaker", "lú na"), ("b", "2"), ("a", ""), ("b", "1")) == header.query
    assert ("a-job", 1, "proxy") == (header.job, header.attempt, header.vantage)
    assert ("somewhere", {"test": "1"}) == (header.endpoint, header.client)


async def test_kind_of_client(service: str, tmp_path: Path) -> None:
    """The transcript says which program spoke, where the program does."""
    async with open_proxy(service, tmp_path) as proxy:
        await trio.to_thread.run_sync(listen, f"{proxy.url}?{QUERY}", Eos())
        header = read_header((await proxy.wait()).path)

    assert "websockets" in header.client["user-agent"]


async def knock(url: str, authorization: str) -> tuple[int, str, str | None]:
    """Return the status, the body and the Retry-After that a client is refused with."""
    headers = {"Authorization": authorization} if authorization else {}

    def refused() -> Response:
        with (
            pytest.raises(InvalidStatus) as caught,
            connect_sync(url, additional_headers=headers),
        ):
            pytest.fail("this client was let in")
        return caught.value.response

    answer = await trio.to_thread.run_sync(refused)
    body = (answer.body or b"").decode()
    return answer.status_code, body, answer.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("authorization", "query", "status", "body"),
    [
        ("", QUERY, 401, "Missing Authorization header"),
        ("Basic abc", QUERY, 401, "Missing Authorization header"),
        (BEARER, "", 400, "speaker is missing"),
        (BEARER, f"{QUERY}&fault=status%3D503", 503, "Service Unavailable"),
    ],
)
async def test_refusal(
    service: str,
    tmp_path: Path,
    authorization: str,
    query: str,
    status: int,
    body: str,
) -> None:
    """Who is refused by the service is refused in its words, which are on record."""
    async with open_proxy(service, tmp_path) as proxy:
        refused = await knock(f"{proxy.url}?{query}", authorization)
        passage = await proxy.wait()

    assert (status, True) == (refused[0], refused[1].startswith(body))
    assert isinstance(passage.error, ConnectError)
    assert status == passage.error.status
    assert ["refused", "sealed"] == read_kinds(passage.path)
    assert body in read_last(passage.path, "refused").value


async def test_retry_after(service: str, tmp_path: Path) -> None:
    """When to come again is passed on with a refusal."""
    async with open_proxy(service, tmp_path) as proxy:
        refused = await knock(f"{proxy.url}?{QUERY}&fault=retry-after%3D7", BEARER)

    assert (429, "7") == (refused[0], refused[2])


async def test_no_service(tmp_path: Path) -> None:
    """Where nobody listens, the client is told so, and so is the transcript."""
    async with open_proxy("ws://127.0.0.1:1/ws3", tmp_path) as proxy:
        status, body, _ = await knock(f"{proxy.url}?{QUERY}", BEARER)
        passage = await proxy.wait()

    assert (502, str(passage.error)) == (status, body)
    assert body.startswith("ws://127.0.0.1:1/ws3: cannot connect: ")
    assert ["lost", "sealed"] == read_kinds(passage.path)


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [("/ws2", "a-key", 404), ("/ws3", "half a key", 400)],
)
async def test_not_passed_on(
    tmp_path: Path, path: str, token: str, status: int
) -> None:
    """What cannot be meant for the service does not reach it, and leaves no record."""
    async with open_peer(keep) as upstream, open_proxy(upstream, tmp_path) as proxy:
        url = proxy.url.replace("/ws3", path)
        refused = await knock(url, f"Bearer {token}")

    assert status == refused[0]
    assert not proxy.folder.exists()


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1011, "so it is"), (4001, "é"), (None, "")]
)
async def test_close_by_the_service(
    tmp_path: Path, code: int | None, reason: str
) -> None:
    """The client sees all that was said, then the service's code and reason."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text('"last"')
        await peer.close(code, reason)
        await peer.wait_gone()

    async with open_proxied(serve, tmp_path) as (client, proxy):
        last, end = await client.read(), await client.read_end()
        passage = await proxy.wait()

    assert '"last"' == last
    assert (code or 1005, reason) == end
    assert ["opened", "received", "closed", "closed", "sealed"] == read_kinds(
        passage.path
    )
    assert passage.error is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1000, ""), (1001, "going"), (4001, "é"), (CloseReason.NO_STATUS_RCVD, None)],
)
async def test_close_by_the_client(
    tmp_path: Path, code: int, reason: str | None
) -> None:
    """The service sees all that was said, then the client's code and reason."""
    seen: list[tuple[Opcode, bytes]] = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        for _ in range(2):
            frame = await peer.read_frame()
            seen.append((frame.opcode, bytes(frame.data)))

    async with open_proxied(serve, tmp_path) as (client, proxy):
        await client.websocket.send_message('"last"')
        await client.websocket.aclose(code, reason)
        kinds = [entry.kind for entry in await proxy.entries()]
    close = b"" if code == 1005 else code.to_bytes(2) + (reason or "").encode()

    assert [(Opcode.TEXT, b'"last"'), (Opcode.CLOSE, close)] == seen
    assert ["opened", "sent", "closed", "closed", "sealed"] == kinds


async def send_nonsense(peer: Peer) -> None:
    """Be a server that says a word, and then what is no frame."""
    await peer.accept()
    await peer.send_text('"word"')
    await peer.write(b"\x83\x00")
    await peer.wait_gone()


@pytest.mark.parametrize("serve", [say_and_leave, Peer.reset, send_nonsense])
async def test_service_that_is_lost(tmp_path: Path, serve: Serve) -> None:
    """A line that the service loses is lost to the client, without a close."""

    async def accept(peer: Peer) -> None:
        if serve is Peer.reset:
            await peer.accept()
        await serve(peer)

    async with open_proxied(accept, tmp_path) as (client, proxy):
        end = await client.read_end()
        passage = await proxy.wait()

    assert (1006, "") == end
    assert '{"by":"server"' in read_last(passage.path, "lost").value
    assert "closed" not in read_kinds(passage.path)


async def test_client_that_is_lost(tmp_path: Path) -> None:
    """A line that the client drops is dropped to the service, without a close."""
    seen: list[bytes] = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        seen.append(await peer.read())

    async with open_proxied(serve, tmp_path) as (client, proxy):
        await client.drop()
        entries = await proxy.entries()

    assert [b""] == seen
    assert ["opened", "lost", "sealed"] == [entry.kind for entry in entries]
    assert '{"by":"client","how":"the client dropped its line"}' == entries[1].value


@pytest.mark.parametrize("reset", [False, True])
async def test_client_that_does_not_wait(tmp_path: Path, *, reset: bool) -> None:
    """A client may leave before the service has let it in."""
    knocked, gone = trio.Event(), trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.read_request()
        knocked.set()
        await gone.wait()
        assert peer.request
        peer.wire.send_response(peer.wire.accept(peer.request))
        await peer.flush()
        await peer.wait_gone()

    async with open_behind(serve, tmp_path) as (line, proxy):
        await knocked.wait()
        await drop_stream(line, reset=reset)
        gone.set()
        passage = await proxy.wait()

    assert passage.error is None
    assert ["opened", "lost", "sealed"] == read_kinds(passage.path)


@pytest.mark.parametrize("reset", [False, True])
async def test_client_that_does_not_wait_to_be_refused(
    tmp_path: Path, *, reset: bool
) -> None:
    """A refusal is on record, even if nobody is left to be told."""
    knocked, gone = trio.Event(), trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.read_request()
        knocked.set()
        await gone.wait()
        await peer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    async with open_behind(serve, tmp_path) as (line, proxy):
        await knocked.wait()
        await drop_stream(line, reset=reset)
        gone.set()
        passage = await proxy.wait()

    assert isinstance(passage.error, ConnectError)
    assert ["refused", "sealed"] == read_kinds(passage.path)


async def test_binary_from_the_service(tmp_path: Path) -> None:
    """A binary message comes through as it is, and is on record."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.wire.send_binary(b"\0\1")
        await peer.flush()
        await peer.send_text('"text"')
        await peer.read_frame()

    async with open_proxied(serve, tmp_path) as (client, proxy):
        heard = [await client.read(), await client.read()]
        await client.websocket.aclose()
        kinds = [entry.kind for entry in await proxy.entries()]

    assert [b"\0\1", '"text"'] == heard
    assert ["opened", "received_binary", "received"] == kinds[:3]


async def test_binary_from_the_client(tmp_path: Path) -> None:
    """A client that sends a binary message is closed, and so is the service's line."""
    async with open_proxied(keep_and_answer, tmp_path) as (client, proxy):
        await client.websocket.send_message(b"\0\1")
        end = await client.read_end()
        entries = await proxy.entries()
    closes = [entry.value for entry in entries if entry.kind == "closed"]
    reason = "ws3 has no binary messages"

    assert (1003, reason) == end
    assert f'{{"by":"client","code":1003,"reason":"{reason}"}}' == closes[0]
    assert ["opened", "closed", "closed", "sealed"] == [e.kind for e in entries]


async def test_client_that_breaks_the_rules(tmp_path: Path) -> None:
    """What is no message is told to the client, and ends the service's line alike."""
    async with open_behind(keep_and_answer, tmp_path) as (line, proxy):
        await line.receive_some()
        await line.send_all(b"\x83\x80\0\0\0\0")
        entries = await proxy.entries()

    assert "closed" == entries[1].kind
    assert '"by":"client","code":1002' in entries[1].value


async def test_slow_client(tmp_path: Path) -> None:
    """A client that does not read makes the service wait, and not the memory grow."""
    big = f'"{"x" * 2**20}"'
    sent = 0
    stuck = trio.Event()

    async def serve(peer: Peer) -> None:
        nonlocal sent
        await peer.accept()
        with trio.move_on_after(1.0):
            while sent < MANY:
                await peer.send_text(big)
                sent += 1
        stuck.set()

    async with open_proxied(serve, tmp_path) as (client, proxy):
        await stuck.wait()
        await client.drop()
        passage = await proxy.wait()

    assert sent < MANY
    assert "sealed" == read_kinds(passage.path)[-1]


async def test_service_that_ends_while_the_client_talks(tmp_path: Path) -> None:
    """A client hears all that was said before the service closed, whatever it says."""
    big = '"' + "x" * 15 * 2**20 + '"'  # more than the line holds
    closed = trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text(big)
        await peer.close(1001)
        await peer.read_frame()
        closed.set()

    async with open_behind(serve, tmp_path) as (line, proxy):
        await closed.wait()
        await line.send_all(b"\x81\x82\0\0\0\0{}\x88\x82\0\0\0\0\x03\xe9")
        heard = b"".join([part async for part in line])
        kinds = [entry.kind for entry in await proxy.entries()]

    assert heard.endswith(big.encode() + b"\x88\x02\x03\xe9")
    assert ["opened", "received", "closed", "closed", "sealed"] == kinds


@pytest.mark.parametrize("known", ["client", "proxy"])
async def test_key_that_comes_back(tmp_path: Path, known: str) -> None:
    """A key that the service repeats drops both lines, and is not written."""
    secret = TOKEN if known == "client" else "a-canary-of-the-proxy"
    lines: list[bytes] = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text(f'{{"type":"error","message":"bad key {secret}"}}')
        lines.append(await peer.read())

    async with (
        open_peer(serve) as upstream,
        open_proxy(upstream, tmp_path, ("a-canary-of-the-proxy",)) as proxy,
        open_client(proxy.url) as client,
    ):
        end = await client.read_end()
        passage = await proxy.wait()

    assert ((1006, ""), [b""]) == (end, lines)
    assert isinstance(passage.error, SecretError)
    assert secret not in str(passage.error)
    assert secret.encode() not in passage.path.read_bytes()


async def test_stop(tmp_path: Path) -> None:
    """A proxy that is stopped drops both lines, and every transcript is sealed."""
    lines: list[bytes] = []
    gone = trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text('"word"')
        lines.append(await peer.read())
        gone.set()

    async with open_proxied(serve, tmp_path) as (client, proxy):
        await client.read()
        proxy.scope.cancel()
        end = await client.read_end()
        await gone.wait()
        kinds = [entry.kind for entry in await proxy.entries()]

    assert ((1006, ""), [b""]) == (end, lines)
    assert ["opened", "received", "lost", "sealed"] == kinds


async def test_many_clients(service: str, tmp_path: Path) -> None:
    """Each connection has a transcript of its own, whoever comes at the same time."""
    async with open_proxy(service, tmp_path) as proxy:
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(
                    trio.to_thread.run_sync,
                    listen,
                    f"{proxy.url}?{QUERY}",
                    Text(f"Client {number}."),
                    Eos(),
                )
        passages = [await proxy.wait() for _ in range(5)]
    said = {read_last(passage.path, "sent").value for passage in passages}

    assert {f"000{number}.jsonl" for number in range(1, 6)} == {
        passage.path.name for passage in passages
    }
    assert {'{"operation":"eos"}'} == said


async def test_no_room_for_the_record(tmp_path: Path) -> None:
    """A proxy that cannot record at all ends, and says why."""
    (tmp_path / "recorded").touch()
    with pytest.RaisesGroup(OutputError, flatten_subgroups=True):
        async with open_behind(keep, tmp_path):
            await trio.sleep_forever()


async def test_taken_port(service: str, tmp_path: Path) -> None:
    """A port that is taken is an error that names it."""
    port = int(re.findall(r":(\d+)/", service)[0])
    options = ProxyOptions(service, tmp_path, "a-job")
    with pytest.raises(EndpointError, match=f"port {port}: cannot listen"):
        await serve_proxy(options, print, port=port)
