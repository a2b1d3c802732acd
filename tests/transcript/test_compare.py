"""Tests of `rimebatch.transcript.compare`."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from fakes.conversations import HEADER_8K, QUERY, THREE, Spoken, record
from rimebatch.transcript import Header
from rimebatch.transcript.compare import Comparison, compare_transcripts, pair_takes
from rimebatch.transcript.heard import HeardTake

FIRST, SECOND, THIRD = THREE


def compare(
    folder: Path,
    a: tuple[Spoken, ...],
    b: tuple[Spoken, ...],
    *,
    header: Header = HEADER_8K,
    clock_ns: Callable[[], int] | None = None,
) -> Comparison:
    """Record *a*, and *b* under that header by that clock, and compare them."""
    return compare_transcripts(
        record(folder / "a.jsonl", *a),
        record(folder / "b.jsonl", *b, header=header, clock_ns=clock_ns),
    )


def edit(folder: Path, old: bytes, new: bytes) -> Comparison:
    """Compare a transcript of three takes, not committed, with an edit of it."""
    spoken = [replace(take, is_committed=False) for take in THREE]
    a, b = (record(folder / name, *spoken) for name in ("a.jsonl", "b.jsonl"))
    content = b.read_bytes()
    assert old in content
    b.write_bytes(content.replace(old, new, 1))
    return compare_transcripts(a, b)


def test_the_same(tmp_path: Path) -> None:
    """Two recordings of one conversation at the same times differ in nothing."""
    found = compare(tmp_path, THREE, THREE)

    assert ((), (), (3, 3), 3) == (
        *(found.differences, found.notes),
        *(found.takes, found.equal_takes),
    )
    assert found.are_times_equal
    assert {0.0} == {timing.largest_s for timing in found.timings}


def test_other_times(tmp_path: Path) -> None:
    """Other times make no other conversation; the largest difference is named."""
    late = count(1_000_000, 3_000_000).__next__
    found = compare(tmp_path, THREE, THREE, clock_ns=late)
    audio, whole, gap = found.timings

    assert () == found.differences
    assert not found.are_times_equal
    assert ["first audio", "whole take", "longest gap"] == [
        timing.measure for timing in found.timings
    ]
    assert (0.001, 0.003) == (audio.median_a_s, audio.median_b_s)
    assert pytest.approx(0.008) == whole.largest_s
    assert "take 1 (job:One two.)" == whole.take
    assert pytest.approx(0.002) == gap.largest_s


def test_headers(tmp_path: Path) -> None:
    """What headers say of where and how is noted, and makes no difference."""
    header = replace_fields(HEADER_8K, job="other", client={}, derived={"by": "cut"})
    found = compare(tmp_path, THREE, THREE, header=header)

    assert () == found.differences
    assert (
        "job: job against other",
        "client: rimebatch 0 against ",
        "derived: nothing against by cut",
    ) == found.notes


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ((*QUERY, ("speaker", "luna")), "query: speaker: nothing against luna"),
        (QUERY[:1], "query: samplingRate: 8000 against nothing"),
        (QUERY[::-1], "query: the same parameters in another order"),
    ],
)
def test_queries(tmp_path: Path, query: tuple[tuple[str, str], ...], what: str) -> None:
    """Another query is another conversation."""
    header = replace_fields(HEADER_8K, query=query)

    assert (what,) == compare(tmp_path, THREE, THREE, header=header).differences


def test_a_take_more(tmp_path: Path) -> None:
    """A take that only one has is named, and so is what was sent for it."""
    found = compare(tmp_path, (FIRST, THIRD), THREE)

    assert {
        'sent: nothing against text "Three." (job:Three.)',
        "sent: nothing against flush",
        "take 3 (job:Three.): only in B",
    } == set(found.differences)
    assert ((2, 3), 2) == (found.takes, found.equal_takes)


def test_a_take_less(tmp_path: Path) -> None:
    """A take that the second lacks is named as well."""
    assert "take 2 (job:Three.): only in A" in (
        compare(tmp_path, THREE, (FIRST, THIRD)).differences
    )


def test_audio(tmp_path: Path) -> None:
    """Audio that differs is told by its size and digest."""
    other = replace(SECOND, chunks=(b"\7\7\7\7",))
    found = compare(tmp_path, THREE, (FIRST, other, THIRD))
    [difference] = found.differences

    assert difference.startswith("take 2 (job:Three.): audio: 2 bytes, 0.000 s, ")
    assert "against 4 bytes" in difference


def test_other_chunks(tmp_path: Path) -> None:
    """The same audio in other chunks is no more the same messages."""
    other = replace(FIRST, chunks=(b"\1\2\3\4\5\6",))

    assert ("take 1 (job:One two.): the same audio in other chunks: 2, 1",) == compare(
        tmp_path, THREE, (other, SECOND, THIRD)
    ).differences


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"five"', b'"fife"', 'words changed: "five" against "fife"'),
        (
            b'["Four","five","six."],"start":[0.0,0.1,0.2],"end":[0.1,0.2,0.3]',
            b'["Four","six."],"start":[0.0,0.2],"end":[0.1,0.3]',
            'words removed: "five"',
        ),
        (
            b'["Four","five","six."],"start":[0.0,0.1,0.2],"end":[0.1,0.2,0.3]',
            b'["Four","five","or","six."],"start":[0,1,1,2],"end":[1,1,2,2]',
            'words added: "or"',
        ),
        (b"[0.1,0.2,0.3]", b"[0.1,0.2,0.34]", "times of words differ by up to 0.040 s"),
        (
            b'"type":"done","contextId":"job:Four',
            b'"type":"done" ,"contextId":"job:Four',
            "its messages differ in something else",
        ),
    ],
)
def test_words(tmp_path: Path, old: bytes, new: bytes, what: str) -> None:
    """Words that changed, came or went are named; so are their times."""
    assert (f"take 3 (job:Four five six.): {what}",) == (
        edit(tmp_path, old, new).differences
    )


def test_what_was_sent(tmp_path: Path) -> None:
    """What was sent is compared to the letter, spelling included."""
    assert (
        'sent: text "Three." (job:Three.) against text "Thre." (job:Three.)',
    ) == edit(tmp_path, b'"Three.","c', b'"Thre.","c').differences


def test_spelling(tmp_path: Path) -> None:
    """A message that means the same in another spelling is called that."""
    assert ("sent: flush against flush (spelt differently)",) == edit(
        tmp_path, b'{"operation":"flush"}', b'{"operation": "flush"}'
    ).differences


def test_outside_of_takes(tmp_path: Path) -> None:
    """What differs in no take is found, too."""
    paths = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for path, word in zip(paths, (b"a", b"b"), strict=True):
        content = record(path, FIRST).read_bytes()
        lines = content.splitlines(keepends=True)
        news = b'{"n":12,"t":12000000,"received":{"type":"%s"}}\n' % word
        path.write_bytes(b"".join([*lines[:12], news]))

    assert ("received: message 5 is the first that differs, in no take",) == (
        compare_transcripts(*paths).differences
    )


def test_ends(tmp_path: Path) -> None:
    """Another end is another conversation."""
    a, b = (record(tmp_path / name, FIRST) for name in ("a.jsonl", "b.jsonl"))
    lines = b.read_bytes().splitlines(keepends=True)
    b.write_bytes(b"".join(lines[:-3]))
    ends = 'closed by the server: 1000 "bye", closed by the client: 1000'

    assert (f"end: {ends} against no end",) == compare_transcripts(a, b).differences


def test_the_order_of_closes(tmp_path: Path) -> None:
    """Who closed first is a race, and makes no other conversation."""
    a, b = (record(tmp_path / name, FIRST) for name in ("a.jsonl", "b.jsonl"))
    content = b.read_bytes()
    closes = re.findall(rb'"closed":{[^}]*}', content)
    b.write_bytes(re.sub(rb'"closed":{[^}]*}', lambda _: closes.pop(), content))

    assert () == compare_transcripts(a, b).differences


def make_take(segment: str, context_id: str) -> HeardTake:
    """Return a take in which nothing was heard."""
    return HeardTake(segment, context_id, (), 0)


def test_pairs_by_segment() -> None:
    """Takes of the same segment answer to each other, the second to the second."""
    x, again, y = make_take("x", "1"), make_take("x", "2"), make_take("y", "3")
    z = make_take("z", "4")

    assert [(x, x), (again, again), (y, None), (None, z)] == pair_takes(
        [x, again, y], [z, x, again]
    )


def test_pairs_by_label() -> None:
    """Where one side has no commits, labels tell which take answers to which."""
    a = [make_take("x", "1"), make_take("y", "2")]
    b = [make_take("", "2"), make_take("", "1")]

    assert [(a[0], b[1]), (a[1], b[0])] == pair_takes(a, b)


def test_pairs_by_order() -> None:
    """Where no label is in both, the order tells."""
    a = [make_take("", "1"), make_take("", "2")]
    b = [make_take("", "3")]

    assert [(a[0], b[0]), (a[1], None)] == pair_takes(a, b)


def test_takes_that_nobody_can_time(tmp_path: Path) -> None:
    """Without takes in both there are no times to compare."""
    assert () == compare(tmp_path, (), THREE).timings
