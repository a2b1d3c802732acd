"""Tests of opening TCP and TLS, on the loopback."""

import socket
import ssl
from pathlib import Path

import pytest
import trio

from fakes.peers import Peer, Serve, open_peer
from rimebatch.errors import ConnectError
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.line import open_line

CERTS = Path(__file__).parent / "certs"


def make_server_tls(name: str) -> ssl.SSLContext:
    """Return the server's side of TLS, with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / f"{name}.pem")
    return context


TRUSTING = ssl.create_default_context(cafile=str(CERTS / "ca.pem"))


async def echo(peer: Peer) -> None:
    """Send back what comes, until nothing more does."""
    while data := await peer.read():
        await peer.write(data)


async def hang_up(peer: Peer) -> None:
    """End the line after the first bytes."""
    await peer.read()


async def reset(peer: Peer) -> None:
    """Tear the line down after the first bytes."""
    await peer.read()
    await peer.reset()


async def fail(url: str, tls: ssl.SSLContext | None = None) -> str:
    """Open a line, which fails within the time a person waits; return why."""
    with pytest.raises(ConnectError) as caught, trio.fail_after(10):
        async with open_line(Endpoint(url), tls):
            pass
    words = str(caught.value)

    assert words.startswith(f"{url}: ")

    return words.removeprefix(f"{url}: ")


async def test_plain() -> None:
    """A plain line carries bytes both ways, and is dropped at the end."""
    async with open_peer(echo) as url:
        async with open_line(Endpoint(url)) as line:
            stream = line.stream
            await stream.send_all(b"hello")

            assert b"hello" == await stream.receive_some()

        with pytest.raises(trio.ClosedResourceError):
            await stream.send_all(b"hello")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_encrypted(host: str) -> None:
    """A line to a host with a certificate that is trusted is encrypted."""
    async with (
        open_peer(echo, make_server_tls("here")) as url,
        open_line(Endpoint(url.replace("127.0.0.1", host)), TRUSTING) as line,
    ):
        stream = line.stream
        await stream.send_all(b"hello")

        assert b"hello" == await stream.receive_some()
        assert isinstance(stream, trio.SSLStream)


async def test_refused() -> None:
    """Where nobody listens, this is said at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        words = await fail(f"ws://127.0.0.1:{taken.getsockname()[1]}/ws3")

    assert "cannot connect: Connection refused" == words


async def test_no_such_host() -> None:
    """A host without an address is said to be none."""
    assert (await fail("ws://host.invalid/ws3")).startswith("cannot connect: ")


@pytest.mark.parametrize(
    ("certificate", "tls", "flaw"),
    [
        ("here", None, "unable to get local issuer certificate"),
        ("expired", TRUSTING, "certificate has expired"),
        ("elsewhere", TRUSTING, "certificate is not valid for '127.0.0.1'"),
    ],
)
async def test_certificate(
    certificate: str, tls: ssl.SSLContext | None, flaw: str
) -> None:
    """A certificate that is not accepted is named as the reason, at once."""
    async with open_peer(echo, make_server_tls(certificate)) as url:
        words = await fail(url, tls)

    assert words.startswith("the server's certificate is not accepted: ")
    assert flaw in words


@pytest.mark.parametrize("serve", [echo, hang_up, reset])
async def test_no_tls(serve: Serve) -> None:
    """A server that does not speak TLS, or stops to, is told from a bad certificate."""
    async with open_peer(serve) as url:
        words = await fail(url.replace("ws://", "wss://"), TRUSTING)

    assert words.startswith("TLS failed: ")
    assert words.endswith("; is this a wss:// service?")


async def test_cancellation() -> None:
    """Given up inside the TLS handshake, it leaves no socket."""
    gone = trio.Event()

    async def stay_silent(peer: Peer) -> None:
        while await peer.read():
            pass
        gone.set()

    async with open_peer(stay_silent) as url:
        secure = Endpoint(url.replace("ws://", "wss://"))
        with trio.move_on_after(0.05) as scope:
            async with open_line(secure, TRUSTING):
                pass

        assert scope.cancelled_caught

        with trio.fail_after(10):
            await gone.wait()
