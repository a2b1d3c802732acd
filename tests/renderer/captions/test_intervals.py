"""Files for listening closely, read back by praatio and by Python's csv."""

import csv
import io
import re
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, given, settings
from praatio import textgrid

from fakes.spoken import make_spoken, spoken_jobs
from rimebatch.renderer.captions.intervals import (
    write_audacity,
    write_csv,
    write_textgrid,
)
from rimebatch.renderer.captions.stamps import to_seconds
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

Rows = list[tuple[float, float, str]]

JOB = make_spoken(
    SpokenSegment(
        'Say "yes",\n=now.',
        0,
        800,
        4000,
        (SpokenWord(0, 3, 800, 1600), SpokenWord(4, 10, 2000, 2001)),
    ),
    SpokenSegment("Nobody\tknows.", 1, 4000, 8000),
)


def collapse(text: str) -> str:
    """Return *text* with single spaces."""
    return " ".join(text.split())


def list_units(job: SpokenJob) -> Rows:
    """Return each word, or a whole segment that has none, as start, end and text."""
    return [
        (
            float(to_seconds(start, job.rate_hz)),
            float(to_seconds(end, job.rate_hz)),
            collapse(segment.text[char_start:char_end]),
        )
        for segment in job.segments
        for char_start, char_end, start, end in [
            (word.char_start, word.char_end, word.start, word.end)
            for word in segment.words
        ]
        or [(0, len(segment.text), segment.start, segment.end)]
    ]


def read_tier(text: str, name: str) -> Rows:
    """Return the intervals of a tier, as praatio finds them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.TextGrid"
        file.write_text(text, "utf-8", newline="")
        grid = textgrid.openTextgrid(str(file), includeEmptyIntervals=True)
    return [(a, b, label) for a, b, label in grid.getTier(name).entries]


def test_textgrid() -> None:
    """A TextGrid is as Praat itself writes it."""
    expected = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3.000000
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "segments"
        xmin = 0
        xmax = 3.000000
        intervals: size = 4
        intervals [1]:
            xmin = 0.000000
            xmax = 0.100000
            text = ""
        intervals [2]:
            xmin = 0.100000
            xmax = 0.500000
            text = "Say ""yes"", =now."
        intervals [3]:
            xmin = 0.500000
            xmax = 1.000000
            text = "Nobody knows."
        intervals [4]:
            xmin = 1.000000
            xmax = 3.000000
            text = ""
    item [2]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 3.000000
        intervals: size = 5
        intervals [1]:
            xmin = 0.000000
            xmax = 0.100000
            text = ""
        intervals [2]:
            xmin = 0.100000
            xmax = 0.200000
            text = "Say"
        intervals [3]:
            xmin = 0.200000
            xmax = 0.250000
            text = ""
        intervals [4]:
            xmin = 0.250000
            xmax = 0.250125
            text = ""\"yes"","
        intervals [5]:
            xmin = 0.250125
            xmax = 3.000000
            text = ""
"""

    assert expected == write_textgrid(JOB)


def test_words_of_no_length() -> None:
    """An interval of no length gives its text to the next, or the last."""
    words = (
        SpokenWord(0, 1, 100, 100),
        SpokenWord(2, 3, 100, 800),
        SpokenWord(4, 5, 900, 900),
    )
    text = write_textgrid(make_spoken(SpokenSegment("a b c", 0, 0, 8000, words)))

    assert (0.0125, 0.1, "a b c") == read_tier(text, "words")[1]


def test_audacity() -> None:
    """A label is a line of start, end and text; a segment without words is one."""
    expected = (
        "0.100000\t0.200000\tSay\n"
        '0.250000\t0.250125\t"yes",\n'
        "0.500000\t1.000000\tNobody knows.\n"
    )

    assert expected == write_audacity(JOB)


def test_csv() -> None:
    """A row is quoted where it has to be, and the lines end as RFC 4180 says."""
    expected = (
        "segment,word,char_start,char_end,start_s,end_s,text\r\n"
        "1,1,0,3,0.100000,0.200000,Say\r\n"
        '1,2,4,10,0.250000,0.250125,"""yes"","\r\n'
        "2,,0,13,0.500000,1.000000,Nobody knows.\r\n"
    )

    assert expected == write_csv(JOB)


@given(spoken_jobs())
@settings(max_examples=50)
def test_textgrid_is_read_by_others(job: SpokenJob) -> None:
    """Tiers fill the file without a gap, and nothing of the text is lost."""
    assume(any(segment.start < segment.end for segment in job.segments))
    text = write_textgrid(job)
    segments, words = read_tier(text, "segments"), read_tier(text, "words")
    printed = collapse(" ".join(segment.text for segment in job.segments))

    assert printed == collapse(" ".join(label for *_, label in segments))
    for tier in (segments, words):
        assert 0 == tier[0][0]
        assert float(to_seconds(job.frames, job.rate_hz)) == tier[-1][1]
        assert all(before[1] == after[0] for before, after in pairwise(tier))
        assert all(start < end for start, end, _ in tier)


@given(spoken_jobs())
@settings(max_examples=50)
def test_audacity_is_whole(job: SpokenJob) -> None:
    """Every label is a line of three fields, and all are there."""
    rows = [line.split("\t") for line in write_audacity(job).split("\n")[:-1]]

    assert list_units(job) == [(float(a), float(b), text) for a, b, text in rows]


@given(spoken_jobs())
@settings(max_examples=50)
def test_csv_is_read_by_others(job: SpokenJob) -> None:
    """Rows tell when each word is heard and where it stands."""
    rows = list(csv.DictReader(io.StringIO(write_csv(job), newline="")))
    found = [(float(r["start_s"]), float(r["end_s"]), r["text"]) for r in rows]

    assert list_units(job) == found
    for row in rows:
        text = job.segments[int(row["segment"]) - 1].text
        place = slice(int(row["char_start"]), int(row["char_end"]))

        assert collapse(text[place]) == row["text"]
        assert re.fullmatch(r"\d*", row["word"])
