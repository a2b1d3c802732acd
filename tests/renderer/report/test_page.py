"""The page as a file: whole, the same each time, and safe whatever the texts say."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings

from fakes.reports import FAULT, HOSTILE, NOTICE, TEXTS, make_run
from fakes.spoken import RATE_HZ, spoken_jobs
from rimebatch.renderer.report import ReportRun, ReportSegment, make_report
from rimebatch.renderer.spoken import SpokenJob


class Elements(HTMLParser):
    """What a browser finds on a page.

    Attributes:
        found: Of each element its tag, its attributes, and its text, if it has no
            elements.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._is_within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs), []))
        self._is_within = True

    def handle_endtag(self, tag: str) -> None:
        """Note that what follows is not of the element."""
        self._is_within = False

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self._is_within:
            self.found[-1][2].append(data)

    def texts(self, tag: str) -> list[str]:
        """Return the text of each element of *tag*."""
        return ["".join(text) for name, _, text in self.found if name == tag]


def blocks_of(page: str) -> dict[str, object]:
    """Return the data of *page*, by name."""
    return {
        str(attributes["id"]): json.loads("".join(text))
        for tag, attributes, text in Elements(page).found
        if tag == "script" and attributes.get("type") == "application/json"
    }


def test_same_run_same_page() -> None:
    """Two pages of one run are equal."""
    assert make_report(make_run()) == make_report(make_run())


def test_hostile_texts_are_texts() -> None:
    """No title and no text adds an element, ends one, or is changed."""
    page = make_report(make_run())
    harmless = replace(make_run(), name="book", jobs=make_run().jobs[:1] * 2)
    run, job = (blocks_of(page)[name] for name in ("run", "job-1"))
    tags = [
        [tag for tag, *_ in Elements(one).found]
        for one in (page, make_report(harmless))
    ]

    assert tags[0] == tags[1]
    assert isinstance(run, dict)
    assert isinstance(job, dict)
    assert HOSTILE == run["jobs"][1]["title"]
    assert [text for text, _ in TEXTS] == job["texts"]
    assert "<title>book &amp; co</title>" in page


def test_the_policy_lets_in_what_is_there_and_nothing_else() -> None:
    """Style and program run by their digest; audio is from beside the page alone."""
    elements = Elements(make_report(make_run()))
    [policy] = [
        str(attributes["content"])
        for tag, attributes, _ in elements.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    [style] = elements.texts("style")
    [script] = [
        "".join(text)
        for tag, attributes, text in elements.found
        if tag == "script" and attributes["type"] == "module"
    ]
    digests = [
        b64encode(hashlib.sha256(content.encode()).digest()).decode()
        for content in (script, style)
    ]

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; "
        f"style-src 'sha256-{digests[1]}'; media-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_nothing_is_fetched() -> None:
    """The page names no address at all."""
    assert not re.search(r"https?:|//[a-z]", make_report(replace(make_run(), jobs=())))


def test_the_jobs_of_a_run() -> None:
    """Of each job there is what its row shows, and of each run what it cost."""
    run = blocks_of(make_report(make_run()))["run"]
    [job, _] = make_run().jobs
    starts_ms = [to_ms(segment.start) for segment in job.spoken.segments]

    assert isinstance(run, dict)
    assert {
        "id": "ch01",
        "title": "Chapter One",
        "state": "done",
        "audio": "ch01.wav",
        "ms": to_ms(job.spoken.frames),
        "peaks": b64encode(job.peaks).decode(),
        "level": "-20.0 dB RMS",
        "segments": 5,
        "chars": job.chars,
        "missing": 0,
        "sent": 300,
        "wasted": 40,
        "connections": 2,
        "connected": 2.5,
        "notes": [
            [1, starts_ms[1], "fault", FAULT.what],
            [3, starts_ms[3], "notice", NOTICE.what],
        ],
    } == run["jobs"][0]
    assert [
        {
            "wall": "2026-11-23T12:00:00Z",
            "recorded_chars": 260,
            "sent_chars": 300,
            "wasted_chars": 40,
        }
    ] == run["runs"]


@settings(max_examples=60, deadline=None)
@given(spoken_jobs())
def test_words_are_found_again(spoken: SpokenJob) -> None:
    """From the numbers of a page come the place and time of each word, to the ms."""
    segments = tuple(ReportSegment(is_heading=False, chars=1) for _ in spoken.segments)
    one = replace(make_run().jobs[0], spoken=spoken, segments=segments)
    block = blocks_of(make_report(ReportRun("book", 0.05, (one,))))["job-0"]
    assert isinstance(block, dict)
    for number, segment in enumerate(spoken.segments):
        expected = [
            (
                segment.text[word.char_start : word.char_end],
                to_ms(word.start, spoken.rate_hz),
                to_ms(word.end, spoken.rate_hz),
            )
            for word in segment.words
        ]
        times = [to_ms(at, spoken.rate_hz) for at in (segment.start, segment.end)]

        assert (segment.text, times) == (block["texts"][number], block["times"][number])
        assert expected == unpack(block["words"][number], segment.text, times[0])


def unpack(numbers: list[int], text: str, ms: int) -> list[tuple[str, int, int]]:
    """Return text, start and end of each word, as a browser does."""
    units = text.encode("utf-16-le", "surrogatepass")
    words, place = [], 0
    for gap, length, gap_ms, length_ms in zip(*[iter(numbers)] * 4, strict=True):
        word = units[2 * (place + gap) : 2 * (place + gap + length)]
        start_ms = ms + gap_ms
        place, ms = place + gap + length, start_ms + length_ms
        words.append((word.decode("utf-16-le", "surrogatepass"), start_ms, ms))
    return words


def to_ms(frames: int, rate_hz: int = RATE_HZ) -> int:
    """Return *frames* in milliseconds."""
    return round(frames * 1000 / rate_hz)
