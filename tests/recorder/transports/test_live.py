"""Tests of the live transport on the loopback, against another library's servers."""

import base64
import gc
import json
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
import trio
from trio.testing import MockClock
from websockets.frames import Opcode

from fakes.peers import Peer, Serve, open_peer
from fakes.transcripts import open_transcript, read_kinds, read_last
from rimebatch.errors import (
    ConnectError,
    ConnectionClosedError,
    RemoteProtocolError,
    RimeBatchError,
    SecretError,
)
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import (
    LINE_LIMITS,
    LineLimits,
    LiveTransport,
    open_live,
)
from rimebatch.transcript import Redactor, TranscriptWriter, read_entries
from rimebatch.transcript.redactor import MASK

KEY = "rime-canary-4711"
QUERY = (("modelId", "arcana"), ("speaker", "a b"))
LIMITS = replace(LINE_LIMITS, close_s=0.1, message_bytes=1000)
PATIENCE_S = 20.0  # far beyond every limit here, for slow machines


def to_base64(text: str) -> str:
    """Return *text* in base64."""
    return base64.b64encode(text.encode()).decode()


CERTS = Path(__file__).parent / "certs"
TRUSTING = ssl.create_default_context(cafile=str(CERTS / "ca.pem"))


def make_server_tls() -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "here.pem")
    return context


def count_sockets() -> int:
    """Return how many sockets this process has open, where that can be seen."""
    open_files = Path("/proc/self/fd")
    if not open_files.exists():
        return 0
    return sum("socket:" in str(path.resolve()) for path in open_files.iterdir())


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After every test no socket is open, and nothing holds the key."""
    caplog.set_level(logging.DEBUG)
    before = count_sockets()
    yield
    gc.collect()  # what was left open warns when it is collected
    logged = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("websockets")  # the servers, who have been told
    ]

    assert before == count_sockets()
    assert not any(KEY in message for message in logged)
    assert not any(KEY in path.read_text() for path in tmp_path.glob("*.jsonl"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the transcript goes."""
    return tmp_path / "0001.jsonl"


@asynccontextmanager
async def connect(
    path: Path, serve: Serve, limits: LineLimits = LIMITS, *, secure: bool = False
) -> AsyncIterator[LiveTransport]:
    """Yield a connection to a server that does what *serve* says."""
    tls = make_server_tls() if secure else None
    before = trio.lowlevel.current_statistics().tasks_living
    with open_transcript(path) as transcript, trio.fail_after(PATIENCE_S):
        async with (
            open_peer(serve, tls) as url,
            open_live(
                Endpoint(url, KEY), QUERY, transcript, limits, TRUSTING
            ) as transport,
        ):
            yield transport

    assert before == trio.lowlevel.current_statistics().tasks_living


async def receive_all(
    endpoint: Endpoint, transcript: TranscriptWriter, limits: LineLimits
) -> None:
    """Connect, and receive until it fails."""
    async with open_live(endpoint, QUERY, transcript, limits) as transport:
        while True:
            await transport.receive()


async def fail(
    path: Path,
    serve: Serve,
    kind: type[RimeBatchError],
    limits: LineLimits = LIMITS,
    scheme: str = "ws",
) -> str:
    """Receive until it fails with an error of that *kind*, and return its words."""
    with open_transcript(path) as transcript, trio.fail_after(PATIENCE_S):
        async with open_peer(serve) as url:
            endpoint = Endpoint(url.replace("ws", scheme, 1), KEY)
            with pytest.raises(kind) as caught:
                await receive_all(endpoint, transcript, limits)
    shown = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )

    assert not any(KEY in line for line in shown.format())
    assert "sealed" == read_kinds(path)[-1]

    return str(caught.value).replace(endpoint.url, "URL")


def answer(head: str, body: str = "") -> Serve:
    """Return a server that answers the opening request with that, and hangs up."""

    async def serve(peer: Peer) -> None:
        await peer.read_request()
        await peer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        await peer.write(body.encode())

    return serve


def refuse(status: str, body: str = "", *headers: str) -> Serve:
    """Return a server that refuses, with the length of *body* told."""
    return answer("\n".join([f"HTTP/1.1 {status}", *headers]), body)


async def ignore(peer: Peer) -> None:
    """Accept the connection and then read without ever answering."""
    await peer.accept()
    await peer.wait_gone()


async def test_conversation(path: Path) -> None:
    """Messages go both ways, and everything is on record in the order of the wire."""

    async def echo(peer: Peer) -> None:
        await peer.accept()
        while (frame := await peer.read_frame()).opcode is Opcode.TEXT:
            await peer.send_text(f'{{"heard":{bytes(frame.data).decode()}}}')

    async with connect(path, echo) as transport:
        await transport.send('{"text":"é"}')
        first = await transport.receive()
        await transport.send('{"text":"😀"}')
        second = await transport.receive()
    entries = list(read_entries(path))

    assert '{"heard":{"text":"é"}}' == first.message
    assert '{"heard":{"text":"😀"}}' == second.message
    assert [
        *("opened", "sent", "received", "sent", "received"),
        *("closed", "closed", "sealed"),
    ] == [entry.kind for entry in entries]
    assert [first.span.number, second.span.number] == [entries[2].number, 5]
    assert [first.message, second.message] == [entries[2].value, entries[4].value]


async def test_request(path: Path) -> None:
    """The request has path, query, host and the key, once; it offers no extension."""
    requests = []

    async def serve(peer: Peer) -> None:
        requests.append(await peer.accept())
        await peer.wait_gone()

    async with connect(path, serve):
        pass
    (request,) = requests

    assert "/ws3?modelId=arcana&speaker=a%20b" == request.path
    assert [f"Bearer {KEY}"] == request.headers.get_all("Authorization")
    assert request.headers["Host"].startswith("127.0.0.1:")
    assert "Sec-WebSocket-Extensions" not in request.headers


@pytest.mark.parametrize("key", [None, ""])
async def test_request_without_a_key(path: Path, key: str | None) -> None:
    """Without a key there is no header for it, and it may be refused."""
    requests = []

    async def serve(peer: Peer) -> None:
        requests.append(await peer.read_request())
        await peer.write(b"HTTP/1.1 401 No\r\n\r\nMissing Authorization header")

    with open_transcript(path) as transcript:
        async with open_peer(serve) as url:
            with pytest.raises(ConnectError) as caught:
                await receive_all(Endpoint(url, key), transcript, LIMITS)

    assert "Authorization" not in requests[0].headers
    assert (401, "Missing Authorization header") == (
        caught.value.status,
        caught.value.body,
    )


async def test_encrypted(path: Path) -> None:
    """With whom to trust given, a connection is as good over TLS."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text("{}")
        await peer.close(1000)

    async with connect(path, serve, secure=True) as transport:
        assert "{}" == (await transport.receive()).message
        with pytest.raises(ConnectionClosedError):
            await transport.receive()


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        ("401 Unauthorized", "invalid api key", {}),
        ("403 Forbidden", "access forbidden", {}),
        ("404 Not Found", "", {}),
        ("429 Too Many Requests", "at websocket limit", {"retry-after": "7"}),
        ("500 Internal Server Error", "oops", {}),
        ("503 Service Unavailable", "", {}),
    ],
)
async def test_refusal(
    path: Path, status: str, body: str, headers: dict[str, str]
) -> None:
    """A refusal is an error with status and body, and on record with its headers."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    serve = refuse(status, body, f"Content-Length: {len(body)}", *lines)
    words = await fail(path, serve, ConnectError)
    said = f": {body}" if body else ""

    assert f"URL: the handshake was refused with HTTP {status[:3]}{said}" == words
    assert ["refused", "sealed"] == read_kinds(path)
    assert {"status": int(status[:3]), "headers": headers, "body": body} == json.loads(
        read_last(path, "refused").value
    )


async def test_retry_after(path: Path) -> None:
    """The error of a refusal says when the server would like to be asked again."""
    serve = refuse("429 Too Many Requests", "", "Content-Length: 0", "Retry-After: 7")
    async with open_peer(serve) as url:
        with open_transcript(path) as transcript, pytest.raises(ConnectError) as caught:
            await receive_all(Endpoint(url), transcript, LIMITS)

    assert (429, "7") == (caught.value.status, caught.value.retry_after)


@pytest.mark.parametrize(
    ("head", "body", "shown"),
    [
        ("HTTP/1.1 502 Bad", "up to the end", "502: up to the end"),
        ("HTTP/1.0 200 OK", "<html>", "200: <html>"),
        ("HTTP/1.1 502 Bad\nContent-Length: 99", "cut short", "502: cut short"),
        (
            "HTTP/1.1 502 Bad\nTransfer-Encoding: chunked",
            "3\r\nin \r\n5\r\nparts\r\n0\r\n\r\n",
            "502: in parts",
        ),
        ("HTTP/1.1 502 Bad", "two\r\n\tlines", "502: two lines"),
        ("HTTP/1.1 502 Bad", "x" * 9000, f"502: {'x' * 300}"),
        ("HTTP/1.1 401 No", f"Who is {KEY}?", "401: Who is (the key)?"),
    ],
)
async def test_body(path: Path, head: str, body: str, shown: str) -> None:
    """However the body of a refusal comes, it is a short line and holds no key."""
    words = await fail(path, answer(head, body), ConnectError)

    assert f"URL: the handshake was refused with HTTP {shown}" == words


async def test_redirect(path: Path) -> None:
    """A redirect is refused: the key goes to nobody else."""
    calls = count()

    async def redirect(peer: Peer) -> None:
        next(calls)
        await answer("HTTP/1.1 302 Found\nLocation: /ws3\nContent-Length: 0")(peer)

    words = await fail(path, redirect, ConnectError)

    assert "URL: the handshake was refused with HTTP 302" == words
    assert 1 == next(calls)


UPGRADE = "HTTP/1.1 101 Switching\nUpgrade: websocket\nConnection: Upgrade"


async def upgrade_too_far(peer: Peer) -> None:
    """Accept, with an extension that was not asked for."""
    response = peer.wire.accept(await peer.read_request())
    response.headers["Sec-WebSocket-Extensions"] = "permessage-deflate"
    peer.wire.send_response(response)
    await peer.flush()


async def hang_up(peer: Peer) -> None:
    """End the line after the request."""
    await peer.read_request()


async def reset(peer: Peer) -> None:
    """Tear the line down after the request."""
    await peer.read_request()
    await peer.reset()


@pytest.mark.parametrize(
    ("serve", "flaw"),
    [
        (answer(f"{UPGRADE}\nSec-WebSocket-Accept: AAAA"), "Bad accept token"),
        (answer(UPGRADE), "Bad accept token"),
        (upgrade_too_far, "unrecognized extension permessage-deflate"),
        (answer("SSH-2.0-OpenSSH_9.6"), "Bad HTTP message"),
        (answer("\0\1\2\3"), "Bad HTTP message"),
        (hang_up, "the line ended"),
        (reset, "the line ended"),
    ],
)
async def test_broken_handshake(path: Path, serve: Serve, flaw: str) -> None:
    """What is no WebSocket service is said to be none, and why."""
    words = await fail(path, serve, ConnectError)

    assert flaw in words
    assert words.endswith(
        "; is a ws3 service listening there, and on the right scheme, ws or wss?"
    )
    assert ["lost", "sealed"] == read_kinds(path)
    assert flaw in read_last(path, "lost").value


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_silent_server(path: Path, scheme: str) -> None:
    """A server that accepts and stays silent is given up, with TLS or without."""

    async def stay_silent(peer: Peer) -> None:
        if scheme == "ws":
            await peer.write(b"HTTP/1.1 101 ")
        await peer.wait_gone()

    limits = replace(LIMITS, connect_s=0.05)
    words = await fail(path, stay_silent, ConnectError, limits, scheme)

    assert "URL: no connection within 0.05 s" == words
    assert ["lost", "sealed"] == read_kinds(path)
    assert '{"by":"client",' in read_last(path, "lost").value


async def test_no_line(path: Path) -> None:
    """A line that cannot even be opened is an error, and on record."""

    async def refuse_tls(peer: Peer) -> None:
        await peer.read()

    words = await fail(path, refuse_tls, ConnectError, LIMITS, "wss")

    assert words.startswith("URL: TLS failed")
    assert ["lost", "sealed"] == read_kinds(path)
    lost = json.loads(read_last(path, "lost").value)
    assert "server" == lost["by"]
    assert "TLS failed" in lost["how"]


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (1000, "", "the connection was closed with 1000"),
        (1001, "", "the connection was closed with 1001"),
        (None, "", "the connection was closed with 1005"),
        (1009, "too big", "the connection was closed with 1009 (too big)"),
        (1011, "400 too long", "the connection was closed with 1011 (400 too long)"),
        (4000, "why", "the connection was closed with 4000 (why)"),
    ],
)
async def test_close_by_the_server(
    path: Path, code: int | None, reason: str, words: str
) -> None:
    """A close by the server is told with code and reason, after what came before."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text("{}")
        await peer.close(code, reason)
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        assert "{}" == (await transport.receive()).message

        for call in (transport.receive(), transport.send("{}"), transport.receive()):
            with pytest.raises(ConnectionClosedError) as caught:
                await call

            assert words == str(caught.value)

    assert ["opened", "received", "closed", "closed", "sealed"] == read_kinds(path)


async def test_close_with_the_handshake(path: Path) -> None:
    """A close that comes along with the handshake is a close, not a refusal."""

    async def serve(peer: Peer) -> None:
        peer.wire.send_response(peer.wire.accept(await peer.read_request()))
        peer.wire.send_close(1013, "later")
        await peer.flush()

    assert "the connection was closed with 1013 (later)" == await fail(
        path, serve, ConnectionClosedError
    )


def send_raw(data: bytes, *, tear: bool = False) -> Serve:
    """Return a server that accepts, sends *data* as it is, and ends the line."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.write(data)
        if tear:
            await peer.reset()

    return serve


@pytest.mark.parametrize("tear", [True, False])
@pytest.mark.parametrize("data", [b"", b"\x81", b"\x81\x7e\x01\x00half"])
async def test_lost_line(path: Path, data: bytes, *, tear: bool) -> None:
    """A line that ends without a close, inside a message or not, is lost."""
    words = await fail(path, send_raw(data, tear=tear), ConnectionClosedError)

    assert (
        "the connection was closed with 1006 (the line ended without a closing "
        "handshake)"
    ) == words
    assert ["opened", "lost", "sealed"] == read_kinds(path)
    assert '{"by":"server",' in read_last(path, "lost").value


TOO_BIG = "Exceeded maximum message size"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x81\x01\xff", "'utf-8' codec can't decode byte 0xff"),
        (b"\x83\x00", "Invalid opcode 0x3"),
        (b"\xc1\x00", "Reserved bit set unexpectedly"),
        (b"\x81\x80abcd", "client received unexpected masked frame"),
        (b"\x88\x02\x03\xed", "remote CLOSE with local-only reason"),
        (b"\x81\x7e\x03\xe9" + b"x" * 1001, f"{TOO_BIG}: 1000 bytes"),
        (b"\x01\x7d" + b"x" * 125 + (b"\x00\x7d" + b"x" * 125) * 8, TOO_BIG),
        (b"\x81\x7f" + bytes(4) + b"\x40" + bytes(3) + b"x" * 5000, TOO_BIG),
    ],
)
async def test_broken_message(path: Path, data: bytes, words: str) -> None:
    """What is no message of a sensible size is the server's fault."""

    async def serve(peer: Peer) -> None:
        await send_raw(data)(peer)
        await peer.wait_gone()

    shown = await fail(path, serve, RemoteProtocolError)

    assert shown.startswith(f"an unusable message: {words}")


@pytest.mark.parametrize("data", [b"\x82\x02\0\1", b"\x02\x01\0\x80\x01\1"])
async def test_binary_message(path: Path, data: bytes) -> None:
    """A binary message is refused, whole or in fragments, and its bytes are kept."""
    shown = await fail(path, send_raw(data), RemoteProtocolError)

    assert "entry 2: a binary message" == shown
    assert '"AAE="' == read_last(path, "received_binary").value


async def test_fragments(path: Path) -> None:
    """A message in fragments, with a ping between them, is one message."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.wire.send_text(b'{"text":"\xc3', fin=False)
        peer.wire.send_ping(b"?")
        peer.wire.send_continuation(b'\xa9"}', fin=True)
        await peer.flush()
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        received = await transport.receive()

    assert '{"text":"é"}' == received.message
    assert {"opened", "ping", "pong", "received", "closed", "sealed"} == set(
        read_kinds(path)
    )


async def test_unread_messages(path: Path) -> None:
    """What nobody has read yet holds up neither the record nor the pings behind it."""
    answered = trio.Event()
    messages = [f'{{"n":{number}}}' for number in range(50)]

    async def serve(peer: Peer) -> None:
        await peer.accept()
        for message in messages:
            await peer.send_text(message)
        peer.wire.send_ping(b"?")
        await peer.flush()
        assert Opcode.PONG is (await peer.read_frame()).opcode
        answered.set()
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        await answered.wait()

        assert messages == [(await transport.receive()).message for _ in messages]

    assert ["opened", *["received"] * 50, "ping"] == read_kinds(path)[:52]


def send_when_asked(
    messages: list[str | bytes], answered: trio.Event, *, close: bool = False
) -> Serve:
    """Return a server that sends *messages* when asked to.

    By the time that *answered* is set the client has read them, for it has answered the
    ping or the close that follows them.
    """

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.read_frame()
        for message in messages:
            if isinstance(message, str):
                peer.wire.send_text(message.encode())
            else:
                peer.wire.send_binary(message)
        if close:
            peer.wire.send_close(1000)
        else:
            peer.wire.send_ping(b"?")
        await peer.flush()
        await peer.read_frame()
        answered.set()
        await peer.wait_gone()

    return serve


async def test_receive_waiting(path: Path) -> None:
    """What has come may be had at once, in order with what is waited for."""
    answered = trio.Event()
    serve = send_when_asked(["one", "two", "three"], answered)
    async with connect(path, serve) as transport:
        assert [] == transport.receive_waiting()

        await transport.send("go")
        await answered.wait()
        first = await transport.receive()
        second, third = transport.receive_waiting()

        assert [] == transport.receive_waiting()

    assert ["one", "two", "three"] == [first.message, second.message, third.message]
    assert [
        (e.number, e.value) for e in read_entries(path) if e.kind == "received"
    ] == [
        (received.span.number, received.message) for received in (first, second, third)
    ]


async def test_many_at_once(path: Path) -> None:
    """No more are had at once than others can wait for."""
    answered = trio.Event()
    messages: list[str | bytes] = [str(number) for number in range(200)]
    taken: list[str] = []
    counts: list[int] = []
    async with connect(path, send_when_asked(messages, answered)) as transport:
        await transport.send("go")
        await answered.wait()
        while len(taken) < len(messages):
            taken.append((await transport.receive()).message)
            waiting = transport.receive_waiting()
            taken += [received.message for received in waiting]
            counts.append(len(waiting))

    assert messages == taken
    assert [64, 64, 64, 4] == counts


async def test_binary_message_among_others(path: Path) -> None:
    """What came before a binary message may be had at once, and that is refused."""
    answered = trio.Event()
    messages: list[str | bytes] = ["one", b"\0\1", "two"]
    async with connect(path, send_when_asked(messages, answered)) as transport:
        await transport.send("go")
        await answered.wait()

        assert ["one"] == [r.message for r in transport.receive_waiting()]
        with pytest.raises(RemoteProtocolError, match="a binary message"):
            await transport.receive()
        assert ["two"] == [r.message for r in transport.receive_waiting()]


async def test_messages_before_a_close(path: Path) -> None:
    """What came before a close is received also after it."""
    answered = trio.Event()
    serve = send_when_asked(["one", "two", "three"], answered, close=True)
    async with connect(path, serve) as transport:
        await transport.send("go")
        await answered.wait()

        assert "one" == (await transport.receive()).message
        assert "two" == (await transport.receive()).message

        assert ["three"] == [r.message for r in transport.receive_waiting()]
        assert [] == transport.receive_waiting()

        with pytest.raises(ConnectionClosedError, match="1000"):
            await transport.receive()


async def test_message_after_one_that_is_too_long(path: Path) -> None:
    """What comes with a message over the cap, and after it, counts for nothing."""
    refused = trio.Event()

    async def serve(peer: Peer) -> None:
        await send_raw(b"\x81\x7e\x03\xe9" + b"x" * 1001 + b"\x81\x02{}")(peer)
        await peer.read_frame()
        refused.set()
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        await refused.wait()
        with pytest.raises(RemoteProtocolError, match=TOO_BIG):
            await transport.receive()

    assert "received" not in read_kinds(path)


@pytest.mark.parametrize("secure", [False, True])
async def test_gathering(path: Path, *, secure: bool) -> None:
    """With pauses, too, all messages arrive in order, and pings are answered."""
    messages = [str(number) for number in range(50)]

    async def serve(peer: Peer) -> None:
        await peer.accept()
        for message in messages:
            peer.wire.send_ping(b"?")
            await peer.send_text(message)
            assert Opcode.PONG is (await peer.read_frame()).opcode
        await peer.wait_gone()

    limits = replace(LIMITS, gather_s=0.001)
    async with connect(path, serve, limits, secure=secure) as transport:
        received = [(await transport.receive()).message for _ in messages]

    assert messages == received


@pytest.mark.parametrize("secure", [False, True])
async def test_pause(path: Path, mock_clock: MockClock, *, secure: bool) -> None:
    """What comes in a pause is received together when it is over, not before."""
    go_on, gone_out = trio.Event(), trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.read_frame()
        await peer.send_text("one")
        await go_on.wait()
        await peer.send_text("two")
        await peer.send_text("three")
        gone_out.set()
        await peer.wait_gone()

    limits = replace(LIMITS, gather_s=0.001, ping_every_s=PATIENCE_S)
    async with connect(path, serve, limits, secure=secure) as transport:
        await transport.send("go")
        mock_clock.jump(PATIENCE_S / 2)  # a long answer: the pause is the longest

        assert "one" == (await transport.receive()).message

        go_on.set()
        await gone_out.wait()
        await trio.testing.wait_all_tasks_blocked()

        assert [] == transport.receive_waiting()

        mock_clock.jump(limits.gather_s)

        assert "two" == (await transport.receive()).message
        assert "three" == (await transport.receive()).message

        mock_clock.rate = 1.0  # for the close


async def test_pings_of_the_server(path: Path) -> None:
    """Pings are answered and on record, many of them as well as one."""
    pings = 2000

    async def serve(peer: Peer) -> None:
        await peer.accept()
        for _ in range(pings):
            peer.wire.send_ping(b"?")
        await peer.flush()
        for _ in range(pings):
            assert Opcode.PONG is (await peer.read_frame()).opcode
        await peer.send_text("{}")
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        await transport.receive()
    kinds = read_kinds(path)

    assert pings == kinds.count("ping") == kinds.count("pong")


async def test_keep_alive(path: Path) -> None:
    """A line without traffic is kept alive with pings, each of them new."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        payloads = [bytes((await peer.read_frame()).data) for _ in range(3)]
        await peer.send_text(json.dumps([payload.decode() for payload in payloads]))
        await peer.wait_gone()

    async with connect(path, serve, replace(LIMITS, ping_every_s=0.01)) as transport:
        received = await transport.receive()
    kinds = read_kinds(path)

    assert '["1", "2", "3"]' == received.message
    assert kinds.count("pong") >= 2


@pytest.mark.parametrize("show", [str, to_base64, quote])
async def test_key_that_comes_back(path: Path, show: Callable[[str], str]) -> None:
    """A service that sends back the key, in whatever form, leaves none on the disk."""

    async def echo(peer: Peer) -> None:
        request = await peer.accept()
        words = f"unknown key: {show(request.headers['Authorization'])}"
        await peer.send_text(json.dumps({"type": "error", "message": words}))
        await peer.close(1008, words)
        await peer.wait_gone()

    redactor = Redactor(secrets=(KEY,))
    with (
        pytest.raises(SecretError) as caught,
        open_transcript(path, redactor=redactor) as transcript,
        trio.fail_after(PATIENCE_S),
    ):
        async with open_peer(echo) as url:
            await receive_all(Endpoint(url, KEY), transcript, LIMITS)

    assert "" == await trio.Path(path).read_text()
    assert KEY not in str(caught.value)


async def test_hidden_text(path: Path) -> None:
    """What is received is what is on record."""
    wire = '{"type":"timestamps","word_timestamps":{"words":["Ishmael."]}}'

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.send_text(wire)
        await peer.wait_gone()

    with open_transcript(path, redactor=Redactor("hash")) as transcript:
        async with (
            open_peer(serve) as url,
            open_live(Endpoint(url, KEY), QUERY, transcript, LIMITS) as transport,
        ):
            received = await transport.receive()

    assert wire.replace("Ishmael.", MASK) == received.message
    assert received.message == read_last(path, "received").value


async def test_half_open_line(path: Path) -> None:
    """A line on which no pong comes back is given up, and why is said and recorded."""
    limits = replace(LIMITS, ping_every_s=0.01, pong_within_s=0.05)
    words = await fail(path, ignore, ConnectionClosedError, limits)

    assert ("the connection was closed with 1006 (no pong came within 0.05 s)") == words
    assert ["opened", "ping", "lost", "sealed"] == read_kinds(path)
    assert '{"by":"client",' in read_last(path, "lost").value


async def test_half_open_line_while_sending(path: Path) -> None:
    """A message that nobody reads does not block for ever."""

    async def stop_reading(peer: Peer) -> None:
        await peer.accept()
        await trio.sleep_forever()

    limits = replace(LIMITS, ping_every_s=0.01, pong_within_s=0.05)
    async with connect(path, stop_reading, limits) as transport:
        await transport.send("small enough for the buffers on the way")
        with pytest.raises(ConnectionClosedError) as caught:
            await transport.send("x" * 20_000_000)

    assert "no pong came" in str(caught.value)


async def test_no_pings_after_the_close(path: Path, mock_clock: MockClock) -> None:
    """A connection that the server has closed is not pinged."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.close(1000)
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        with pytest.raises(ConnectionClosedError):
            await transport.receive()
        mock_clock.jump(2 * LIMITS.ping_every_s)
        await trio.testing.wait_all_tasks_blocked()

    assert "ping" not in read_kinds(path)


async def test_close_by_the_client(path: Path) -> None:
    """At the end the client closes with 1000, and the server's answer is awaited."""
    frames = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        frames.append(await peer.read_frame())

    async with connect(path, serve):
        pass

    assert [(Opcode.CLOSE, b"\x03\xe8")] == [(f.opcode, f.data) for f in frames]
    assert ["opened", "closed", "closed", "sealed"] == read_kinds(path)


@pytest.mark.parametrize(
    ("code", "sent"), [(4001, b"\x0f\xa1so"), (1005, b""), (1000, b"\x03\xe8so")]
)
async def test_close_for_a_reason(path: Path, code: int, sent: bytes) -> None:
    """A close may have another code, and a reason, and then is the only one."""
    frames = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        frames.append(await peer.read_frame())

    async with connect(path, serve) as transport:
        await transport.close(code, "so" if sent else "")

    assert [(Opcode.CLOSE, sent)] == [(f.opcode, f.data) for f in frames]
    assert ["opened", "closed", "closed", "sealed"] == read_kinds(path)


async def test_any_message(path: Path) -> None:
    """Whoever passes messages on gets binary ones, too, and each as it came."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.wire.send_binary(b"\0\1")
        await peer.send_text("text")
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        received = [await transport.receive_any(), await transport.receive_any()]

    assert [b"\0\1", "text"] == received
    assert ["received_binary", "received"] == read_kinds(path)[1:3]


async def test_drop(path: Path) -> None:
    """A line may be given up without a close, for a reason that is on record."""
    seen: list[bytes] = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        seen.append(await peer.read())

    async with connect(path, serve) as transport:
        await transport.drop("no more")
        with pytest.raises(ConnectionClosedError, match="1006"):
            await transport.receive()

    assert [b""] == seen
    assert ["opened", "lost", "sealed"] == read_kinds(path)
    assert '{"by":"client","how":"no more"}' == read_last(path, "lost").value


async def test_drop_of_a_closed_line(path: Path) -> None:
    """A line that has been closed is not lost by being dropped."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await peer.close(1000)
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        with pytest.raises(ConnectionClosedError):
            await transport.receive()
        await transport.drop("no more")

    assert ["opened", "closed", "closed", "sealed"] == read_kinds(path)


async def test_queue_with_a_limit(path: Path) -> None:
    """No more is read from the line than is asked for and has room in the queue."""

    async def serve(peer: Peer) -> None:
        await peer.accept()
        for number in range(20):
            peer.wire.send_text(b"%d" % number)
        await peer.flush()
        await peer.wait_gone()

    limits = replace(LIMITS, queue_messages=1)
    with open_transcript(path) as transcript:
        async with (
            open_peer(serve) as url,
            open_live(Endpoint(url), QUERY, transcript, limits) as transport,
        ):
            for number in range(20):
                message = await transport.receive_any()
                transcript.flush()

                assert str(number) == message
                assert read_kinds(path).count("received") <= number + 3


async def test_close_that_is_not_answered(path: Path) -> None:
    """A close that is not answered is not waited for longer than allowed."""
    start = trio.current_time()
    async with connect(path, ignore):
        pass

    assert ["opened", "closed", "sealed"] == read_kinds(path)
    assert LIMITS.close_s <= trio.current_time() - start < PATIENCE_S


async def test_error_of_the_caller(path: Path) -> None:
    """An error on its way out stays what it is, and drops the line at once."""
    trouble = RimeBatchError("no room on the disk")
    frames = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        frames.append(await peer.read())

    with open_transcript(path) as transcript:
        async with open_peer(serve) as url:
            with pytest.raises(RimeBatchError) as caught:
                async with open_live(Endpoint(url), QUERY, transcript, LIMITS):
                    raise trouble

    assert trouble is caught.value
    assert [b""] == frames
    assert ["opened", "lost", "sealed"] == read_kinds(path)
    lost = read_last(path, "lost").value
    assert '{"by":"client","how":"dropped by the client"}' == lost


@pytest.mark.parametrize("limit_s", [0.0, 0.01, 0.05])
async def test_cancellation(path: Path, limit_s: float) -> None:
    """Cancelled at any time, the connection is dropped and its record is sealed."""
    with trio.move_on_after(limit_s) as scope:
        async with connect(path, ignore) as transport:
            await transport.receive()

    assert scope.cancelled_caught
    assert "sealed" == read_kinds(path)[-1]


async def test_a_cancelled_wait_loses_nothing(path: Path) -> None:
    """A message that comes after a wait was given up is received by the next."""
    waited = trio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await waited.wait()
        await peer.send_text("{}")
        await peer.wait_gone()

    async with connect(path, serve) as transport:
        with trio.move_on_after(0.01):
            await transport.receive()
        waited.set()

        assert "{}" == (await transport.receive()).message
