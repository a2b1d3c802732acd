"""Whole conversations on record: some takes, and everything that stands around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from fakes.transcripts import HEADER
from rimebatch.transcript import Header, TakeRecord, TranscriptWriter
from rimebatch.ws3 import Chunk, Done, Flush, Text, Timestamps
from rimebatch.ws3.commands import Eos, encode_command
from rimebatch.ws3.events import encode_event
from rimebatch.ws3.takes import EndedTake, OpenTake, TakeEnd

QUERY = (("audioFormat", "pcm"), ("samplingRate", "8000"))
HEADER_8K = replace(HEADER, query=QUERY, client={"rimebatch": "0"})


@dataclass(frozen=True)
class Spoken:
    """What is spoken in one take, and how it comes back.

    Attributes:
        text: Its words are timed evenly, a tenth of a second each.
        chunks: The audio, as it is cut.
        context_id: The label; by default made of the text.
        is_committed: Whether the take is committed.
        is_withdrawn: Whether it is taken back after all.
    """

    text: str
    chunks: Sequence[bytes] = (b"\1\2", b"\3\4\5\6")
    context_id: str = ""
    is_committed: bool = True
    is_withdrawn: bool = False

    @property
    def label(self) -> str:
        """The label it is sent under."""
        return self.context_id or f"job:{self.text}"

    @property
    def events(self) -> list[Chunk | Timestamps | Done]:
        """What the server says."""
        words = tuple(self.text.split())
        starts = tuple(n / 10 for n in range(len(words)))
        ends = tuple((n + 1) / 10 for n in range(len(words)))
        first, *rest = (Chunk(audio, self.label) for audio in self.chunks)
        times = Timestamps(words, starts, ends, self.label)
        return [first, times, *rest, Done(self.label)]


THREE = (Spoken("One two."), Spoken("Three.", (b"\7\7",)), Spoken("Four five six."))


def record(
    path: Path,
    *takes: Spoken,
    header: Header = HEADER_8K,
    clock_ns: Callable[[], int] | None = None,
) -> Path:
    """Record a connection that speaks *takes*, seal the transcript and return its path.

    Args:
        path: Where to.
        takes: In order.
        header: The first line.
        clock_ns: By default it goes on by a millisecond for each entry.
    """
    tick = clock_ns or count(1_000_000, 1_000_000).__next__
    with TranscriptWriter(path, header, tick) as writer:
        writer.opened(101, {"server": "ws3"})
        for spoken in takes:
            _speak(writer, spoken)
            writer.ping("server", b"!")
        writer.sent(encode_command(Eos()))
        writer.closed("server", 1000, "bye")
        writer.closed("client", 1000, "")
    return path


def _speak(writer: TranscriptWriter, spoken: Spoken) -> TakeRecord | None:
    start = writer.position
    writer.sent(encode_command(Text(spoken.text, spoken.label)))
    writer.sent(encode_command(Flush()))
    take = OpenTake(spoken.label)
    for event in spoken.events:
        message = encode_event(event)
        writer.received(message)
        take.add(event, message)
    if not spoken.is_committed:
        return None
    ended = EndedTake(
        spoken.label, TakeEnd.DONE, take.audio_bytes, take.content_id, False
    )
    record = writer.commit(
        ended,
        segment=f"key of {spoken.label}",
        chars=len(spoken.text),
        start=start,
        end=writer.position,
    )
    if spoken.is_withdrawn:
        writer.withdraw(record)
    return record
