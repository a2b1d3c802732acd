"""A web server on the loopback, in a thread: a few answers, and what it was asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from threading import Thread

from fakes.catalogue import ALL_V2, VOICE_DETAILS


@dataclass(frozen=True)
class Answer:
    """What a path is answered with; an endless body is sent until the client leaves."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_endless: bool = False


CATALOGUE = {
    "/data/voices/all-v2.json": Answer(ALL_V2),
    "/data/voices/voice_details.json": Answer(VOICE_DETAILS),
}


@dataclass
class Web:
    """A running server: where it is, and the requests it has had.

    Attributes:
        url: Without a path.
        asked: The path and the headers of every request, in order.
    """

    url: str
    asked: list[tuple[str, Message]] = field(default_factory=list)


@contextmanager
def open_web(answers: Mapping[str, Answer] = CATALOGUE) -> Iterator[Web]:
    """Serve *answers* by their paths, and 404 at any other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, self.headers))
            answer = answers.get(self.path, Answer(b"", 404))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a client may leave when it likes
                for body in repeat(answer.body) if answer.is_endless else [answer.body]:
                    self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web = Web(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
