"""Files that players show, read back by ffmpeg and by another library."""

import html
import re
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import webvtt
from hypothesis import given, settings

from fakes.ffmpeg import needs_ffmpeg
from fakes.spoken import RATE_HZ, make_segment, make_spoken, overlaps, spoken_jobs
from rimebatch.renderer.captions.cues import make_cues
from rimebatch.renderer.captions.subtitles import write_lrc, write_srt, write_vtt
from rimebatch.renderer.spoken import SpokenJob, SpokenSegment, SpokenWord

BLOCK = re.compile(r"(\d+)\n([\d:,]+) --> ([\d:,]+)\n((?:.+\n){0,2})\n")
STAMP = re.compile(r"<([\d:.]+)>")


def read_clock(clock: str) -> int:
    """Return the milliseconds of a time of day."""
    hours, minutes, seconds = re.split("[:]", clock)
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(re.sub("[,.]", "", seconds))


def read_srt(text: str) -> list[tuple[int, int, str]]:
    """Return first and last millisecond and the lines of each cue that has any."""
    found = [block.groups() for block in BLOCK.finditer(f"{text}\n")]

    assert [str(number) for number in range(1, len(found) + 1)] == [b[0] for b in found]
    assert "" == BLOCK.sub("", f"{text}\n").strip()
    return [(read_clock(b[1]), read_clock(b[2]), b[3][:-1]) for b in found if b[3]]


def strip_tags(raw: str) -> str:
    """Return what is printed of the text of a WebVTT cue."""
    return html.unescape(re.sub("<[^>]*>", "", raw))


JOB = make_spoken(
    make_segment("He said: “Is it <b>5</b> & not 6?”"),
    SpokenSegment("Nobody knows\nwhen.", 1, 5 * RATE_HZ, 7 * RATE_HZ),
    title="One &\n two",
)


def test_srt() -> None:
    """SubRip has numbers, times with a comma, and the text as it is printed."""
    expected = """\
1
00:00:00,000 --> 00:00:02,132
He said: “Is it <b>5</b> & not 6?”

2
00:00:05,000 --> 00:00:07,000
Nobody knows when.
"""

    assert expected == write_srt(JOB)


def test_vtt() -> None:
    """WebVTT has a time at each word, escapes, and says where times are estimated."""
    expected = """\
WEBVTT

NOTE
Cues of the class estimated have no word times of the service:
their text is spread over the time of its segment by characters.

00:00:00.000 --> 00:00:02.132
<c>He</c> <00:00:00.200><c>said:</c> <00:00:00.666><c>“Is</c> <00:00:00.866>\
<c>it</c> <00:00:01.133><c>&lt;b&gt;</c><00:00:01.266><c>5&lt;/</c><00:00:01.466>\
<c>b&gt; &amp;</c> <00:00:01.799><c>not</c> <00:00:02.065><c>6?”</c>

00:00:05.000 --> 00:00:07.000
<c.estimated>Nobody knows when.</c>
"""

    assert expected == write_vtt(JOB)


def test_lrc() -> None:
    """LRC has a line for each cue, below the title and the length."""
    expected = """\
[ti:One & two]
[length:00:09.00]
[00:00.00]He said: “Is it <b>5</b> & not 6?”
[00:05.00]Nobody knows when.
[00:07.00]
"""

    assert expected == write_lrc(JOB)


def test_lrc_after_an_hour() -> None:
    """LRC has no hours: its minutes go on, beyond two digits."""
    late = make_segment("Late.", start=RATE_HZ * 7265)

    assert "\n[121:05.00]Late.\n" in write_lrc(make_spoken(late))


def test_lines_of_vtt() -> None:
    """A word that goes on in the next line has its time where it begins."""
    text = f"{'x' * 60} two"
    words = (SpokenWord(0, 60, 0, 4000), SpokenWord(61, 64, 4000, 8000))
    expected = f"""\
WEBVTT

00:00:00.000 --> 00:00:02.500
<c>{"x" * 32}</c>
<c>{"x" * 28}</c> <00:00:00.500><c>two</c>
"""

    assert expected == write_vtt(make_spoken(SpokenSegment(text, 0, 0, 8000, words)))


def test_line_without_words() -> None:
    """What no word is known of is shown with what comes before it."""
    words = (SpokenWord(0, 3, 0, 800),)
    segment = SpokenSegment(f"One {'* ' * 25}", 0, 0, 800, words)
    lines = write_vtt(make_spoken(segment)).splitlines()[3:]

    assert [f"<c>One {'* ' * 10}*</c>", f"<c>{'* ' * 13}*</c>"] == lines


def test_nothing() -> None:
    """A job with nothing to show makes files that say so."""
    silence = make_spoken(title="")

    assert "" == write_srt(silence)
    assert "WEBVTT\n" == write_vtt(silence)
    assert "[ti:]\n[length:00:02.00]\n" == write_lrc(silence)


@given(spoken_jobs())
@settings(max_examples=50)
def test_srt_is_valid(job: SpokenJob) -> None:
    """Cues have a length, do not overlap, and print all that they have."""
    found = read_srt(write_srt(job))

    assert all(start < end for start, end, _ in found)
    assert not overlaps([(start, end) for start, end, _ in found])
    assert ["\n".join(cue.texts) for cue in make_cues(job)] == [
        text for *_, text in found
    ]


@given(spoken_jobs())
@settings(max_examples=50)
def test_vtt_is_read_by_others(job: SpokenJob) -> None:
    """Another library finds the cues of the SubRip file, escapes undone, tags valid."""
    found = webvtt.from_string(write_vtt(job)).captions
    cues = [
        (read_clock(cue.start), read_clock(cue.end), strip_tags(cue.raw_text))
        for cue in found
    ]

    assert read_srt(write_srt(job)) == cues
    for cue in found:
        stamps = [cue.start, *STAMP.findall(cue.raw_text), cue.end]
        assert all(before < after for before, after in pairwise(stamps))
        assert cue.raw_text.count("<c") == cue.raw_text.count("</c>") > 0


@given(spoken_jobs())
@settings(max_examples=50)
def test_lrc_is_in_order(job: SpokenJob) -> None:
    """Every cue is a line, none before the one above it."""
    title, _, *lines, _ = [*write_lrc(job).splitlines(), ""]
    pairs = [re.fullmatch(r"\[(\d\d+):(\d\d)\.(\d\d)\](.+)", line) for line in lines]
    found = [pair.groups() for pair in pairs if pair]
    times = [int("".join(time)) for *time, _ in found]

    assert f"[ti:{' '.join(job.title.split())}]" == title
    assert times == sorted(times)
    assert [cue.text for cue in make_cues(job)] == [text for *_, text in found]


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "write"),
    [("a.srt", write_srt), ("a.vtt", write_vtt), ("a.lrc", write_lrc)],
)
def test_ffmpeg(name: str, write: Callable[[SpokenJob], str], tmp_path: Path) -> None:
    """What ffmpeg reads of any of them is what was meant."""
    text = "“Well & good,” he said; “it’s 5 < 6.” The 猫 sat. Then it went for a walk."
    # One cue after the other, and beyond two digits of minutes.
    job = make_spoken(make_segment(text, start=RATE_HZ * 7265))
    file = tmp_path / name
    file.write_text(write(job), "utf-8", newline="")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(file), "-f", "srt", "-"]
    run = subprocess.run(command, capture_output=True, check=True)
    found = read_srt(run.stdout.decode().replace("\r\n", "\n"))
    meant = read_srt(write_srt(job))
    if write is write_lrc:
        meant = [
            (a // 10 * 10, b // 10 * 10, t.replace("\n", " ")) for a, b, t in meant
        ]

    assert meant == found
