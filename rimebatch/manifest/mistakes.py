"""Mistakes in what a person wrote: where they are, and how they are worded.

Knows nothing about YAML, manifests or files.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value, such as ``("jobs", 2, "id")``."""

# Enough to recognise a value, too little to spill the text that is to be spoken.
_QUOTED_CHARS = 40
# The longest key or option is far shorter; comparing grows with the length.
_COMPARED_CHARS = 100
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class Position(NamedTuple):
    """A character in a file; both numbers count from 1."""

    line: int
    column: int


START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a value, and what would help."""

    what: str
    remedy: str


class Found(NamedTuple):
    """A flaw and the place of the value that has it.

    Attributes:
        at_key: The key itself is wrong, not the value behind it.
    """

    place: Place
    flaw: Flaw
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """A flaw, its place in the data and its position in the file."""

    position: Position
    place: Place
    flaw: Flaw

    def sentence(self, file: str) -> str:
        """Return ``file:line:column: place: what; what would help``."""
        where = f"{format_place(self.place)}: " if self.place else ""
        line, column = self.position
        return f"{file}:{line}:{column}: {where}{self.flaw.what}; {self.flaw.remedy}"


def format_place(place: Place) -> str:
    """Return *place* as one reads it aloud: ``jobs[2].voice.speaker``."""
    return "".join(map(_format_step, place)).removeprefix(".")


def _format_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.fullmatch(step) else f".{quote(step)}"


def quote(text: str) -> str:
    """Return *text* in quotes, on one line, cut to 40 characters."""
    cut = text if len(text) <= _QUOTED_CHARS else text[: _QUOTED_CHARS - 1] + "…"
    return f'"{make_printable(cut)}"'


def make_printable(text: str) -> str:
    """Return *text* on one line, with escapes for what a terminal might obey."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def suggest(written: str, known: Iterable[str], otherwise: str) -> str:
    """Return a did-you-mean for *written*, or *otherwise* if nothing is near it."""
    options = {option.lower(): option for option in known}
    nearest = get_close_matches(written[:_COMPARED_CHARS].lower(), options, n=1)
    return f'did you mean "{options[nearest[0]]}"?' if nearest else otherwise
