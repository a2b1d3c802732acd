"""Tests of `rimebatch.transcript.reader`."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import RimeBatchError, TranscriptError
from rimebatch.transcript.entries import Header, TakeRecord, encode_checked
from rimebatch.transcript.reader import (
    RecordedTake,
    read_entries,
    read_events,
    read_header,
    read_length_ns,
    read_messages,
    read_takes,
)
from rimebatch.transcript.writer import TranscriptWriter
from rimebatch.ws3.events import Event, decode_event
from rimebatch.ws3.takes import EndedTake, TakeEnd

MakeHeader = Callable[[int], Header]
RecordTake = Callable[[TranscriptWriter, str, Sequence[str]], TakeRecord]

TAKES = {
    "s1": ['{"type": "chunk","data":"AAAA"}', '{"type":"done"}'],
    "s2": ["not JSON", '{"type":"chunk",\n"data":"AQID"}', '{"type":"done"}'],
}

# The halves of a surrogate pair side by side are one character, as to any decoder.
_ANY_TEXT = st.text(st.characters(exclude_categories=())).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode(
        "utf-16", "surrogatepass"
    )
)

# Events, whole and broken, as a service or a fault may spell them.
_ANY_EVENT = st.sampled_from(
    [
        '{"type":"chunk","data":"AAAA","contextId":"s1"}',
        '{ "data" : "AA=\\u003d", "type":"chunk", "more": [1, {}] }',
        '{"type":"chunk","data":"A\\nAA"}',
        '{"type":"chunk"}',
        '{"type":"timestamps","word_timestamps":{"words":["a"],"start":[0],"end":[1]}}',
        '{"type":"timestamps","wordTimestamps":{"words":["é"],"start":[0],"end":[]}}',
        '{"type":"done","contextId":null}',
        '{"type":"done","contextId":"%s"}' % ("x" * 257),
        '{"type":"error","message":"no"}',
        '{"type":"usage","data":5}',
        '{"type":5}',
        "[]",
        "null",
    ]
)

_READERS: list[Callable[[Path], object]] = [
    read_header,
    read_takes,
    lambda path: read_takes(path, verify=True),
    read_length_ns,
    lambda path: list(read_entries(path)),
]


@pytest.fixture(scope="session")
def transcript(
    tmp_path_factory: pytest.TempPathFactory,
    make_header: MakeHeader,
    record_take: RecordTake,
) -> bytes:
    """Return a sealed transcript of two takes, with more around them."""
    path = tmp_path_factory.mktemp("sealed") / "0001.jsonl"
    with TranscriptWriter(path, make_header(1), count(5, 5).__next__) as writer:
        writer.opened(101, {})
        for segment, messages in TAKES.items():
            record_take(writer, segment, messages)
            writer.ping("client", b"")
    return path.read_bytes()


@pytest.fixture(scope="session")
def unsealed(transcript: bytes) -> bytes:
    """Return the same transcript without its trailer."""
    return transcript[: transcript.rindex(b"\n", 0, -1) + 1]


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where to put a transcript that is to be read."""
    return tmp_path_factory.mktemp("transcripts") / "0001.jsonl"


def list_takes(path: Path, *, verify: bool = False) -> dict[str, list[str] | None]:
    """Return what each take at *path* holds; ``None`` for one that is damaged."""
    return {
        take.record.segment: messages_or_none(take)
        for take in read_takes(path, verify=verify)
    }


def messages_or_none(take: RecordedTake) -> list[str] | None:
    """Return the messages of *take*, or ``None`` if it is damaged."""
    try:
        return read_messages(take)
    except TranscriptError:
        return None


def test_header(path: Path, transcript: bytes, make_header: MakeHeader) -> None:
    """The header reads back as it was written."""
    path.write_bytes(transcript)

    assert make_header(1) == read_header(path)


@pytest.mark.parametrize("verify", [False, True])
def test_withdrawn_takes(
    tmp_path: Path, make_header: MakeHeader, record_take: RecordTake, *, verify: bool
) -> None:
    """A take that was taken back does not count, with or without the trailer."""
    whole = tmp_path / "0001.jsonl"
    with TranscriptWriter(whole, make_header(1), lambda: 0) as writer:
        cut = record_take(writer, "one", ["a"])
        kept = record_take(writer, "two", ["b"])
        writer.withdraw(cut)
    torn = tmp_path / "0002.jsonl"
    torn.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:-1]))

    for path in (whole, torn):
        assert [RecordedTake(path, kept)] == read_takes(path, verify=verify)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a transcript"),
        (b"\x89PNG\r\n\x1a\n", "not a transcript"),
        (b'{"job":"ch01","attempt":1}\n', "not a transcript"),
        (b'{"rimebatch_transcript":1,"job":"ch01"}\n', "damaged header"),
        (b'{"rimebatch_transcript":1,"job', "damaged header"),
        (b'{"rimebatch_transcript":1,"job":"\xff"}', "damaged header"),
        (b'{"rimebatch_transcript":1,"a":' + b"[" * 100_000, "damaged header"),
    ],
)
def test_broken_header(path: Path, content: bytes, what: str) -> None:
    """A first line that is no header is a transcript error that names the file."""
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=rf"0001\.jsonl: {what}"):
        read_header(path)


@pytest.mark.parametrize("read", _READERS)
def test_newer_version(
    path: Path, transcript: bytes, read: Callable[[Path], object]
) -> None:
    """What a newer version wrote is refused, even if it looks like ours."""
    path.write_bytes(transcript.replace(b'_transcript":1', b'_transcript":2', 1))
    with pytest.raises(TranscriptError, match=r"version 2; .* up to 1; .* update"):
        read(path)


@pytest.mark.parametrize("read", _READERS)
@pytest.mark.parametrize("place", ["missing", "."])
def test_unreadable(tmp_path: Path, read: Callable[[Path], object], place: str) -> None:
    """A file that is missing, or is a folder, is a transcript error."""
    with pytest.raises(TranscriptError, match="cannot be read"):
        read(tmp_path / place)


def test_entries(path: Path, transcript: bytes) -> None:
    """Every line after the header is an entry, the trailer included."""
    path.write_bytes(transcript)
    entries = list(read_entries(path))
    kinds = [entry.kind for entry in entries]

    assert list(range(1, 14)) == [entry.number for entry in entries]
    assert list(range(5, 70, 5)) == [entry.time_ns for entry in entries]
    assert [
        *("opened", "sent", "received", "received", "take", "ping"),
        *("sent", "received", "received", "received", "take", "ping", "sealed"),
    ] == kinds
    assert "not JSON" == entries[7].value
    assert all(transcript[e.start : e.end].endswith(b"}\n") for e in entries)


def test_entries_up_to_a_crash(path: Path, transcript: bytes) -> None:
    """An unfinished last line is no entry."""
    path.write_bytes(transcript[:-1])

    assert "ping" == list(read_entries(path))[-1].kind


@pytest.mark.parametrize(
    ("cut", "time_ns"), [(None, 65), (-1, 60), (-60, 60)], ids=["whole", "cut", "crash"]
)
def test_length(path: Path, transcript: bytes, cut: int | None, time_ns: int) -> None:
    """A transcript is as long as the time of its last whole entry."""
    path.write_bytes(transcript[:cut])

    assert time_ns == read_length_ns(path)


@pytest.mark.parametrize("content", [b"", b"no entry\n", b"no line"])
def test_no_length(path: Path, content: bytes) -> None:
    """Where no entry can be read, the length is nothing."""
    path.write_bytes(content)

    assert 0 == read_length_ns(path)


def test_entries_up_to_a_damaged_line(path: Path, unsealed: bytes) -> None:
    """A damaged line is an error that names the file and the byte."""
    start = unsealed.index(b'{"n":3,')
    path.write_bytes(unsealed[:start] + b"x" + unsealed[start + 1 :])
    entries = read_entries(path)

    assert [1, 2] == [next(entries).number, next(entries).number]
    with pytest.raises(TranscriptError, match=rf"0001\.jsonl: byte {start}: not a"):
        next(entries)


@pytest.mark.parametrize("verify", [True, False])
def test_takes(path: Path, transcript: bytes, unsealed: bytes, *, verify: bool) -> None:
    """The trailer's index and a scan of the file give the same takes."""
    path.write_bytes(transcript)
    sealed_takes = read_takes(path, verify=verify)
    path.write_bytes(unsealed)

    assert sealed_takes == read_takes(path)
    assert TAKES == list_takes(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\x89PNG\r\n\x1a\n", b"\0" * 5000])
def test_no_takes(path: Path, content: bytes) -> None:
    """A file without a commit has no takes, whatever it is."""
    path.write_bytes(content)

    assert [] == read_takes(path)
    assert [] == read_takes(path, verify=True)


def test_trailer_longer_than_the_tail(
    tmp_path: Path, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """A trailer that is too long to be found at the end is not needed."""
    path = tmp_path / "0001.jsonl"
    segments = [letter * 400_000 for letter in "abc"]
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        for segment in segments:
            record_take(writer, segment, ['"a"'])

    assert segments == [take.record.segment for take in read_takes(path)]


def test_message_that_looks_like_a_commit(
    tmp_path: Path, make_header: MakeHeader, record_take: RecordTake
) -> None:
    """What a server sends is never taken for a commit, check sum or not."""
    path = tmp_path / "0001.jsonl"
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        take = record_take(writer, "s1", ['"a"'])
        forged = encode_checked(msgspec.structs.replace(take, segment="s2")).decode()
        writer.received(forged)
        writer.received(f'"x"\n{{"n":1,"t":2,"take":{forged}}}\n')
        fields = '{"take":{},' + forged[1 : forged.index(',"check"')]
        check_sum = zlib.crc32(fields.encode())
        writer.received(f'{fields},"check":"{check_sum:08x}"}}')

    assert [take] == [found.record for found in read_takes(path, verify=True)]


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 50), (50, 50), (60, 50), (0, 10**6), (10**30, 10**31)]
)
def test_commit_of_bytes_that_are_not_there(
    path: Path, unsealed: bytes, start: int, end: int
) -> None:
    """A commit that covers nothing, or more than the file, commits nothing."""
    path.write_bytes(unsealed)
    take = read_takes(path)[0].record
    value = encode_checked(msgspec.structs.replace(take, start=start, end=end))
    path.write_bytes(unsealed + b'{"n":13,"t":1,"take":%s}\n' % value)

    assert 2 == len(read_takes(path))


def test_cut_after_any_byte(path: Path, transcript: bytes) -> None:
    """Wherever a crash cuts the file, the takes committed before the cut count."""
    path.write_bytes(transcript)
    commits = [entry.end for entry in read_entries(path) if entry.kind == "take"]
    segments = list(TAKES)
    for size in range(len(transcript), -1, -1):
        with path.open("r+b") as file:
            file.truncate(size)
        committed = sum(end <= size for end in commits)

        assert segments[:committed] == [t.record.segment for t in read_takes(path)]


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    "damage", [lambda byte, place: byte ^ 1 << place % 8, lambda _byte, _place: 0x0A]
)
def test_any_damaged_byte(
    path: Path,
    transcript: bytes,
    unsealed: bytes,
    *,
    sealed: bool,
    damage: Callable[[int, int], int],
) -> None:
    """A flipped bit or a stray line feed costs no take but the one it touches."""
    content = transcript if sealed else unsealed
    path.write_bytes(content)
    commits = [entry for entry in read_entries(path) if entry.kind == "take"]
    takes = [take.record for take in read_takes(path)]
    version = content.index(b":") + 1  # damaged, it may be a newer version
    for place in set(range(len(content))) - {version}:
        damaged = bytearray(content)
        damaged[place] = damage(damaged[place], place)
        with path.open("r+b") as file:  # in place: quicker than a new file each time
            file.write(damaged)
        untouched = {
            take.segment: TAKES[take.segment]
            for take, commit in zip(takes, commits, strict=True)
            # The line feed before a commit is what makes a line of it.
            if not take.start <= place < take.end
            and not commit.start - 1 <= place < commit.end
        }
        found = list_takes(path)
        verified = list_takes(path, verify=True)

        assert untouched.items() <= found.items()
        assert all(found[key] in (None, TAKES[key]) for key in found)
        assert untouched.items() <= verified.items() <= TAKES.items()


def test_messages_of_a_damaged_take(path: Path, transcript: bytes) -> None:
    """A take whose bytes changed after it was listed cannot be read."""
    path.write_bytes(transcript.replace(b"AAAA", b"AAAB"))
    first, second = read_takes(path)
    with pytest.raises(TranscriptError, match=r"0001\.jsonl: take .* is damaged"):
        read_messages(first)

    assert TAKES["s2"] == read_messages(second)


def test_messages_of_a_take_that_is_gone(path: Path, transcript: bytes) -> None:
    """A take whose file is gone is a transcript error."""
    path.write_bytes(transcript)
    (take, _) = read_takes(path)
    path.unlink()
    with pytest.raises(TranscriptError, match="cannot be read: No such file"):
        read_messages(take)


@pytest.mark.parametrize("read", [read_messages, read_events])
@pytest.mark.parametrize(("first", "last"), [(1, 0), (0, -1)])
def test_half_a_line(
    tmp_path: Path,
    make_header: MakeHeader,
    read: Callable[[RecordedTake], object],
    first: int,
    last: int,
) -> None:
    """A commit of anything but whole lines is a transcript error."""
    path = tmp_path / "0001.jsonl"
    take = EndedTake("ch01:s1", TakeEnd.DONE, 2, "1d", before_this_event=False)
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        span = writer.received('"a"')
        record = writer.commit(
            take,
            segment="s1",
            chars=1,
            start=span.start + first,
            end=span.end + last,
        )
    with pytest.raises(
        TranscriptError, match=rf"0001\.jsonl: byte {record.start}: not"
    ):
        read(RecordedTake(path, record))


@given(messages=st.lists(_ANY_TEXT))
def test_any_messages_survive(
    path: Path,
    make_header: MakeHeader,
    record_take: RecordTake,
    messages: list[str],
) -> None:
    """What a take was recorded with is what is read back."""
    path.unlink(missing_ok=True)
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        record_take(writer, "s1", messages)
    (take,) = read_takes(path, verify=True)

    assert messages == read_messages(take)


def list_events(read: Callable[[], Iterable[Event]]) -> tuple[list[Event], str]:
    """Return what is read up to an error, and what that says."""
    events: list[Event] = []
    try:
        events.extend(read())
    except RimeBatchError as error:
        return events, str(error)
    return events, ""


@given(messages=st.lists(_ANY_EVENT | _ANY_TEXT), pings=st.sets(st.integers(0, 3)))
def test_events_are_those_of_the_messages(
    path: Path, make_header: MakeHeader, messages: list[str], pings: set[int]
) -> None:
    """Events that are decoded together, and their errors, are those of each message."""
    path.unlink(missing_ok=True)
    ended = EndedTake("ch01:s1", TakeEnd.DONE, 2, "1d", before_this_event=False)
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        start = writer.sent('{"text":"One."}').start
        for number, message in enumerate(messages):
            if number in pings:
                writer.ping("server", b"")
            writer.received(message)
        end = writer.position
        record = writer.commit(ended, segment="s1", chars=1, start=start, end=end)
    take = RecordedTake(path, record)

    assert list_events(lambda: map(decode_event, messages)) == list_events(
        lambda: read_events(take)
    )
