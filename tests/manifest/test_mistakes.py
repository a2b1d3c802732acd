"""Mistakes: their sentence, their quotations and their suggestions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.mistakes import (
    START,
    Flaw,
    Mistake,
    Place,
    Position,
    format_place,
    make_printable,
    quote,
    suggest,
)

FLAW = Flaw("is missing", "add it")


def test_sentence_names_file_position_and_place() -> None:
    """A mistake reads ``file:line:column: place: what; what would help``."""
    mistake = Mistake(Position(3, 5), ("jobs", 0, "id"), FLAW)
    expected = "a.yaml:3:5: jobs[0].id: is missing; add it"

    assert expected == mistake.sentence("a.yaml")


def test_sentence_about_the_whole_file_has_no_place() -> None:
    """What concerns no key in particular names none."""
    mistake = Mistake(START, (), FLAW)
    expected = "a.yaml:1:1: is missing; add it"

    assert expected == mistake.sentence("a.yaml")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((), ""),
        (("voice", "speaker"), "voice.speaker"),
        (("jobs", 2, "messages", 0), "jobs[2].messages[0]"),
        (("voice", "a b"), 'voice."a b"'),
        (("",), '""'),
        (("k" * 99,), '"' + "k" * 39 + '…"'),
    ],
)
def test_place_reads_like_a_path(place: Place, expected: str) -> None:
    """Keys follow a dot, indices stand in brackets, odd and long keys in quotes."""
    assert expected == format_place(place)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("four", '"four"'),
        ("é ☃", '"é ☃"'),
        ("a\nb\0c", '"a\\nb\\x00c"'),
        ("\u202eabc", '"\\u202eabc"'),
        ("x" * 40, f'"{"x" * 40}"'),
        ("x" * 41, f'"{"x" * 39}…"'),
    ],
)
def test_quotation_is_short_and_printable(text: str, expected: str) -> None:
    """A quotation is cut to 40 characters; what is not printable is escaped."""
    assert expected == quote(text)


@given(st.text())
def test_quotation_is_one_printable_line(text: str) -> None:
    """Nothing that is quoted can break a line or hide in it."""
    assert quote(text).isprintable()


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    """What a terminal might obey is escaped, and the rest of a text stays as it is."""
    found = make_printable(text)

    assert found.isprintable()
    assert text == found or not text.isprintable()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("spaeker", 'did you mean "speaker"?'),
        ("MODELID", 'did you mean "modelId"?'),
        ("zzz", "write one"),
        ("s" * 10_000_000, "write one"),
    ],
)
def test_suggestion_is_the_nearest_known_word(written: str, expected: str) -> None:
    """A near miss is corrected, whatever its case; anything else gets the rest."""
    assert expected == suggest(written, ["speaker", "modelId"], "write one")
