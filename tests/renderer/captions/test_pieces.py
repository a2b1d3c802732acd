"""What is never torn apart in a caption, and what a break costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.spoken import spoken_jobs
from rimebatch.manifest.sentences import split_graphemes
from rimebatch.renderer.captions.pieces import (
    LINE_COLUMNS,
    count_columns,
    make_pieces,
)
from rimebatch.renderer.spoken import SpokenJob


def cut(text: str, language: str = "eng") -> list[str]:
    """Return the pieces of *text* as they are printed."""
    return [text[p.char_start : p.char_end] for p in make_pieces(text, language)]


def price(left: str, right: str, language: str = "eng") -> int:
    """Return the cost of a break between *left* and *right*."""
    pieces = make_pieces(f"{left} {right}", language)
    return next(piece.cost for piece in pieces if piece.char_end == len(left))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" \n ", []),
        (" Two\n words. ", ["Two", "words."]),
        ("this way\u2060—marking", ["this", "way\u2060—", "marking"]),
        ("« Oui ! »", ["«", "Oui", "!", "»"]),
        ("猫である。", ["猫", "で", "あ", "る", "。"]),
        ("나는 그", ["나는", "그"]),
        ("x" * 43, ["x"] * 43),
        ("x" * 42, ["x" * 42]),
        ("e\u0301" * 43, ["e\u0301"] * 43),
    ],
)
def test_pieces(text: str, pieces: list[str]) -> None:
    """A text is cut at spaces and dashes, into characters where it has no spaces."""
    assert pieces == cut(text)


def test_spaces() -> None:
    """A piece knows whether a space follows it, whatever space that was."""
    pieces = make_pieces("One\n\ttwo—three 猫だ", "eng")

    assert [True, False, True, False, False] == [piece.is_spaced for piece in pieces]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("One.", "Two"), ("one;", "two")),
        (("one;", "two"), ("one,", "two")),
        (("one,", "two"), ("house", "of")),
        (("aside)", "he"), ("house", "of")),
        (("he", "(aside"), ("house", "of")),
        (("house", "of"), ("red", "house")),
        (("red", "house"), ("the", "house")),
        (("red", "house"), ("“The", "house")),
        (("red", "house"), ("of", "houses")),
        (("red", "house"), ("12", "km")),
        (("the", "house"), ("Mr.", "Smith")),
    ],
)
def test_english_costs(better: tuple[str, str], worse: tuple[str, str]) -> None:
    """A break is better the more it says, and worst inside what belongs together."""
    assert price(*better) < price(*worse)


def test_costs_without_lists_of_words() -> None:
    """In other languages no line ends with a short word if another can."""
    assert price("casa", "de", "spa") < price("de", "casa", "spa")
    assert price("casa", "de", "spa") == price("casa", "verde", "spa")


def test_japanese_costs() -> None:
    """A break is better after particles, bad inside a word, not before small kana."""
    text = "私は猫だニャーじゃ"
    after = {text[p.char_end - 1]: p.cost for p in make_pieces(text, "jpn")}

    assert after["は"] < after["猫"] < after["ニ"]
    assert after["だ"] == after["は"]
    assert after["ニ"] == after["ャ"] == after["じ"]


def test_columns() -> None:
    """Wide characters count as two, and what adds to another as nothing."""
    found = [
        count_columns(text)
        for text in ("abc", "猫だ", "e\u0301", "“é”", "나", "\u200d")
    ]

    assert [3, 4, 1, 3, 2, 0] == found


@given(spoken_jobs(), st.sampled_from(["eng", "jpn", "fra"]))
def test_nothing_is_lost(job: SpokenJob, language: str) -> None:
    """Every character but white space is in one piece, and pieces fit on a line."""
    for segment in job.segments:
        pieces = cut(segment.text, language)

        assert "".join(segment.text.split()) == "".join(pieces)
        for piece in pieces:
            assert piece.split() == [piece]
            assert count_columns(piece) <= LINE_COLUMNS or split_graphemes(piece) == [
                piece
            ]
