"""Appending to a transcript: plain function calls at the moment things happen.

Nothing here waits, so there is no checkpoint between the wire and the record. Appends
go to memory; only `TranscriptWriter.flush`, `commit` and `seal` touch the file, and the
recorder calls those outside the reading of the wire.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, count
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self, TypeAlias

import msgspec
import pybase64
import xxhash

from rimebatch.errors import OutputError, SecretError
from rimebatch.transcript.entries import (
    Header,
    Kind,
    Side,
    TakeRecord,
    Trailer,
    encode_checked,
    encode_entry,
    encode_message,
)
from rimebatch.transcript.redactor import VERBATIM, Redactor
from rimebatch.transcript.sums import LineSums
from rimebatch.ws3.takes import EndedTake

FLUSH_BYTES: Final = 128 * 1024
"""From here on `TranscriptWriter.flush_if_large` writes; every connection may have so
much in memory, and larger blocks gain nothing."""

Detail: TypeAlias = str | int | Mapping[str, str]


class Span(NamedTuple):
    """Where an entry lies: its number, and its byte range in the file."""

    number: int
    start: int
    end: int


class TranscriptWriter:
    """The transcript of one connection, open for appending.

    A context manager: leaving it seals the transcript, whatever happened.

    Args:
        path: A file that must not exist yet; it is made for this user alone.
        header: The first line.
        clock_ns: Nanoseconds since the connection was begun.
        redactor: What is kept out of it.

    Attributes:
        path: The file.
        header: Its first line.
        last_sent: Where the newest message sent lies.
        redactor: As given; what it makes of a message is what is on record.

    Raises:
        OutputError: The file cannot be created or written; every method that touches
            the file may raise it.
        SecretError: A credential would have been written; the same holds. The file is
            closed as it is, unsealed, and what was committed before can be read.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        clock_ns: Callable[[], int],
        redactor: Redactor = VERBATIM,
    ) -> None:
        self.path = path
        self.header = header
        self.redactor = redactor
        self._clock_ns = clock_ns
        self._buffer = bytearray(header.encode())
        self._written = 0  # bytes of the file that have left the buffer
        self._sums = LineSums()
        self._sums.add(bytes(self._buffer))
        self.last_sent: Span | None = None
        self._entries = 0
        self._takes: list[TakeRecord] = []
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _cannot_write(path, error) from error
        self._file = os.fdopen(descriptor, "r+b", buffering=0)

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
        self.last_sent = self._message("sent", message)
        return self.last_sent

    def received(self, message: str) -> Span:
        """Record a message as it is received."""
        return self._message("received", message)

    def received_at_once(
        self, messages: Sequence[str], are_plain: Sequence[bool]
    ) -> list[Span]:
        """Record messages that one read of the line has brought.

        Args:
            messages: Those, in order.
            are_plain: Of which it is known; see `encode_message`.
        """
        first, time_ns = self._entries + 1, self._clock_ns()
        redact = self.redactor.redact
        lines = [
            encode_message(
                number, time_ns, "received", redact(message), is_plain=is_plain
            )
            for number, message, is_plain in zip(count(first), messages, are_plain)
        ]
        self._entries += len(lines)
        borders = [*accumulate(map(len, lines), initial=self.position)]
        self._buffer += b"".join(lines)
        self._sums.add(*lines)
        return [*map(Span, range(first, self._entries + 1), borders, borders[1:])]

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

    def ping(self, by: Side, payload: bytes) -> Span:
        """Record a ping sent by that side."""
        return self._note("ping", {"by": by, "payload": payload.hex()})

    def pong(self, by: Side, payload: bytes) -> Span:
        """Record a pong sent by that side."""
        return self._note("pong", {"by": by, "payload": payload.hex()})

    def closed(self, by: Side, code: int, reason: str) -> Span:
        """Record a close frame; 1005 stands for one without a code."""
        said = self.redactor.hide(reason)
        return self._note("closed", {"by": by, "code": code, "reason": said})

    def lost(self, by: Side, how: str) -> Span:
        """Record that the line ended, or was given up, without a closing handshake.

        Args:
            by: ``client`` where that side gave up, ``server`` for whatever the line
                or the peer did.
            how: In words, for people.
        """
        return self._note("lost", {"by": by, "how": how})

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
            digest=self._digest_of(start, end),
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
        self._check_for_secrets()
        try:
            while self._buffer:
                count = os.write(self._file.fileno(), self._buffer)
                self._written += count
                del self._buffer[:count]
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def sync(self) -> None:
        """Make everything flushed survive a power cut. Blocks: call it in a thread.

        If that fails, the transcript is closed as it is: what the system could not
        write it may have dropped, and of that the next sync would say nothing.
        """
        try:
            os.fdatasync(self._file.fileno())
        except OSError as error:
            self._file.close()
            raise _cannot_write(self.path, error) from error

    def seal(self) -> None:
        """Write the trailer and close the file; once that is closed, do nothing."""
        if self._file.closed:
            return
        try:
            self.flush()
            trailer = Trailer(
                entries=self._entries,
                takes=tuple(self._takes),
                sums=self._sums.sums,
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

    def _check_for_secrets(self) -> None:
        """Give the file up if a credential is about to be written.

        The buffer grows by whole lines and is searched as a whole, and no disguise of a
        credential spans lines, so that none is cut in two between searches.
        """
        if not self.redactor.find_secret(self._buffer):
            return
        self._file.close()
        first = self._entries + 1 - self._buffer.count(b"\n")  # 0 for the header
        raise SecretError(
            f"{self.path}: a credential stands in what was to be recorded as entries "
            f"{first} to {self._entries}, and none of it was written; find out who "
            "sent it, and replace it"
        ) from None  # what is on its way out may quote it

    def _message(self, kind: Literal["sent", "received"], message: str) -> Span:
        number, time_ns = self._next()
        recorded = self.redactor.redact(message)
        return self._append(encode_message(number, time_ns, kind, recorded))

    def _note(self, kind: Kind, value: str | Mapping[str, Detail]) -> Span:
        number, time_ns = self._next()
        encoded = msgspec.json.encode(value)
        return self._append(encode_entry(number, time_ns, kind, encoded))

    def _append(self, line: bytes) -> Span:
        start = self.position
        self._buffer += line
        self._sums.add(line)
        return Span(self._entries, start, start + len(line))

    def _digest_of(self, start: int, end: int) -> str:
        try:
            covered = os.pread(self._file.fileno(), end - start, start)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        return xxhash.xxh3_128_hexdigest(covered)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path}: cannot write the transcript: {reason}")
