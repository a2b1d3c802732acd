"""Where the transcripts of a test lie: a name for each test, a file for each line."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rimebatch.pytest_plugin.paths import (
    find_connections,
    find_orphans,
    make_name,
    nth_connection,
    transcript_in,
)

identifiers = st.from_regex(r"[^\W\d]\w{0,40}", fullmatch=True)
parameters = st.one_of(st.just(""), st.text().map("[{}]".format))


@st.composite
def names(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw the names that lead to a test: classes, and a function with parameters."""
    classes = draw(st.lists(identifiers, max_size=2))
    return (*classes, draw(identifiers) + draw(parameters))


@given(names(), names())
@example(("test_a[x/y]",), ("test_a[x_y]",))
@example(("A", "test"), ("A_test",))
@example(("test[" + "x" * 300 + "]",), ("test[" + "x" * 301 + "]",))
def test_no_two_tests_share_a_name(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """Names differ whenever tests do, however odd their parameters are."""
    assert (one == other) == (make_name(one) == make_name(other))


@given(names())
@example(("test[..]",))
@example(("test[" + "ä" * 100 + "]",))
def test_every_name_can_be_a_file(test: tuple[str, ...]) -> None:
    """A name has no separator, and leaves room for a number and an ending."""
    name = make_name(test)

    assert name.isascii()
    assert name.isprintable()
    assert not set("/\\:*?\"<>| '") & set(name)
    assert 0 < len(name) <= 200


def test_a_plain_name_stays_readable() -> None:
    """Classes are joined by dots, and usual parameters stand as they are."""
    name = make_name(["TestVoice", "test_speaks[luna-1.5]"])

    assert "TestVoice.test_speaks[luna-1.5]" == name


def test_transcripts_of_one_test(tmp_path: Path) -> None:
    """Connections are counted from 1, and a gap ends the count."""
    first = transcript_in(tmp_path, ["test_it[1.5]"])
    for number in (1, 2, 4):
        nth_connection(first, number).touch()

    assert ["test_it[1.5].jsonl", "test_it[1.5].2.jsonl"] == [
        path.name for path in find_connections(first)
    ]


@pytest.mark.parametrize(
    ("name", "is_orphan"),
    [
        ("test_it.jsonl", False),
        ("test_it.2.jsonl", False),
        ("test_it[1.5].jsonl", False),
        ("test_it[1.5].12.jsonl", False),
        ("test_it.x.jsonl", True),
        ("test_other.jsonl", True),
        ("test_other.2.jsonl", True),
        ("notes.txt", False),
    ],
)
def test_orphans(tmp_path: Path, name: str, is_orphan: bool) -> None:
    """A transcript whose first connection is nobody's is an orphan."""
    owned = {tmp_path / "test_it.jsonl", tmp_path / "test_it[1.5].jsonl"}
    (tmp_path / name).touch()

    assert [tmp_path / name] * is_orphan == list(find_orphans(tmp_path, owned))
