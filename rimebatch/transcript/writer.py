"""Appending to a transcript: plain function calls at the moment things happen.

Nothing here waits, so there is no checkpoint between the wire and the record. Appends
go to memory; only `TranscriptWriter.flush`, `commit` and `seal` touch the file, and the
recorder calls those outside the reading of the wire.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

import msgspec
import pybase64

from rimebatch.errors import OutputError
from rimebatch.transcript.entries import (
    Header,
    Kind,
    TakeRecord,
    Trailer,
    encode_checked,
    encode_entry,
    encode_message,
)
from rimebatch.ws3.takes import EndedTake

FLUSH_BYTES: Final = 256 * 1024
"""From here on `TranscriptWriter.flush_if_large` writes; larger blocks gain nothing."""

Detail: TypeAlias = str | int | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """Where an entry lies: its number, and its byte range in the file."""

    number: int
    start: int
    end: int


class TranscriptWriter:
    """The transcript of one connection, open for appending.

    A context manager: leaving it seals the transcript, whatever happened.

    Args:
        path: A file that must not exist yet.
        header: The first line.
        clock_ns: Nanoseconds since the connection was begun.

    Raises:
        OutputError: The file cannot be created or written; every method that touches
            the file may raise it.
    """

    def __init__(self, path: Path, header: Header, clock_ns: Callable[[], int]) -> None:
        self.path = path
        self._clock_ns = clock_ns
        self._buffer = bytearray(header.encode())
        self._written = 0  # bytes of the file that have left the buffer
        self._digest = hashlib.sha256()
        self._entries = 0
        self._takes: list[TakeRecord] = []
        try:
            self._file = path.open("x+b", buffering=0)
        except OSError as error:
            raise _cannot_write(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.seal()

    @property
    def position(self) -> int:
        """Where the next entry will begin, in bytes."""
        return self._written + len(self._buffer)

    def sent(self, message: str) -> Span:
        """Record a message as it is sent."""
        number, time_ns = self._next()
        return self._append(encode_message(number, time_ns, "sent", message))

    def received(self, message: str) -> Span:
        """Record a message as it is received."""
        number, time_ns = self._next()
        return self._append(encode_message(number, time_ns, "received", message))

    def received_binary(self, message: bytes) -> Span:
        """Record a binary message, which ws3 does not know, as base64."""
        return self._note("received_binary", pybase64.b64encode_as_string(message))

    def opened(self, status: int, headers: Mapping[str, str]) -> Span:
        """Record that the handshake was accepted; *headers* are the server's."""
        return self._note("opened", {"status": status, "headers": headers})

    def refused(self, status: int, headers: Mapping[str, str], body: str) -> Span:
        """Record that the handshake was answered with anything but an upgrade."""
        return self._note(
            "refused", {"status": status, "headers": headers, "body": body}
        )

    def ping(self, by: str, payload: bytes) -> Span:
        """Record a ping sent by ``client`` or ``server``."""
        return self._note("ping", {"by": by, "payload": payload.hex()})

    def pong(self, by: str, payload: bytes) -> Span:
        """Record a pong sent by ``client`` or ``server``."""
        return self._note("pong", {"by": by, "payload": payload.hex()})

    def closed(self, by: str, code: int, reason: str) -> Span:
        """Record a close frame; 1005 stands for one without a code."""
        return self._note("closed", {"by": by, "code": code, "reason": reason})

    def lost(self, how: str) -> Span:
        """Record that the line ended, or was given up, without a closing handshake."""
        return self._note("lost", {"how": how})

    def commit(
        self, take: EndedTake, *, segment: str, chars: int, start: int, end: int
    ) -> TakeRecord:
        """Record that *take* is complete, and write everything up to that.

        Args:
            take: What came back.
            segment: The key of what was spoken.
            chars: Characters sent for it.
            start: Where the entries begin that the take consists of.
            end: Where they end.
        """
        self.flush()
        record = TakeRecord(
            segment=segment,
            context_id=take.context_id,
            id=take.content_id,
            start=start,
            end=end,
            sha256=self._digest_of(start, end),
            ended=take.end.value,
            inferred=take.inferred,
            audio_bytes=take.audio_bytes,
            chars=chars,
        )
        number, time_ns = self._next()
        self._append(encode_entry(number, time_ns, "take", encode_checked(record)))
        self._takes.append(record)
        self.flush()
        return record

    def withdraw(self, take: TakeRecord) -> None:
        """Record that *take*, committed before, turned out not to be whole."""
        number, time_ns = self._next()
        self._append(encode_entry(number, time_ns, "withdrawn", encode_checked(take)))
        self._takes.remove(take)
        self.flush()

    def flush_if_large(self) -> None:
        """Write the buffer out once it holds `FLUSH_BYTES`."""
        if len(self._buffer) >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the buffer out, whole.

        A short write is completed or leaves the rest in the buffer, so that no line is
        ever glued to half of another.
        """
        try:
            while self._buffer:
                count = self._file.write(self._buffer)
                self._digest.update(self._buffer[:count])
                self._written += count
                del self._buffer[:count]
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def sync(self) -> None:
        """Make everything flushed survive a power cut. Blocks: call it in a thread."""
        try:
            os.fdatasync(self._file.fileno())
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def seal(self) -> None:
        """Write the trailer and close the file; once sealed, do nothing."""
        if self._file.closed:
            return
        try:
            self.flush()
            trailer = Trailer(
                entries=self._entries,
                sha256=self._digest.hexdigest(),
                takes=tuple(self._takes),
            )
            number, time_ns = self._next()
            line = encode_entry(number, time_ns, "sealed", encode_checked(trailer))
            self._append(line)
            self.flush()
            self.sync()
        finally:
            self._file.close()

    def _next(self) -> tuple[int, int]:
        self._entries += 1
        return self._entries, self._clock_ns()

    def _note(self, kind: Kind, value: str | Mapping[str, Detail]) -> Span:
        number, time_ns = self._next()
        encoded = msgspec.json.encode(value)
        return self._append(encode_entry(number, time_ns, kind, encoded))

    def _append(self, line: bytes) -> Span:
        start = self.position
        self._buffer += line
        return Span(self._entries, start, start + len(line))

    def _digest_of(self, start: int, end: int) -> str:
        try:
            covered = os.pread(self._file.fileno(), end - start, start)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        return hashlib.sha256(covered).hexdigest()


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path}: cannot write the transcript: {reason}")
