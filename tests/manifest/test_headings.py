"""Headings: what looks like one, and what only nearly does."""

import pytest

from rimebatch.manifest.headings import find_headings, is_heading


@pytest.mark.parametrize(
    "text",
    [
        "I",
        "12.",
        "Chapter 7.",
        "CHAPTER XIV.",
        "Epilogue",
        "Chapter I. The Last Lamp",
        "Mr. and Mrs. S. F. Ukridge",
        "“The Arrival”",
        "In the Cellar (continued)",
        "第一章",
        "पहला अध्याय: दीपक की",
        "x" * 80,
    ],
)
def test_heading(text: str) -> None:
    """A heading is short, and ends in a word or is a numeral."""
    assert is_heading(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "”",
        "He was seventy-three.",
        "He said at 9.",
        "Who Was It?",
        "“No,” he said:",
        "Well…",
        "そうです。",
        "* * *",
        "x" * 81,
    ],
)
def test_no_heading(text: str) -> None:
    """What ends in a mark or is long is none."""
    assert not is_heading(text)


def test_find_headings() -> None:
    """A heading is a paragraph of one segment."""
    segments = [(0, "I"), (2, "The Lamp"), (3, "It was dark."), (4, "So"), (4, "on")]

    assert {0, 2} == find_headings(segments)
    assert set() == find_headings([])
