"""From a run to the page: one HTML file, with all it needs but the audio within.

Style and program come first, then what they show, as JSON: a block for the run and one
for each job, which is read when that job is opened. The page may load audio from beside
it and nothing else, and its policy names the digest of all that may run in it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

import msgspec

from rimebatch.renderer.report.model import ReportJob, ReportRun
from rimebatch.renderer.spoken import SpokenSegment

_PARTS: Final = files("rimebatch.renderer.report") / "parts"
_SCRIPTS: Final = ("words.js", "waves.js", "player.js", "text.js", "page.js")


def make_report(run: ReportRun) -> str:
    """Return the page of *run*; the same run gives the same page.

    The audio files are looked for beside it.
    """
    style = _read("page.css")
    script = "\n".join(map(_read, _SCRIPTS))
    blocks = [_make_block("run", _list_run(run))]
    for number, job in enumerate(run.jobs):
        blocks.append(_make_block(f"job-{number}", _list_job(job)))
    return Template(_read("page.html")).substitute(
        title=escape(run.name),
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        blocks="\n".join(blocks),
    )


def _read(part: str) -> str:
    return (_PARTS / part).read_text("utf-8")


def _digest(content: str) -> str:
    """Return what a content security policy knows *content* by."""
    return b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _make_block(name: str, data: object) -> str:
    """Return *data* as JSON that no text within can end, or make a comment of."""
    text = msgspec.json.encode(data).decode().replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _list_run(run: ReportRun) -> dict[str, object]:
    return {
        "name": run.name,
        "price": run.price_usd,
        "runs": run.runs,
        "jobs": [
            {
                "id": job.id,
                "title": job.spoken.title,
                "state": job.state,
                "audio": job.audio_file,
                "ms": _ms(job.spoken.frames, job.spoken.rate_hz),
                "peaks": b64encode(job.peaks).decode(),
                "level": job.level,
                "segments": len(job.segments),
                "chars": job.chars,
                "missing": job.missing_chars,
                "sent": job.costs.sent_chars,
                "wasted": job.costs.wasted_chars,
                "connections": job.connections,
                "connected": round(job.connected_s, 3),
                "notes": list(_list_notes(job)),
            }
            for job in run.jobs
        ],
    }


def _list_notes(job: ReportJob) -> Iterator[list[object]]:
    """Yield of each note where it is: segment, milliseconds, level, words."""
    segments = zip(job.segments, job.spoken.segments, strict=True)
    for number, (segment, spoken) in enumerate(segments):
        start = _ms(spoken.start, job.spoken.rate_hz)
        for note in segment.notes:
            yield [number, start, note.level, note.what]


def _list_job(job: ReportJob) -> dict[str, object]:
    spoken, rate_hz = job.spoken, job.spoken.rate_hz
    return {
        "texts": [segment.text for segment in spoken.segments],
        "paragraphs": [segment.paragraph for segment in spoken.segments],
        "headings": [segment.is_heading for segment in job.segments],
        "chars": [segment.chars for segment in job.segments],
        "tries": [segment.tries for segment in job.segments],
        "times": [
            [_ms(segment.start, rate_hz), _ms(segment.end, rate_hz)]
            for segment in spoken.segments
        ],
        "words": [_list_words(segment, rate_hz) for segment in spoken.segments],
    }


def _list_words(segment: SpokenSegment, rate_hz: int) -> list[int]:
    """Return four numbers for each word of *segment*.

    They are how far it begins behind the end of the word in front of it and how long it
    is, both in the text's UTF-16 units, which are what browsers count, and then both in
    milliseconds. Differences are short in writing.
    """
    numbers = []
    char, ms = 0, _ms(segment.start, rate_hz)
    for word in segment.words:
        start_ms, end_ms = _ms(word.start, rate_hz), _ms(word.end, rate_hz)
        numbers += [
            _count_units(segment.text[char : word.char_start]),
            _count_units(segment.text[word.char_start : word.char_end]),
            start_ms - ms,
            end_ms - start_ms,
        ]
        char, ms = word.char_end, end_ms
    return numbers


def _count_units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _ms(frames: int, rate_hz: int) -> int:
    return round(frames * 1000 / rate_hz)
