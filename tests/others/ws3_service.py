"""A second ws3 service, written from the documents alone on another library.

It shares no line with `rimebatch` and imports none of it: what the recorder gets from
it rests on the documents, not on our reading of them in one place. Each character is
30 ms of a tone of its own, so that lost or doubled text changes the length.
"""

import array
import base64
import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

MS_PER_CHAR = 30
# As a live service was seen to cut its audio: mid-sample included.
CHUNK_BYTES = (829, 195, 1006, 18, 4063)


@dataclass
class Bill:
    """What the service has synthesized, text by text, over all connections."""

    texts: list[str] = field(default_factory=list)

    @property
    def chars(self) -> int:
        """Characters synthesized."""
        return sum(map(len, self.texts))


@contextmanager
def open_service(*, done: bool) -> Iterator[tuple[str, Bill]]:
    """Serve on a free port of the loopback; yield the address and the bill.

    Args:
        done: Whether to send ``done`` events and to put context ids on times, as the
            later documents have it, or neither, as the page has it.
    """
    bill = Bill()
    handler = partial(converse, bill, done)
    with serve(handler, "127.0.0.1", 0, process_request=check, compression=None) as s:
        thread = threading.Thread(target=s.serve_forever)
        thread.start()
        try:
            yield address_of(s), bill
        finally:
            s.shutdown()
            thread.join()


def converse(bill: Bill, done: bool, connection: ServerConnection) -> None:
    """Answer one client until it says eos."""
    assert connection.request is not None
    query = parse_qs(urlsplit(connection.request.path).query)
    rate_hz = int(query["samplingRate"][0])
    buffer, context_id = "", None
    for raw in connection:
        message = json.loads(raw)
        if "text" in message:
            buffer += message["text"]
            context_id = message.get("contextId", context_id)
            continue
        if buffer and message["operation"] != "clear":
            bill.texts.append(buffer)
            for event in speak(buffer, rate_hz, context_id, done=done):
                connection.send(json.dumps(event, indent=1))
        buffer = ""
        if message["operation"] == "eos":
            return


def address_of(server: Server) -> str:
    """Return where clients connect to *server*."""
    return f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws3"


def check(connection: ServerConnection, request: Request) -> Response | None:
    """Let in who has a key and names voice, model, format and segmentation."""
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        return connection.respond(
            HTTPStatus.UNAUTHORIZED, "Missing Authorization header"
        )
    query = parse_qs(urlsplit(request.path).query)
    wanted = {"speaker", "modelId", "lang", "audioFormat", "samplingRate", "segment"}
    if wanted - query.keys() or query["audioFormat"] != ["pcm"]:
        return connection.respond(HTTPStatus.BAD_REQUEST, "speaker is missing")
    return None


def speak(
    text: str, rate_hz: int, context_id: str | None, *, done: bool
) -> Iterator[dict[str, object]]:
    """Yield the events for *text*: audio in odd pieces, times in their midst."""
    audio = b"".join(tone(char, rate_hz) for char in text)
    pieces = list(cut(audio))
    events: list[dict[str, object]] = [
        {
            "type": "chunk",
            "data": base64.b64encode(piece).decode(),
            "contextId": context_id,
        }
        for piece in pieces
    ]
    times: dict[str, object] = {"type": "timestamps"}
    times["word_timestamps"] = time_words(text)
    if done:
        times["contextId"] = context_id
    events.insert(len(events) // 2, times)
    yield from events
    if done:
        yield {"type": "done", "contextId": context_id}


def cut(audio: bytes) -> Iterator[bytes]:
    """Yield *audio* in pieces of the sizes above, over and over."""
    start, turn = 0, 0
    while start < len(audio):
        size = CHUNK_BYTES[turn % len(CHUNK_BYTES)]
        yield audio[start : start + size]
        start, turn = start + size, turn + 1


@cache
def tone(char: str, rate_hz: int) -> bytes:
    """Return the sound of *char*, signed 16-bit little-endian."""
    step = 2 * math.pi * (200 + ord(char) % 97 * 10) / rate_hz
    count = rate_hz * MS_PER_CHAR // 1000
    samples = array.array("h", (round(9000 * math.sin(step * n)) for n in range(count)))
    return samples.tobytes()


def time_words(text: str) -> dict[str, list[object]]:
    """Return the words of *text* and when each begins and ends, in seconds."""
    words: list[object] = []
    start: list[object] = []
    end: list[object] = []
    place = 0
    for word in text.split():
        place = text.index(word, place)
        words.append(word)
        start.append(place * MS_PER_CHAR / 1000)
        place += len(word)
        end.append(place * MS_PER_CHAR / 1000)
    return {"words": words, "start": start, "end": end}
