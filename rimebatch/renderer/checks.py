"""What is wrong with the sound of one take, as far as that can be measured.

It knows one take and its segment, and neither the record nor what becomes of a finding.
Whether there is a take at all, whether it ended as ws3 has it, and whether its audio is
whole samples is not seen here: `rimebatch.ws3.takes` and `rimebatch.renderer.decoding`
refuse those.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.alignment import align, is_plain
from rimebatch.renderer.takes import Sound, Timing

_FULL_SCALE: Final = 32_124  # the loudest sample that mulaw has; others go on to 32,767
_NEAR_SILENCE: Final = 32  # -60 dBFS: above what is left of digital silence in an MP3
_BLOCK_S: Final = 0.01  # how exactly silences are measured

# "seven hundred and seventy-seven" has 10 characters for each digit; a symbol, such as
# "percent", no more. A capital may be one of an abbreviation: "double-u" is the
# longest, and "FBI" has 3 for each.
_CHARS_PER_NUMERAL: Final = 10
_CHARS_PER_CAPITAL: Final = 3
_AROUND_S: Final = 2.0  # a second before "Yes." and one after it are nothing wrong

_PAUSE: Final = re.compile(r"<(\d+)>")  # in ms: docs@Aug, page on custom pauses


class Check(StrEnum):
    """What a take is checked for."""

    LENGTH = "length"
    OVERRUN = "overrun"
    WORDS = "words"
    CLIPPED = "clipped"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a take.

    Attributes:
        check: What it was checked for.
        sentence: What was found, for people; nothing that was to be spoken is in it.
        measured: Seconds; of words and clipping, a share of the whole.
        limit: What *measured* is on the wrong side of.
    """

    check: Check
    sentence: str
    measured: float
    limit: float


@dataclass(frozen=True, slots=True)
class _Take:
    """What a check looks at."""

    job: PlannedJob
    text: str
    sound: Sound
    rate_hz: int

    @property
    def seconds(self) -> float:
        """The length of the audio."""
        return len(self.sound.samples) / self.rate_hz

    @property
    def pauses_s(self) -> float:
        """The length of all pauses that the text asks for."""
        if self.job.parameters.get("pauseBetweenBrackets") is not True:
            return 0.0
        return sum(map(float, _PAUSE.findall(self.text))) / 1000


def check_take(job: PlannedJob, segment: Segment, sound: Sound) -> tuple[Finding, ...]:
    """Return what is wrong with the take of *segment* that *sound* is.

    A script is only checked for clipping and silence: how much of its text is spoken
    before a ``clear`` the service alone knows, and where each synthesis began is
    an estimate.

    Args:
        job: With the limits, which have no say in any key.
        segment: One of the job's.
        sound: As `read_sound` returns it, with the service's own times.
    """
    take = _Take(job, segment.text, sound, job.rate_hz)
    checks = _OF_ANY if job.is_script else _OF_PROSE
    return tuple(finding for check in checks for finding in check(take))


def _check_length(take: _Take) -> Iterator[Finding]:
    checks = take.job.checks
    fewest, most = count_spoken(take.text)
    least_s = fewest / checks.fastest_chars_per_s
    most_s = most / checks.slowest_chars_per_s + _AROUND_S + take.pauses_s
    seconds = take.seconds
    if not least_s <= seconds <= most_s:
        limit, bound = (least_s, "least") if seconds < least_s else (most_s, "most")
        sentence = (
            f"the audio lasts {seconds:.2f} s; for {len(take.text)} characters the "
            f"{bound} that is plausible is {limit:.2f} s"
        )
        yield Finding(Check.LENGTH, sentence, seconds, limit)


def count_spoken(text: str) -> tuple[int, int]:
    """Return the fewest and the most letters that may be heard in *text*.

    A space after a word counts as well. A numeral or a symbol is nothing but itself in
    the one, and as long as it may be when read aloud in the other.
    """
    text = unicodedata.normalize("NFC", text)
    letters = sum(unicodedata.category(char)[0] in "LMN" for char in text)
    words = sum(any(map(str.isalnum, word)) for word in text.split())
    numerals = sum(not is_plain(char) for char in text)
    capitals = sum(map(str.isupper, text))
    longer = numerals * (_CHARS_PER_NUMERAL - 1) + capitals * (_CHARS_PER_CAPITAL - 1)
    return letters + words - 1, len(text) + longer


def _check_overrun(take: _Take) -> Iterator[Finding]:
    if take.sound.timing is not Timing.SERVICE:
        return
    end_s = max(word.zero / take.rate_hz + word.end_s for word in take.sound.words)
    checks = take.job.checks
    limit = checks.overrun_s + checks.overrun_share * take.seconds
    if (beyond_s := end_s - take.seconds) > limit:
        sentence = (
            f"a word ends at {end_s:.2f} s, {beyond_s:.2f} s beyond the audio; "
            f"{limit:.2f} s is the most"
        )
        yield Finding(Check.OVERRUN, sentence, beyond_s, limit)


def _check_words(take: _Take) -> Iterator[Finding]:
    if not take.sound.words:
        return
    share = align(take.sound.tokens, take.text).share
    limit = take.job.checks.words
    if share is not None and share < limit:
        sentence = (
            f"the words account for {share:.0%} of the text; {limit:.0%} is the least"
        )
        yield Finding(Check.WORDS, sentence, share, limit)


def _check_clipped(take: _Take) -> Iterator[Finding]:
    share = measure_clipped(take.sound.samples)
    limit = take.job.checks.clipped
    if share > limit:
        sentence = (
            f"{share:.2%} of the audio is cut off at full scale; {limit:.2%} is the "
            "most"
        )
        yield Finding(Check.CLIPPED, sentence, share, limit)


def measure_clipped(samples: NDArray[np.int16]) -> float:
    """Return the share of *samples* that are at full scale, as both neighbours are.

    A single peak does not count. One threshold serves all formats: mulaw ends below
    full scale, and MP3 makes flat tops wavy but leaves them near it.
    """
    if not len(samples) or max(int(samples.max()), -int(samples.min())) < _FULL_SCALE:
        return 0.0
    full = (samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)
    return float(np.count_nonzero(full[:-2] & full[1:-1] & full[2:])) / len(samples)


def _check_silence(take: _Take) -> Iterator[Finding]:
    silence_s = measure_silence(take.sound.samples, take.rate_hz)
    limit = take.job.checks.silence_s + take.pauses_s
    if silence_s == take.seconds:
        sentence = f"all of its {silence_s:.2f} s are silent"
        yield Finding(Check.SILENCE, sentence, silence_s, limit=0.0)
    elif silence_s > limit:
        sentence = f"{silence_s:.2f} s on end are silent; {limit:.2f} s is the most"
        yield Finding(Check.SILENCE, sentence, silence_s, limit)


def measure_silence(samples: NDArray[np.int16], rate_hz: int) -> float:
    """Return how long the longest near-silence in *samples* is, in seconds.

    It is exact to a hundredth of a second, and where there is nothing else.
    """
    frames = max(1, round(_BLOCK_S * rate_hz))
    starts = np.arange(0, len(samples), frames)
    if not len(starts):
        return 0.0
    highest = np.maximum.reduceat(samples, starts)
    lowest = np.minimum.reduceat(samples, starts)
    heard = np.flatnonzero((highest > _NEAR_SILENCE) | (lowest < -_NEAR_SILENCE))
    edges = np.concatenate(([-1], heard, [len(starts)]))
    longest = int(np.diff(edges).max()) - 1
    return min(longest * frames, len(samples)) / rate_hz


_OF_ANY: Final[tuple[Callable[[_Take], Iterator[Finding]], ...]] = (
    _check_clipped,
    _check_silence,
)
_OF_PROSE: Final = (_check_length, _check_overrun, _check_words, *_OF_ANY)
