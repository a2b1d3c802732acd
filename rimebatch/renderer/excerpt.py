"""Cutting a clip out of a job, by time or by its words, exactly at word borders.

Theory of operation. The finest pieces that are never cut are the words; where a segment
has no word times, it is one piece. Each piece has a place in the text and one on the
timeline, and both go up, so that a range of either is widened to whole pieces alike.

Words are found as they are printed, whatever their case, accents and punctuation: of
the text and of what is looked for the letters and digits alone are compared.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from rimebatch.renderer.publish import discard, publish
from rimebatch.renderer.sound import Tags, open_sound
from rimebatch.renderer.sound.reader import open_audio
from rimebatch.renderer.spoken import SpokenJob

_APOSTROPHES: Final = "'’"  # those of "don't" are within a word


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a file: frames *start* to *end*."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, or a segment without word times: where it is printed, and when heard."""

    char_start: int
    char_end: int
    start: int
    end: int


class Places:
    """Where everything is in a job.

    Args:
        job: With at least one segment.
    """

    def __init__(self, job: SpokenJob) -> None:
        self._text = "\n".join(segment.text for segment in job.segments)
        self._pieces = list(_list_pieces(job))
        self._letters, self._chars = _fold(self._text)

    def widen(self, start: int, end: int) -> Stretch | None:
        """Return the whole words that are heard in frames *start* to *end*.

        From a pause on it is the words behind it, and one at the least; ``None`` behind
        the last one.
        """
        first = bisect_right(self._pieces, start, key=lambda piece: piece.end)
        last = bisect_left(self._pieces, end, key=lambda piece: piece.start) - 1
        return self._span(first, last)

    def find(self, words: str) -> list[Stretch]:
        """Return when *words* are heard, each time that they are printed.

        Parts of words are found only where no whole words are: Chinese and Japanese
        are printed without spaces.

        Raises:
            ValueError: There is no letter and no digit in *words*.
        """
        letters, _ = _fold(words)
        if not letters:
            raise ValueError("there is no letter and no digit in it")
        found = list(self._search(letters))
        whole = [at for at in found if self._is_whole(at, at + len(letters))]
        return [
            stretch
            for at in whole or found
            if (stretch := self._span_chars(at, at + len(letters)))
        ]

    def _search(self, letters: str) -> Iterator[int]:
        at = self._letters.find(letters)
        while at >= 0:
            yield at
            at = self._letters.find(letters, at + 1)

    def _is_whole(self, start: int, end: int) -> bool:
        return self._is_border(start) and self._is_border(end)

    def _is_border(self, at: int) -> bool:
        """Return whether letter number *at* begins a word, or is behind the last."""
        if at in {0, len(self._chars)}:
            return True
        between = self._text[self._chars[at - 1] + 1 : self._chars[at]]
        return not all(map(_is_inside_words, between))

    def _span_chars(self, start: int, end: int) -> Stretch | None:
        char_start, char_last = self._chars[start], self._chars[end - 1]
        first = bisect_right(self._pieces, char_start, key=lambda p: p.char_end)
        last = bisect_right(self._pieces, char_last, key=lambda p: p.char_start) - 1
        return self._span(first, last)

    def _span(self, first: int, last: int) -> Stretch | None:
        if first == len(self._pieces):
            return None
        return Stretch(self._pieces[first].start, self._pieces[max(first, last)].end)


def cut(source: Path, stretch: Stretch, final: Path, title: str) -> None:
    """Write *stretch* of the audio file *source* to the WAV file *final*.

    Args:
        source: Of any format that a job is written in.
        stretch: Within it.
        final: Replaced whole, once the clip is complete.
        title: For the file's tags; not empty.

    Raises:
        AudioError: The source cannot be read.
        OutputError: The clip cannot be written.
    """
    frames = stretch.end - stretch.start
    try:
        with (
            open_audio(source) as audio,
            open_sound(final, audio.rate_hz, frames, Tags(title)) as clip,
        ):
            for block in audio.read(np.int16, stretch.start, stretch.end):
                clip.write(block)
        publish([final])
    finally:
        discard([final])


def _list_pieces(job: SpokenJob) -> Iterator[_Piece]:
    zero = 0
    for segment in job.segments:
        end = zero + len(segment.text)
        if not segment.words:
            yield _Piece(zero, end, segment.start, segment.end)
        for word in segment.words:
            chars = zero + word.char_start, zero + word.char_end
            yield _Piece(*chars, word.start, word.end)
        zero = end + 1  # for the line feed between


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits of *text*, and which character each is of."""
    folded = [(letter, at) for at, char in enumerate(text) for letter in _bare(char)]
    return "".join(letter for letter, _ in folded), [at for _, at in folded]


def _is_inside_words(char: str) -> bool:
    return char in _APOSTROPHES or unicodedata.category(char).startswith("M")


@cache  # as many as there are characters in the text
def _bare(char: str) -> str:
    """Return *char* without case and accents; nothing if it is no letter or digit."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", char).casefold()))
