"""The control address of a service: one document by HTTP, on the loopback alone.

It knows HTTP, and not what the document says. One request is answered on each line; no
body of a request is read, and none is kept.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Never, TypeAlias

import h11
import trio

from rimebatch.server.listening import open_listeners

PATH: Final = "/verdict"

_HOST: Final = "127.0.0.1"
_LIMIT_S: Final = 5.0  # for a request and its answer; both come from this machine
_READ_BYTES: Final = 4096

MakeDocument: TypeAlias = Callable[[], bytes]
"""Returns the document as it is now, in JSON."""


async def serve_control(
    make_document: MakeDocument,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> Never:
    """Serve a document until cancelled, at a free port of this machine.

    Args:
        make_document: Is asked at each request.
        task_status: Is given the address of the document.

    Raises:
        EndpointError: It cannot listen.
    """
    listeners = await open_listeners(_HOST, 0)
    _, port = listeners[0].socket.getsockname()
    task_status.started(f"http://{_HOST}:{port}{PATH}")
    await trio.serve_listeners(partial(_answer, make_document), listeners)


async def _answer(make_document: MakeDocument, stream: trio.SocketStream) -> None:
    """Answer one request; who is slow, or breaks off, is left alone."""
    connection = h11.Connection(h11.SERVER)
    with trio.move_on_after(_LIMIT_S):
        try:
            status, document = await _read(connection, stream, make_document)
            await stream.send_all(_encode(connection, status, document))
            await stream.send_eof()
            # To hang up on what was not read would reset the line, and the answer.
            while await stream.receive_some(_READ_BYTES):
                pass
        except trio.BrokenResourceError:
            pass  # there is nobody left to tell


async def _read(
    connection: h11.Connection, stream: trio.SocketStream, make_document: MakeDocument
) -> tuple[int, bytes]:
    """Read a request; return the status and the document of its answer."""
    try:
        while (request := connection.next_event()) is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(_READ_BYTES))
    except h11.RemoteProtocolError as error:
        return error.error_status_hint, b""
    if not isinstance(request, h11.Request):
        raise trio.BrokenResourceError  # it left without a word
    if request.target.partition(b"?")[0] != PATH.encode():
        return 404, b""
    return (200, make_document()) if request.method == b"GET" else (405, b"")


def _encode(connection: h11.Connection, status: int, document: bytes) -> bytes:
    headers = {
        "Allow": "GET",
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Length": str(len(document)),
        "Content-Type": "application/json",
    }
    events = (
        h11.Response(status_code=status, headers=list(headers.items())),
        h11.Data(data=document),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)
