"""Tests of `rimebatch.transcript.sums`."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from rimebatch.transcript.sums import LineSums

LINES = st.lists(st.binary(max_size=40), min_size=1, max_size=30)


def add_up(lines: Iterable[bytes]) -> LineSums:
    """Return the sums of *lines*."""
    sums = LineSums()
    for line in lines:
        sums.add(line)
    return sums


@given(LINES)
def test_nothing_is_damaged(lines: list[bytes]) -> None:
    """The sums of the same lines agree."""
    assert add_up(lines).find_damaged(add_up(lines).sums) is None


@given(LINES, st.data())
def test_one_damaged_line(lines: list[bytes], data: st.DataObject) -> None:
    """The one line that changed is found, whatever it was and is."""
    number = data.draw(st.integers(1, len(lines)))
    other = data.draw(st.binary(max_size=40).filter(lambda x: x != lines[number - 1]))
    changed = [*lines[: number - 1], other, *lines[number:]]

    assert number == add_up(changed).find_damaged(add_up(lines).sums)


def test_several_damaged_lines() -> None:
    """Where two lines changed, none is blamed."""
    before, after = add_up([b"a", b"b", b"c"]), add_up([b"x", b"b", b"z"])

    assert after.find_damaged(before.sums) is None


def test_sums_are_safe_in_json() -> None:
    """Both sums stay below what every reader of JSON can hold exactly."""
    sums = add_up(b"%d" % n for n in range(20_000)).sums

    assert max(sums) < 2**53
