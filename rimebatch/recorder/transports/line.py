"""The line under a connection: TCP, and TLS where the endpoint wants it.

It knows neither WebSocket nor deadlines; whoever opens a line sets one.
"""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from rimebatch.errors import CertificateError, ConnectError
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.gathering import GatheringStream


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is open.

    Attributes:
        stream: What is said and heard.
        tcp: What is below it; the same, if it is not encrypted.
    """

    stream: trio.abc.Stream
    tcp: GatheringStream


@asynccontextmanager
async def open_line(
    endpoint: Endpoint, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Line]:
    """Connect to *endpoint* and yield the line; leaving the context drops it.

    Args:
        endpoint: Where to. No proxy is asked, whatever the environment says.
        tls: Whom to trust; by default the system's authorities.

    Raises:
        ConnectError: There is no such host, nobody listens, or TLS failed; a
            certificate that is not accepted is named as the reason, at once.
    """
    tcp = GatheringStream(await _connect(endpoint))
    try:
        stream = await _encrypt(tcp, endpoint, tls) if endpoint.secure else tcp
        yield Line(stream, tcp)
    finally:
        await trio.aclose_forcefully(tcp)


async def _connect(endpoint: Endpoint) -> trio.SocketStream:
    try:
        return await trio.open_tcp_stream(endpoint.host, endpoint.port)
    except OSError as error:
        raise ConnectError(
            f"{endpoint.url}: cannot connect: {_tcp_flaw(error)}"
        ) from error


def _tcp_flaw(error: OSError) -> str:
    attempts = error.__cause__
    if not isinstance(attempts, ExceptionGroup):
        return error.strerror or str(error)
    # One for each address of the host; they are rarely of different kinds.
    codes = {e.errno for e in attempts.exceptions if isinstance(e, OSError)}
    return ", ".join(os.strerror(code) for code in sorted(filter(None, codes)))


async def _encrypt(
    tcp: GatheringStream, endpoint: Endpoint, tls: ssl.SSLContext | None
) -> trio.SSLStream[GatheringStream]:
    stream = trio.SSLStream(
        tcp,
        tls or ssl.create_default_context(),
        server_hostname=endpoint.host,
        https_compatible=True,  # as everybody: no closing handshake of TLS itself
    )
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError as error:
        raise _make_tls_error(endpoint, error) from error
    return stream


def _make_tls_error(
    endpoint: Endpoint, error: trio.BrokenResourceError
) -> ConnectError:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return CertificateError(
            f"{endpoint.url}: the server's certificate is not accepted: "
            f"{cause.verify_message}"
        )
    return ConnectError(
        f"{endpoint.url}: TLS failed: {cause or error}; is this a wss:// service?"
    )
