"""Tests of `rimebatch.transcript.sums`."""

from collections.abc import Iterable

from hypothesis import assume, given
from hypothesis import strategies as st

from rimebatch.transcript.sums import LineSums

LINE = st.binary(max_size=40).map(lambda content: content + b"\n")
LINES = st.lists(LINE, min_size=1, max_size=30)


def add_up(lines: Iterable[bytes]) -> LineSums:
    """Return the sums of *lines*."""
    sums = LineSums()
    for line in lines:
        sums.add(line)
    return sums


@given(st.lists(LINES))
def test_lines_may_come_together(groups: list[list[bytes]]) -> None:
    """Lines that are counted at once are counted as they are one by one."""
    sums = LineSums()
    for group in groups:
        sums.add(*group)
    expected = add_up(line for group in groups for line in group)

    assert (expected.lines, expected.sums) == (sums.lines, sums.sums)


@given(LINES)
def test_nothing_is_damaged(lines: list[bytes]) -> None:
    """The sums of the same lines agree."""
    assert add_up(lines).find_damaged(add_up(lines).sums) is None


@given(LINES, st.data())
def test_one_damaged_line(lines: list[bytes], data: st.DataObject) -> None:
    """The one line that changed is found, whatever it was and is."""
    number = data.draw(st.integers(1, len(lines)))
    other = data.draw(LINE.filter(lambda line: line != lines[number - 1]))
    changed = [*lines[: number - 1], other, *lines[number:]]

    assert number == add_up(changed).find_damaged(add_up(lines).sums)


def test_several_damaged_lines() -> None:
    """Where two lines changed, none is blamed."""
    before, after = add_up([b"a", b"b", b"c"]), add_up([b"x", b"b", b"z"])

    assert after.find_damaged(before.sums) is None


@given(LINES, LINES)
def test_any_other_lines(lines: list[bytes], others: list[bytes]) -> None:
    """The sums of other lines differ, if they are not the same in another order."""
    assume(lines == others or sorted(lines) != sorted(others))

    assert (lines == others) == (add_up(lines).sums == add_up(others).sums)


@given(LINES, st.data())
def test_lines_that_changed_places(lines: list[bytes], data: st.DataObject) -> None:
    """The sums differ where two lines that differ change places."""
    places = st.integers(0, len(lines) - 1)
    one, other = data.draw(places), data.draw(places)
    swapped = lines.copy()
    swapped[one], swapped[other] = lines[other], lines[one]

    assert (lines == swapped) == (add_up(lines).sums == add_up(swapped).sums)


@given(LINES, st.data())
def test_lines_that_are_gone_or_new(lines: list[bytes], data: st.DataObject) -> None:
    """The sums of one line more or one line less differ, wherever it is."""
    place = data.draw(st.integers(0, len(lines) - 1))
    more = [*lines[:place], data.draw(LINE), *lines[place:]]
    fewer = [*lines[:place], *lines[place + 1 :]]

    assert add_up(lines).sums not in (add_up(more).sums, add_up(fewer).sums)


def test_sums_are_safe_in_json() -> None:
    """Both sums stay below what every reader of JSON can hold exactly."""
    sums = add_up(b"%d" % n for n in range(20_000)).sums

    assert max(sums) < 2**53
