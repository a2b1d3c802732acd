"""A ws3 service that repeats credentials, in a process and with a library of its own.

The speaker that is asked for says where: in the ``body`` or a ``header`` of a refusal,
in an ``event``, in the reason of a ``close``; ``reset`` hangs up, and any other is
spoken. It repeats the key that it was sent, and the words of its command line.
"""

import base64
import json
import socket
import struct
import sys
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

AUDIO = (b"\0\x10" * 40 + b"\0\xf0" * 40) * 160  # 1.6 s of 100 Hz, at 8 kHz
RESET = struct.pack("ii", 1, 0)  # to linger for no time: the line is reset


def find_speaker(request: Request) -> str:
    """Return which speaker *request* asks for."""
    return parse_qs(urlsplit(request.path).query)["speaker"][0]


def repeat(request: Request) -> str:
    """Return every credential there is, one of them in disguise."""
    key = request.headers["Authorization"]
    hidden = base64.b64encode(key.encode()).decode()
    return " ".join(["no:", key, *sys.argv[1:], hidden])


def refuse(connection: ServerConnection, request: Request) -> Response | None:
    """Answer the handshake with a refusal, if one is asked for."""
    match find_speaker(request):
        case "body":
            return connection.respond(HTTPStatus.UNAUTHORIZED, repeat(request))
        case "header":
            headers = Headers({"X-Said": repeat(request), "Content-Length": "0"})
            return Response(HTTPStatus.UNAUTHORIZED, "Unauthorized", headers)
        case _:
            return None


def speak(connection: ServerConnection) -> None:
    """Answer each flush, as the speaker does."""
    request = connection.request
    assert request is not None
    for message in connection:
        said = json.loads(message)
        if "text" in said:
            continue
        if said.get("operation") == "eos":
            return
        answer(connection, find_speaker(request), repeat(request))


def answer(connection: ServerConnection, speaker: str, said: str) -> None:
    """Answer one flush."""
    match speaker:
        case "event":
            connection.send(json.dumps({"type": "error", "message": said}))
        case "close":
            connection.close(1008, said[:120])
        case "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.socket.close()
        case _:
            data = base64.b64encode(AUDIO).decode()
            connection.send(json.dumps({"type": "chunk", "data": data}))
            connection.send(json.dumps({"type": "done"}))


if __name__ == "__main__":
    with serve(speak, "127.0.0.1", 0, process_request=refuse) as server:
        sys.stdout.write(f"{server.socket.getsockname()[1]}\n")
        sys.stdout.flush()
        server.serve_forever()
