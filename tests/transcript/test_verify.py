"""Tests of `rimebatch.transcript.verify`."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.conversations import THREE, Spoken, record
from rimebatch.transcript.choices import Choices
from rimebatch.transcript.edit import reseal
from rimebatch.transcript.entries import (
    Entry,
    Trailer,
    decode_checked,
    decode_entry,
    encode_checked,
    encode_entry,
)
from rimebatch.transcript.reader import read_entries, read_header, read_takes
from rimebatch.transcript.verify import (
    Damage,
    TakeCounts,
    Verified,
    count_takes,
    verify_transcript,
)

WITHDRAWN = Spoken("Late.", is_withdrawn=True)
BITS = st.integers(1, 255)


class Sealed(NamedTuple):
    """A sound transcript, and where its lines and takes are."""

    content: bytes
    starts: list[int]
    takes: list[range]

    def entry_at(self, byte: int) -> int:
        """Return the number of the entry that holds *byte*; 0 is the header."""
        return sum(start <= byte for start in self.starts) - 1

    def take_at(self, byte: int) -> int | None:
        """Return the number of the take that *byte* is in, with its commit."""
        for number, take in enumerate(self.takes, start=1):
            if byte in take:
                return number
        return None


def measure(path: Path) -> Sealed:
    """Return the transcript at *path*, whose takes are committed where they end."""
    entries = list(read_entries(path))
    commits = {entry.start: entry.end for entry in entries if entry.kind == "take"}
    takes = [take.record for take in read_takes(path)]
    return Sealed(
        path.read_bytes(),
        [0, *(entry.start for entry in entries)],
        [range(take.start, commits[take.end]) for take in takes],
    )


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """Return a sealed transcript of three takes."""
    return measure(record(tmp_path_factory.mktemp("recorded") / "0001.jsonl", *THREE))


@pytest.fixture(scope="session")
def unsealed(recorded: Sealed) -> Sealed:
    """Return the same transcript without its trailer, and so without sums."""
    return recorded._replace(content=recorded.content[: recorded.starts[-1]])


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where to put a transcript that is to be verified."""
    return tmp_path_factory.mktemp("verified") / "0001.jsonl"


def verify(path: Path, content: bytes) -> Verified:
    """Return what the transcript *content* is found to be."""
    path.write_bytes(content)
    return verify_transcript(path)


def flip(sealed: Sealed, byte: int, bits: int) -> bytes:
    """Return *sealed* with some bits of one byte changed."""
    content = bytearray(sealed.content)
    content[byte] ^= bits
    return bytes(content)


def is_time_of_seal(sealed: Sealed, byte: int) -> bool:
    """Whether *byte* is of the time of the trailer: nothing stands for that."""
    start = sealed.content.index(b'"t":', sealed.starts[-1]) + 4
    return start <= byte < sealed.content.index(b",", start)


def draw_flip(sealed: Sealed, data: st.DataObject) -> tuple[int, bytes]:
    """Return a byte that changes, and the transcript with it."""
    byte = data.draw(st.integers(0, len(sealed.content) - 1))
    assume(not is_time_of_seal(sealed, byte))
    return byte, flip(sealed, byte, data.draw(BITS))


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_byte_of_a_record(
    recorded: Sealed, path: Path, data: st.DataObject
) -> None:
    """The entry of the byte is named, with the take that it is in, and no other take.

    It is named alone, unless the flip made one line of two, or two of one.
    """
    byte, content = draw_flip(recorded, data)
    entry, take = recorded.entry_at(byte), recorded.take_at(byte)
    last = entry + (content.count(b"\n") != recorded.content.count(b"\n"))
    damages = verify(path, content).damages

    assert any(
        damage.first == entry and damage.last <= last and damage.take == take
        for damage in damages
    )
    assert {d.take for d in damages if d.first <= entry <= d.last} <= {take, None}


@settings(max_examples=200)
@given(st.data())
def test_any_flipped_byte_without_sums(
    unsealed: Sealed, path: Path, data: st.DataObject
) -> None:
    """Damage in a take is named without a trailer, too, and costs that take alone."""
    path.write_bytes(unsealed.content)
    takes = [take.record for take in read_takes(path)]
    hit = data.draw(st.sampled_from(takes))
    byte = data.draw(st.integers(hit.start, hit.end - 1))
    verified = verify(path, flip(unsealed, byte, data.draw(BITS)))
    entry = unsealed.entry_at(byte)

    assert any(damage.first <= entry <= damage.last for damage in verified.damages)
    assert [take for take in takes if take != hit] == [
        known.record for known in verified.takes if known.state == "sound"
    ]


@settings(max_examples=200)
@given(st.data())
def test_two_flipped_bytes(recorded: Sealed, path: Path, data: st.DataObject) -> None:
    """Damage in two lines at once is seen, wherever it is."""
    one, content = draw_flip(recorded, data)
    other = data.draw(st.integers(0, len(content) - 1))
    assume(recorded.entry_at(one) != recorded.entry_at(other))
    # Without its line feed, what was glued to the trailer may be what a crash left.
    assume(len(content) - 1 not in {one, other})
    twice = flip(recorded._replace(content=content), other, data.draw(BITS))

    assert () != verify(path, twice).damages


@given(st.data())
def test_lines_that_are_elsewhere(
    recorded: Sealed, path: Path, data: st.DataObject
) -> None:
    """Lines that are missing, stand twice or have changed places are seen."""
    lines = recorded.content.splitlines(keepends=True)
    place = st.integers(0, len(lines) - 2)  # without its trailer it is merely unsealed
    one, other = data.draw(st.tuples(place, place).filter(lambda two: two[0] != two[1]))
    swapped = [*lines]
    swapped[one], swapped[other] = lines[other], lines[one]

    for damaged in (
        [*lines[:one], *lines[one + 1 :]],
        [*lines[:one], lines[other], *lines[one:]],
        swapped,
    ):
        assert () != verify(path, b"".join(damaged)).damages


def read_trailer(content: bytes) -> Trailer:
    """Return the trailer of the transcript *content*."""
    sealed = decode_entry(content.splitlines(keepends=True)[-1], 0)
    return decode_checked(sealed.value, Trailer)


def seal_as(content: bytes, trailer: Trailer) -> bytes:
    """Return the transcript *content* with *trailer* in the place of its own."""
    *before, last = content.splitlines(keepends=True)
    sealed, value = decode_entry(last, 0), encode_checked(trailer)
    line = encode_entry(sealed.number, sealed.time_ns, "sealed", value)
    return b"".join([*before, line])


def reword(entry: Entry) -> Entry:
    """Return *entry* with a value that is another and as sound."""
    return replace(entry, value=entry.value.replace("1000", "1001"))


@pytest.mark.parametrize(
    ("change", "first", "last"),
    [
        (lambda eos, bye, end: [eos, reword(bye), end], 26, 26),
        (lambda eos, bye, end: [eos, reword(bye), reword(end)], 0, 27),
        (lambda eos, bye, end: [eos, end, bye], 0, 27),
        (lambda eos, _, end: [eos, end], 0, 26),
        (lambda eos, bye, end: [eos, bye, bye, end], 0, 28),
        (lambda eos, bye, end: [eos, bye, end, end], 28, 28),
    ],
    ids=["changed", "two changed", "swapped", "missing", "added", "added at the end"],
)
def test_what_sums_alone_tell(
    recorded: Sealed,
    path: Path,
    change: Callable[[Entry, Entry, Entry], list[Entry]],
    first: int,
    last: int,
) -> None:
    """Other lines outside of takes are seen, be they ever so sound and well counted."""
    path.write_bytes(recorded.content)
    header, (*before, eos, bye, end, _) = read_header(path), read_entries(path)
    entries = [
        replace(entry, number=number, time_ns=number * 1_000_000)
        for number, entry in enumerate([*before, *change(eos, bye, end)], start=1)
    ]
    content = reseal(header, entries)
    sums = read_trailer(recorded.content).sums
    forged = seal_as(content, replace(read_trailer(content), sums=sums))
    [damage] = verify(path, forged).damages

    assert () == verify(path, content).damages
    assert (first, last, None) == (damage.first, damage.last, damage.take)
    assert "the sums over the lines are not the trailer's" == damage.what


@pytest.mark.parametrize("spoken", [(), THREE, (*THREE, WITHDRAWN)])
def test_a_sound_transcript(tmp_path: Path, spoken: tuple[Spoken, ...]) -> None:
    """A transcript as it was recorded has no damage."""
    verified = verify_transcript(record(tmp_path / "0001.jsonl", *spoken))

    assert () == verified.damages
    assert verified.is_sealed
    assert ["withdrawn" if s.is_withdrawn else "sound" for s in spoken] == [
        take.state for take in verified.takes
    ]
    assert len(list(read_entries(verified.path))) - 1 == verified.entries


def test_a_crash_is_no_damage(recorded: Sealed, path: Path) -> None:
    """Cut anywhere behind the header, a transcript is unsealed, and sound so far."""
    for end in range(recorded.starts[1], len(recorded.content) - 1, 7):
        verified = verify(path, recorded.content[:end])

        assert ((), False) == (verified.damages, verified.is_sealed)
        assert all(take.state == "sound" for take in verified.takes)
        assert sum(start <= end for start in recorded.starts[2:]) == verified.entries


def test_a_crash_before_the_header(path: Path) -> None:
    """A transcript in which nothing was written yet is as sound as any."""
    assert Verified(path) == verify(path, b"")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"rimebatch_transcript":99,"x":1}\n?\n', "please update it"),
        (b'{"rimebatch_transcript":1,', "damaged header: "),
        (b"\x89PNG\r\n\x1a\n", "not a transcript"),
    ],
)
def test_a_header_that_is_none(path: Path, content: bytes, what: str) -> None:
    """What cannot be read as a transcript is damaged in its header."""
    damage = verify(path, content).damages[0]

    assert what in damage.what
    assert (0, 0, 0, "header", None) == (
        *(damage.first, damage.last, damage.byte),
        *(damage.kind, damage.take),
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A transcript that is a folder is damage, and not the end of the command."""
    [damage] = verify_transcript(tmp_path).damages

    assert "cannot be read: Is a directory" == damage.what


def test_a_header_alone(path: Path, recorded: Sealed) -> None:
    """A header without entries is a transcript."""
    assert Verified(path) == verify(path, recorded.content[: recorded.starts[1]])


def test_a_flipped_letter_of_audio(recorded: Sealed, path: Path) -> None:
    """The damage of a chunk reads as a person needs it."""
    byte = recorded.content.index(b"Bwc=")
    [damage] = verify(path, flip(recorded, byte, 1)).damages
    number = recorded.entry_at(byte)

    assert damage == Damage(
        what="the digest of the take differs",
        first=number,
        last=number,
        byte=recorded.starts[number],
        kind="received",
        take=2,
    )


def test_a_flipped_letter_without_sums(unsealed: Sealed, path: Path) -> None:
    """Without sums the take alone is known, from its first entry to its last."""
    byte = unsealed.content.index(b"Bwc=")
    [damage] = verify(path, flip(unsealed, byte, 1)).damages

    assert (2, "") == (damage.take, damage.kind)
    assert unsealed.takes[1].start == damage.byte
    assert [10, 14] == [damage.first, damage.last]


def test_times_that_go_back(recorded: Sealed, unsealed: Sealed, path: Path) -> None:
    """Where a later entry is earlier, sums tell which is damaged; no take is lost.

    Without sums both are named.
    """
    for sealed, first in ((recorded, 9), (unsealed, 8)):
        content = sealed.content.replace(b'"t":9000000', b'"t":7000000')
        [damage] = verify(path, content).damages

        assert (first, 9, None) == (damage.first, damage.last, damage.take)
        assert "time goes back" == damage.what


def test_lines_that_are_missing(recorded: Sealed, path: Path) -> None:
    """A gap is named, and every take behind it that is not where it was."""
    lines = recorded.content.splitlines(keepends=True)
    gap, *others = verify(path, b"".join([*lines[:4], *lines[7:]])).damages

    assert ("missing", 4, 6) == (gap.what, gap.first, gap.last)
    assert recorded.starts[4] == gap.byte
    assert [1, 2, 3] == [damage.take for damage in (gap, *others)]


def test_a_line_that_is_there_twice(recorded: Sealed, path: Path) -> None:
    """An entry that comes again is named."""
    lines = recorded.content.splitlines(keepends=True)
    damages = verify(path, b"".join([*lines[:26], lines[25], *lines[26:]])).damages

    assert [("it has number 25", 26, 26)] == [
        (damage.what, damage.first, damage.last) for damage in damages
    ]


def test_an_empty_middle(recorded: Sealed, path: Path) -> None:
    """Takes whose place is behind the end of what is left are damaged all the same."""
    lines = recorded.content.splitlines(keepends=True)
    verified = verify(path, b"".join([lines[0], *lines[-2:]]))

    assert ["damaged"] * 3 == [take.state for take in verified.takes]
    assert verified.is_sealed


def test_behind_the_trailer(recorded: Sealed, path: Path) -> None:
    """What was appended to a sealed transcript is damage."""
    [damage] = verify(path, recorded.content + b"?").damages

    assert ("not a transcript entry", 29) == (damage.what, damage.first)

    damages = verify(path, recorded.content + b'{"n":29,"t":29000000,"sent":1}\n')

    assert ["it stands behind the trailer"] == [d.what for d in damages.damages]


def test_a_commit_without_its_trailer(recorded: Sealed, path: Path) -> None:
    """In an unsealed transcript nothing tells of a take whose commit is damaged."""
    content = recorded.content[: recorded.starts[-1]]
    verified = verify(path, content.replace(b'"chars":6', b'"chars":7'))

    assert [("its check sum differs", 15, "take", None)] == [
        (d.what, d.first, d.kind, d.take) for d in verified.damages
    ]
    assert 2 == len(verified.takes)


def test_a_commit_that_the_trailer_knows(recorded: Sealed, path: Path) -> None:
    """In a sealed transcript the take of a damaged commit is known."""
    commit = recorded.starts[15]
    content = recorded.content[commit:].replace(b'"chars":6', b'"chars":7', 1)
    verified = verify(path, recorded.content[:commit] + content)

    assert [("its check sum differs", 15, 2)] == [
        (d.what, d.first, d.take) for d in verified.damages
    ]
    assert ["sound", "damaged", "sound"] == [take.state for take in verified.takes]


def test_how_takes_count(tmp_path: Path) -> None:
    """Each take counts, or another one does, or it is rejected, withdrawn or lost."""
    first = record(tmp_path / "0001.jsonl", *THREE, WITHDRAWN)
    second = record(tmp_path / "0002.jsonl", THREE[1], THREE[2])
    third = record(tmp_path / "0003.jsonl", THREE[0])
    third.write_bytes(third.read_bytes().replace(b"AwQ", b"BwQ"))
    transcripts = [verify_transcript(path) for path in (first, second, third)]

    none = Choices()
    older = none.reject([read_takes(first)[1]], "retake")
    more = older.reject(read_takes(second), "fresh")

    assert TakeCounts(3, 2, 0, 1, 1) == count_takes(transcripts, none)
    assert TakeCounts(3, 1, 1, 1, 1) == count_takes(transcripts, older)
    assert TakeCounts(2, 0, 3, 1, 1) == count_takes(transcripts, more)
