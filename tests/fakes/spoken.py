"""Jobs as they were spoken, made up."""

import re
from itertools import pairwise

from hypothesis import strategies as st

from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

RATE_HZ = 8000

# Words, marks and spaces of several scripts, and all that some format has to escape.
_SCRAPS = st.sampled_from(
    [
        *(
            "a",
            "the",
            "house",
            "of",
            "12",
            "km",
            "Mr.",
            "“Well,",
            "he",
            "said.”",
            "so?",
        ),
        *("—", "(", ")", "...", '"', '""', "&", "&lt;", "<b>", "-->", "]", ",", "=1+1"),
        *("x" * 50, "well-known", "吾輩は", "猫である。", "ニャー", "「", "나는"),
        *(
            "พระธิดา",
            "قال",
            "e\u0301",
            "\u0301" * 3,
            "👩\u200d👩\u200d👧",
            "\u2060",
            "\x07",
        ),
    ]
)
_SPACES = st.sampled_from([" ", " ", " ", "", "  ", "\n", "\t", "\u00a0", "\r\n\u2028"])


def make_segment(text: str, *, start: int = 0, paragraph: int = 0) -> SpokenSegment:
    """Return *text* spoken at 15 characters a second, each word when its turn comes."""
    frames_per_char = RATE_HZ // 15
    words = tuple(
        SpokenWord(
            word.start(),
            word.end(),
            start + word.start() * frames_per_char,
            start + word.end() * frames_per_char,
        )
        for word in re.finditer(r"[\w'’]+", text)
    )
    end = start + len(text) * frames_per_char
    return SpokenSegment(text, paragraph, start, end, words)


def make_spoken(
    *segments: SpokenSegment, language: str = "eng", title: str = "A job"
) -> SpokenJob:
    """Return a job of *segments*, with two seconds after the last."""
    frames = max((segment.end for segment in segments), default=0) + 2 * RATE_HZ
    return SpokenJob(title, language, RATE_HZ, frames, segments)


@st.composite
def spoken_segments(draw: st.DrawFn, start: int) -> SpokenSegment:
    """Return any text from frame *start* on, with or without words of any lengths."""
    scraps = draw(st.lists(st.tuples(_SCRAPS, _SPACES), max_size=30))
    text = "".join(part for scrap in scraps for part in scrap)
    end = start + draw(st.integers(0, 20) | st.integers(0, RATE_HZ * 40))
    places = [found.span() for found in re.finditer(r"\w+|<", text)]
    if draw(st.booleans()):
        places = []
    count = 2 * len(places)
    frames = st.lists(st.integers(start, end), min_size=count, max_size=count)
    times = sorted(draw(frames))
    words = (
        SpokenWord(*place, word_start, word_end)
        for place, word_start, word_end in zip(
            places, times[::2], times[1::2], strict=True
        )
    )
    return SpokenSegment(text, 0, start, end, tuple(words))


@st.composite
def spoken_jobs(draw: st.DrawFn) -> SpokenJob:
    """Return a job of up to four segments, with or without pauses between them."""
    at, segments = 0, []
    for _ in range(draw(st.integers(0, 4))):
        segment = draw(spoken_segments(at + draw(st.integers(0, RATE_HZ))))
        segments.append(segment)
        at = segment.end
    frames = at + draw(st.integers(0, RATE_HZ))
    language = draw(st.sampled_from(["eng", "jpn"]))
    rate_hz = draw(st.sampled_from([RATE_HZ, 44_100]))
    title = draw(st.sampled_from(["A job", "[a]\nb"]))
    return SpokenJob(title, language, rate_hz, frames, tuple(segments))


def overlaps(spans: list[tuple[int, int]]) -> bool:
    """Return whether any of *spans* begins before the one in front of it ends."""
    return any(after[0] < before[1] for before, after in pairwise(spans))
