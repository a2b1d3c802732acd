"""Tests of `rimebatch.transcript.view`."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.conversations import HEADER_8K, Spoken, record
from rimebatch.transcript import Entry, TranscriptWriter, read_entries, read_takes
from rimebatch.transcript.entries import encode_checked
from rimebatch.transcript.view import (
    Row,
    describe_audio,
    describe_header,
    describe_text,
    find_length_s,
    make_rows,
)
from rimebatch.ws3.query import Query

FIRST = b"\1\2"
MORE = b"\0" * 1600
SIZE = "4,800 bytes, 0.300 s"
TAKE = "8 characters, 4,802 bytes, 0.300 s"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a transcript of one take, whose audio comes in four chunks."""
    return record(tmp_path / "0001.jsonl", Spoken("One two.", (FIRST, *[MORE] * 3)))


def digest(audio: bytes) -> str:
    """Return what is shown of the digest of *audio*."""
    return hashlib.sha256(audio).hexdigest()[:8]


def show(path: Path, *, fold: bool = True) -> list[Row]:
    """Return the timeline of the transcript at *path*."""
    return list(make_rows(HEADER_8K, read_entries(path), fold=fold))


def test_a_timeline(path: Path) -> None:
    """Every entry is a row that says what happened, and of audio how long it is."""
    label = "job:One two."
    [take] = [recorded.record for recorded in read_takes(path)]

    assert [
        ("server", "opened", "", "101"),
        ("client", "text", label, '"One two."'),
        ("client", "flush", "", ""),
        ("server", "chunk", label, f"2 bytes, 0.000 s, {digest(FIRST)}"),
        ("server", "timestamps", label, 'words: 2, 0.000 to 0.200 s: "One two."'),
        ("server", "3 chunks", label, f"{SIZE}, {digest(MORE * 3)}, within 0.002 s"),
        ("server", "done", label, ""),
        (
            "recorder",
            "take",
            label,
            f"ended by done; {TAKE}; segment key of j, id {take.id[:8]}",
        ),
        ("server", "ping", "", "21"),
        ("client", "eos", "", ""),
        ("server", "closed", "", '1000 "bye"'),
        ("client", "closed", "", "1000"),
        ("recorder", "sealed", "", "entries: 14, takes: 1"),
    ] == [(row.by, row.what, row.context_id, row.detail) for row in show(path)]


def test_times_and_numbers(path: Path) -> None:
    """A row of several entries has both numbers; gaps begin where it ended."""
    rows = {row.what: row for row in show(path)}
    chunks, done = rows["3 chunks"], rows["done"]

    assert (6, 8, 6_000_000) == (chunks.first, chunks.last, chunks.time_ns)
    assert (9, 9, 9_000_000) == (done.first, done.last, done.time_ns)
    assert {1_000_000} == {row.gap_ns for row in rows.values()}


def test_each_chunk(path: Path) -> None:
    """On request each chunk is a row of its own."""
    whats = [row.what for row in show(path, fold=False)]

    assert 4 == whats.count("chunk")
    assert len(whats) == len(list(read_entries(path)))


def test_chunks_of_two_takes(tmp_path: Path) -> None:
    """Chunks that follow each other are not one row if their labels differ."""
    path = tmp_path / "0001.jsonl"
    with TranscriptWriter(path, HEADER_8K, lambda: 0) as writer:
        for label in ("a", "a", "b"):
            writer.received(f'{{"type":"chunk","data":"","contextId":"{label}"}}')
        writer.received('{"type":"chunk","data":""}')

    assert ["2 chunks", "chunk", "chunk", "sealed"] == [row.what for row in show(path)]


def test_whatever_else_may_happen(tmp_path: Path) -> None:
    """What is no ws3, and what goes wrong, is shown as it stands, and printable."""
    path = tmp_path / "0001.jsonl"
    with TranscriptWriter(path, HEADER_8K, lambda: 0) as writer:
        writer.refused(403, {}, "no\x1b[2J")
        writer.sent("not JSON")
        writer.sent('{"operation":"clear"}')
        writer.received("x" * 100)
        writer.received('{"type":"error","message":"No."}')
        writer.received('{"type":"news","n":1}')
        writer.received(
            '{"type":"timestamps","word_timestamps":{"words":[],"start":[],"end":[]}}'
        )
        writer.received_binary(b"abc")
        writer.pong("client", b"")
        writer.lost("client", "gave up")

    assert [
        ("server", "refused", '403 "no\\x1b[2J"'),
        ("client", "message", '"not JSON"'),
        ("client", "clear", ""),
        ("server", "message", f'"{"x" * 71}…"'),
        ("server", "error", '"No."'),
        ("server", "unknown", '"news"'),
        ("server", "timestamps", "no words"),
        ("server", "binary", "3 bytes"),
        ("client", "pong", ""),
        ("client", "lost", '"gave up"'),
        ("recorder", "sealed", "entries: 10, takes: 0"),
    ] == [(row.by, row.what, row.detail) for row in show(path)]


@pytest.mark.parametrize("kind", ["take", "sealed", "closed", "received_binary"])
def test_entries_that_do_not_hold_what_they_should(kind: str) -> None:
    """A damaged entry is shown as it stands."""
    entry = Entry(number=1, time_ns=0, kind="take", value="[1]", start=0, end=0)
    [row] = make_rows(HEADER_8K, [replace(entry, kind=kind)])

    assert ("recorder", kind, 'damaged: "[1]"') == (row.by, row.what, row.detail)


def test_inferred_ends(path: Path) -> None:
    """A take whose end was worked out says so."""
    [take] = [recorded.record for recorded in read_takes(path)]
    inferred = encode_checked(replace(take, ended="close", inferred=True)).decode()
    entry = Entry(number=1, time_ns=0, kind="take", value=inferred, start=0, end=0)
    [row] = make_rows(HEADER_8K, [entry])

    assert row.detail.startswith("ended by close, inferred; ")


def test_the_header() -> None:
    """The header is shown in a few lines, printable whatever stands in it."""
    derived = replace(
        HEADER_8K,
        job="a\nb",
        wall="2026-01-02T03:04:05Z",
        vantage="derived",
        derived={"from": "0123", "by": "cut"},
    )

    assert [
        "job, attempt 1, ws://127.0.0.1/ws3",
        "audioFormat=pcm, samplingRate=8000",
        "vantage client; rimebatch 0",
    ] == describe_header(HEADER_8K)
    assert [
        "a\\nb, attempt 1, ws://127.0.0.1/ws3, 2026-01-02T03:04:05Z",
        "audioFormat=pcm, samplingRate=8000",
        "vantage derived; rimebatch 0",
        "derived: from 0123, by cut",
    ] == describe_header(derived)


@pytest.mark.parametrize(
    ("query", "length_s"),
    [
        ((("audioFormat", "pcm"), ("samplingRate", "8000")), 0.1),
        ((("audioFormat", "mulaw"), ("samplingRate", "8000")), 0.2),
        ((("audioFormat", "mp3"), ("samplingRate", "24000")), None),
        ((("audioFormat", "pcm"),), None),
        ((("audioFormat", "pcm"), ("samplingRate", "0")), None),
        ((), None),
    ],
)
def test_lengths(query: Query, length_s: float | None) -> None:
    """Audio has a length where the query tells both its format and its rate."""
    assert length_s == find_length_s(query, 1600)


def test_audio_without_a_length() -> None:
    """Of compressed audio the bytes are told, and the digest."""
    assert f"1,600 bytes, {digest(MORE)}" == describe_audio((), MORE)


def test_text_on_a_line() -> None:
    """Text stands in quotes on one line, cut where it would be too long for it."""
    assert '"a\\nb"' == describe_text("a\nb")
    assert 74 == len(describe_text("x" * 200))
