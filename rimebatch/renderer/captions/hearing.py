"""When a stretch of a segment's text is heard, whether or not it has words of its own.

Knows one segment; must not know pieces, lines or cues.
"""

from bisect import bisect_left, bisect_right

from rimebatch.renderer.spoken import SpokenSegment


class Hearing:
    """The known places of a segment: its ends, and its words if they print anything.

    Between two of them the time is shared by characters.
    """

    def __init__(self, segment: SpokenSegment) -> None:
        words = [word for word in segment.words if word.char_start < word.char_end]
        self._words = words
        self._word_starts = [word.char_start for word in words]
        self._word_ends = [word.char_end for word in words]
        known = [(0, segment.start)]
        for word in words:
            known += [(word.char_start, word.start), (word.char_end, word.end)]
        known.append((len(segment.text), segment.end))
        self._chars = [char for char, _ in known]
        self._frames = [frame for _, frame in known]

    def span(self, char_start: int, char_end: int) -> tuple[int, int]:
        """Return the first frame of a stretch of text, and the frame after its last.

        The pause around a word is no part of it, whatever punctuation stands there.
        What lies between words gets its share of the time between them.

        Args:
            char_start: Where it begins in the segment's text.
            char_end: Where it ends, after *char_start*.

        Returns:
            Frames of the file. Later stretches never begin before earlier ones end.
        """
        first = bisect_right(self._word_ends, char_start)
        last = bisect_left(self._word_starts, char_end) - 1
        if first <= last:
            char_start = max(char_start, self._words[first].char_start)
            char_end = min(char_end, self._words[last].char_end)
        return self._find_start(char_start), self._find_end(char_end)

    def _find_start(self, char: int) -> int:
        return self._between(bisect_right(self._chars, char) - 1, char)

    def _find_end(self, char: int) -> int:
        return self._between(bisect_left(self._chars, char) - 1, char)

    def _between(self, index: int, char: int) -> int:
        """Return the frame of *char*, which lies between two known places."""
        start, end = self._chars[index : index + 2]
        begin, finish = self._frames[index : index + 2]
        return begin + (char - start) * (finish - begin) // (end - start)
