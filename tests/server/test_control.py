"""The control address over loopback, asked rightly and wrongly."""

import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import trio
import trio.testing

from rimebatch.server.control import _answer, serve_control

DOCUMENT = b'{"ok":true}'


def make_document() -> bytes:
    """Return what is served."""
    return DOCUMENT


@pytest.fixture
async def address(nursery: trio.Nursery) -> str:
    """Serve the document for one test; its address."""
    started: str = await nursery.start(serve_control, make_document)
    return started


def ask(address: str, method: str, target: str) -> tuple[int, bytes]:
    """Ask by the standard library; return status and body."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request(method, target)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Yield both ends of a line."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        yield near, far


async def test_address(address: str) -> None:
    """It listens on the loopback, and says where its document is."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/verdict", address)


@pytest.mark.parametrize(
    ("method", "target", "status", "body"),
    [
        ("GET", "/verdict", 200, DOCUMENT),
        ("GET", "/verdict?now=1", 200, DOCUMENT),
        ("GET", "/", 404, b""),
        ("GET", "/verdict/", 404, b""),
        ("POST", "/", 404, b""),
        ("POST", "/verdict", 405, b""),
        ("HEAD", "/verdict", 405, b""),
    ],
)
async def test_answers(
    address: str, method: str, target: str, status: int, body: bytes
) -> None:
    """The document can be got, and nothing else is there or can be done."""
    answer = await trio.to_thread.run_sync(ask, address, method, target)

    assert (status, body) == answer


async def test_headers(address: str) -> None:
    """The document says what it is, and that it is not to be kept."""

    def ask_headers() -> dict[str, str]:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
        connection.request("GET", "/verdict")
        headers = dict(connection.getresponse().getheaders())
        connection.close()
        return headers

    headers = await trio.to_thread.run_sync(ask_headers)

    assert {
        "Allow": "GET",
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Length": str(len(DOCUMENT)),
        "Content-Type": "application/json",
    } == headers


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"\x00\xff\r\n\r\n", b"400", id="no HTTP"),
        pytest.param(b"GET /verdict HTTP/1.1\r\n\r\n", b"400", id="no host"),
        pytest.param(b"GET /verdict HTTP/1.0\r\n\r\n", b"200", id="old"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"431", id="long"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
            + b"x" * 9,
            b"404",
            id="a body",
        ),
    ],
)
async def test_unusual_requests(request_: bytes, status: bytes) -> None:
    """What is no request is refused, and no more of one is read than its head."""
    async with open_pair() as (near, far), trio.open_nursery() as nursery:
        nursery.start_soon(_answer, make_document, far)
        await near.send_all(request_)
        with trio.fail_after(10):
            answer = await near.receive_some()
        await near.send_eof()

    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_who_leaves_without_a_word() -> None:
    """A line that ends before a request gets no answer."""
    async with open_pair() as (near, far):
        await near.send_eof()
        await _answer(make_document, far)
        await far.send_eof()

        assert b"" == await near.receive_some()


async def test_who_is_gone_already(address: str) -> None:
    """A line that is reset in the middle of a request does no harm."""
    parts = urlsplit(address)
    stream = await trio.open_tcp_stream(str(parts.hostname), parts.port or 0)
    no_linger = struct.pack("ii", 1, 0)
    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, no_linger)
    await stream.send_all(b"GET /verdict HTT")
    await stream.aclose()

    answer = await trio.to_thread.run_sync(ask, address, "GET", "/verdict")
    assert (200, DOCUMENT) == answer


@pytest.mark.parametrize("request_", [b"", b"GET /verdict HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_who_is_slow(
    autojump_clock: trio.testing.MockClock, request_: bytes
) -> None:
    """Who does not ask, or does not leave, is left after five seconds."""
    async with open_pair() as (near, far):
        await near.send_all(request_)
        await _answer(make_document, far)

    assert 5 == autojump_clock.current_time()
