"""A transcript as its takes were heard: asked for when, and what came back for each.

Where takes were committed, these say what belongs to each. Where they were not, as in a
foreign client's transcript, labels and ``done`` events do. This module judges nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

from rimebatch.errors import RemoteProtocolError
from rimebatch.transcript.entries import Entry, Header, TakeRecord
from rimebatch.transcript.reader import read_entries, read_header, read_takes
from rimebatch.transcript.view import make_rows
from rimebatch.ws3.commands import Text, decode_command
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps, decode_event

_ENDS: Final = {"refused", "closed", "lost"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the server.

    Attributes:
        entry: As it was received.
        event: What it says; ``None`` if that is nothing of ws3.
    """

    entry: Entry
    event: Event | None


_Group: TypeAlias = tuple[str, str, Sequence[Heard]]
"""Of a take: its segment, its label, and what came back for it."""


@dataclass(frozen=True, slots=True)
class HeardTake:
    """What came back for one segment.

    Attributes:
        segment: Its key; empty if the take was not committed.
        context_id: Its label; empty if it has none.
        heard: At least one message.
        asked_ns: When the last message was sent for it before anything came back.
    """

    segment: str
    context_id: str
    heard: tuple[Heard, ...]
    asked_ns: int

    @property
    def messages(self) -> list[str]:
        """All that came back, as exact wire texts."""
        return [heard.entry.value for heard in self.heard]

    @property
    def chunks(self) -> list[bytes]:
        """The audio, as it was cut."""
        events = (heard.event for heard in self.heard)
        return [event.audio for event in events if isinstance(event, Chunk)]

    @property
    def timestamps(self) -> list[Timestamps]:
        """The times of the words."""
        events = (heard.event for heard in self.heard)
        return [event for event in events if isinstance(event, Timestamps)]

    @property
    def words(self) -> list[str]:
        """The words, in the order they came."""
        return [word for times in self.timestamps for word in times.words]

    @property
    def first_audio_ns(self) -> int | None:
        """How long the first audio took to come; ``None`` if none came."""
        times = (h.entry.time_ns for h in self.heard if isinstance(h.event, Chunk))
        first_ns = next(times, None)
        return None if first_ns is None else first_ns - self.asked_ns

    @property
    def duration_ns(self) -> int:
        """How long all of it took to come."""
        return self.heard[-1].entry.time_ns - self.asked_ns

    @property
    def longest_gap_ns(self) -> int:
        """The longest silence between two messages of it."""
        times = (heard.entry.time_ns for heard in self.heard)
        return max((later - former for former, later in pairwise(times)), default=0)


@dataclass(frozen=True, slots=True)
class HeardTranscript:
    """A transcript, read for what was said in it.

    Attributes:
        header: The first line.
        sent: What the client said.
        heard: What the server said, be it of a take or not.
        ends: How it ended, refusals and lost lines included: what a timeline shows.
        takes: Those that count, in order.
    """

    header: Header
    sent: tuple[Entry, ...]
    heard: tuple[Heard, ...]
    ends: tuple[str, ...]
    takes: tuple[HeardTake, ...]

    @property
    def times_ns(self) -> list[int]:
        """When each message was sent or received."""
        entries = (*self.sent, *(heard.entry for heard in self.heard))
        return [entry.time_ns for entry in entries]


def read_heard(path: Path) -> HeardTranscript:
    """Return what was said in the transcript at *path*, sealed or not.

    Raises:
        TranscriptError: It cannot be read, or an entry is damaged.
    """
    header, entries = read_header(path), list(read_entries(path))
    sent = tuple(entry for entry in entries if entry.kind == "sent")
    heard = [
        Heard(entry, _decode(entry)) for entry in entries if entry.kind == "received"
    ]
    ends = make_rows(header, (entry for entry in entries if entry.kind in _ENDS))
    commits = [take.record for take in read_takes(path, verify=True)]
    groups = _group_by_commit(heard, commits) if commits else _group_by_label(heard)
    asks = list(_read_asks(sent))
    return HeardTranscript(
        header=header,
        sent=sent,
        heard=tuple(heard),
        ends=tuple(f"{row.what} by the {row.by}: {row.detail}" for row in ends),
        takes=tuple(_make_take(group, asks) for group in groups),
    )


def _decode(entry: Entry) -> Event | None:
    try:
        return decode_event(entry.value)
    except RemoteProtocolError:
        return None


def _group_by_commit(
    heard: Sequence[Heard], commits: Iterable[TakeRecord]
) -> Iterator[_Group]:
    starts = [one.entry.start for one in heard]
    for take in commits:
        first, last = bisect_left(starts, take.start), bisect_left(starts, take.end)
        if first < last:
            yield take.segment, take.context_id, heard[first:last]


def _group_by_label(heard: Iterable[Heard]) -> Iterator[_Group]:
    """Yield what stands between two ``done`` events, or two changes of the label."""
    group: list[Heard] = []
    label = ""
    for one in heard:
        if not isinstance(one.event, Chunk | Timestamps | Done):
            continue
        own = one.event.context_id or label
        if group and label and own != label:
            yield "", label, group
            group = []
        label = own
        group.append(one)
        if isinstance(one.event, Done):
            yield "", label, group
            group, label = [], ""
    if group:
        yield "", label, group


def _read_asks(sent: Iterable[Entry]) -> Iterator[tuple[int, str]]:
    """Yield when each message was sent, and the label that then held."""
    label = ""
    for entry in sent:
        with suppress(RemoteProtocolError):  # no message of ws3: it changes no label
            command = decode_command(entry.value)
            if isinstance(command, Text):
                label = command.context_id or label
        yield entry.time_ns, label


def _make_take(group: _Group, asks: Iterable[tuple[int, str]]) -> HeardTake:
    segment, context_id, heard = group
    before = [ask for ask in asks if ask[0] <= heard[0].entry.time_ns]
    own = [time_ns for time_ns, label in before if label == context_id]
    asked_ns = max(own or [time_ns for time_ns, _ in before], default=0)
    return HeardTake(segment, context_id, tuple(heard), asked_ns)
