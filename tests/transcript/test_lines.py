"""Tests of `rimebatch.transcript.lines`."""

from pathlib import Path

import pytest

from fakes.conversations import THREE, record
from rimebatch.transcript.lines import Lines, read_lines
from rimebatch.transcript.sums import LineSums


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the lines of a sealed transcript."""
    path = record(tmp_path_factory.mktemp("whole") / "0001.jsonl", *THREE)
    return path.read_bytes().splitlines(keepends=True)


def read(content: list[bytes]) -> Lines:
    """Return the lines of *content*."""
    lines = Lines()
    for line in content:
        lines.add(line)
    return lines


def place(content: list[bytes]) -> list[tuple[int, int | None]]:
    """Return how many strays stand before each entry in its place, and its number."""
    return [
        (len(strays), line and line.number) for strays, line in read(content).place()
    ]


def test_a_sound_transcript(whole: list[bytes], tmp_path: Path) -> None:
    """Every line is an entry, and the sums are of all but the trailer."""
    path = tmp_path / "0001.jsonl"
    path.write_bytes(b"".join(whole))
    lines, sums = read_lines(path), LineSums()
    sums.add(*whole[:-1])

    assert list(range(1, len(whole))) == [line.number for line in lines.lines]
    assert sums.sums == lines.sums.sums
    assert len(b"".join(whole)) == lines.end == lines.lines[-1].end
    assert ["take"] * 3 == [entry.kind for entry in lines.commits]
    assert lines.sealed is not None
    assert len(whole) - 1 == lines.sealed.number


def test_a_damaged_number(whole: list[bytes]) -> None:
    """An entry with a wrong number is a stray, and its neighbours are not."""
    content = [*whole[:5], whole[5].replace(b'"n":5', b'"n":7'), *whole[6:9]]

    assert [
        *[(0, 1), (0, 2), (0, 3), (0, 4)],
        *[(1, 6), (0, 7), (0, 8), (0, None)],
    ] == place(content)


def test_missing_lines(whole: list[bytes]) -> None:
    """What follows a gap is in its place."""
    assert [(0, 1), (0, 5), (0, 6), (0, None)] == place(
        [*whole[:2], whole[5], whole[6]]
    )


def test_a_broken_line(whole: list[bytes]) -> None:
    """A line that is no entry is kept, with what it says it is and what is wrong."""
    broken = whole[2].replace(b'{"text"', b'["text"')
    lines = read([*whole[:2], broken, b"?\n", *whole[3:]])

    assert ["opened", "sent", "", "sent"] == [line.kind for line in lines.lines[:4]]
    assert lines.lines[1].flaw.startswith("damaged entry: ")
    assert "not a transcript entry" == lines.lines[2].flaw
    assert lines.lines[1].end == lines.lines[2].start == lines.lines[3].start - 2


def test_an_unfinished_line(whole: list[bytes]) -> None:
    """What a crash left at the end is no line, wherever it was cut."""
    last = whole[3]
    for end in range(len(last)):
        assert 2 == len(read([*whole[:3], last[:end]]).lines)


def test_a_damaged_last_line_feed(whole: list[bytes]) -> None:
    """A last byte in the place of the line feed is damage: no crash puts it there."""
    lines = read([*whole[:3], whole[3][:-1] + b"?"]).lines

    assert "it does not end in a line feed" == lines[-1].flaw


def test_behind_the_trailer(whole: list[bytes]) -> None:
    """What follows the trailer is kept, finished or not, and changes no sum."""
    sound = read(whole)
    for more in (b"?", whole[1], whole[-1]):
        lines = read([*whole, more])

        assert len(sound.lines) + 1 == len(lines.lines)
        assert sound.sealed == lines.sealed
        assert sound.sums.sums == lines.sums.sums
