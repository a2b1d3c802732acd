"""What is found wrong with a take, and what is not."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rimebatch.manifest.load import Job, Voice
from rimebatch.manifest.plan import PlannedJob, plan_job
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.renderer.checks import (
    Check,
    Finding,
    check_take,
    count_spoken,
    measure_clipped,
    measure_silence,
)
from rimebatch.renderer.takes import Sound, Timing, Word
from rimebatch.transcript.redactor import MASK

RATE_HZ = 1000
TEXT = "The quick brown fox jumps over the lazy dog."  # 3 s of speech


def plan(text: str = TEXT, **parameters: str | bool) -> PlannedJob:
    """Return the plan of a job that says *text*, in one segment."""
    voice = Voice({"samplingRate": RATE_HZ, "segment": "never", **parameters})
    return plan_job(Job("ch01", None, voice, text, None), 500)


def plan_script(*messages: Mapping[str, str]) -> PlannedJob:
    """Return the plan of a job that sends *messages*."""
    voice = Voice({"samplingRate": RATE_HZ, "segment": "bySentence"})
    return plan_job(Job("raw", None, voice, None, messages), 500)


def make_noise(seconds: float) -> NDArray[np.int16]:
    """Return what is neither silent nor clipped."""
    return np.resize(np.array([900, -900], np.int16), round(seconds * RATE_HZ))


def make_words(text: str, end_s: float) -> tuple[Word, ...]:
    """Return the words of *text*, the last of which ends at *end_s*."""
    words = text.split()
    step_s = end_s / len(words)
    return tuple(Word(w, 0, i * step_s, (i + 1) * step_s) for i, w in enumerate(words))


def make_sound(samples: NDArray[np.int16], words: tuple[Word, ...] = ()) -> Sound:
    """Return a take with the service's own times, if it has *words*."""
    return Sound(samples, words, Timing.SERVICE if words else Timing.NONE)


def check(job: PlannedJob, sound: Sound) -> list[tuple[Check, float, float]]:
    """Return what is wrong with the take of the only segment of *job*."""
    (segment,) = job.segments
    return [(f.check, f.measured, f.limit) for f in check_take(job, segment, sound)]


def test_a_sound_take_has_no_findings() -> None:
    """Audio of a plausible length, with all its words, passes."""
    assert [] == check(plan(), make_sound(make_noise(3), make_words(TEXT, 3.1)))
    assert [] == check(plan(), make_sound(make_noise(3)))


def test_a_finding_says_what_is_wrong_and_not_what_was_said() -> None:
    """A finding reads well, has its numbers, and repeats no text."""
    job = plan()

    (found,) = check_take(job, job.segments[0], make_sound(make_noise(0.5)))

    assert found == Finding(
        Check.LENGTH,
        "the audio lasts 0.50 s; for 44 characters the least that is plausible is "
        "1.07 s",
        measured=0.5,
        limit=1.075,
    )


@pytest.mark.parametrize(
    ("text", "seconds", "is_plausible"),
    [
        (TEXT, 1.07, False),
        (TEXT, 1.08, True),
        (TEXT, 13.5, True),
        (TEXT, 13.6, False),
        ("Yes.", 2.5, True),
        ("1984", 10, True),  # nineteen hundred and eighty-four, and unhurried
        ("FBI", 3.5, True),
        ("…" * 100 + "a", 0.2, True),
        ("क्षत्रिय", 0.1, False),
    ],
)
def test_length(text: str, seconds: float, is_plausible: bool) -> None:
    """Length is held against what the text may take when read aloud."""
    found = check(plan(text), make_sound(make_noise(seconds)))

    assert is_plausible == (found == [])


def test_pauses_may_last() -> None:
    """A pause that the text asks for is neither too long nor a silent hole."""
    samples = np.concatenate([make_noise(1), np.zeros(9_000, np.int16)])
    text = "Wait. <9000>"

    assert [] == check(plan(text, pauseBetweenBrackets=True), make_sound(samples))
    assert [Check.SILENCE] == [f[0] for f in check(plan(text), make_sound(samples))]


def test_words_beyond_the_audio() -> None:
    """The last word, wherever it stands, must end with the audio or a little later."""
    first, *others = make_words(TEXT, 5.0)
    words = (replace(first, end_s=5.0), *others[:-1], replace(others[-1], end_s=4.0))
    cut = make_sound(make_noise(2), words)

    assert [(Check.OVERRUN, 3.0, 1.3)] == check(plan(), cut)
    assert [] == check(plan(), make_sound(make_noise(3.5), words))


def test_words_that_are_missing() -> None:
    """Words must account for the text, if there are any that can be read."""
    half = make_words("the quick brown fox", 1.5)
    hidden = make_words(f"{MASK} {MASK}", 1.5)

    assert [(Check.WORDS, 16 / 35, 0.8)] == check(
        plan(), make_sound(make_noise(3), half)
    )
    assert [] == check(plan(), make_sound(make_noise(3), hidden))


def test_clipped_audio() -> None:
    """Flat tops at full scale are found, single peaks are not."""
    peaks = make_noise(3)
    peaks[::50] = 32767
    flat = make_noise(3)
    flat[:5], flat[10:15] = 32767, -32768

    assert [] == check(plan(), make_sound(peaks))
    assert [(Check.CLIPPED, 0.002, 0.001)] == check(plan(), make_sound(flat))


def test_silent_audio() -> None:
    """A take that is all silent is found however short, a hole if it is long."""
    hole = make_noise(8)
    hole[2000:6000] = 20

    assert [(Check.SILENCE, 2.005, 0.0)] == check(
        plan(), make_sound(np.zeros(2005, np.int16))
    )
    assert [(Check.SILENCE, 4.0, 3.0)] == check(plan(), make_sound(hole))


def test_no_audio_at_all_is_silent() -> None:
    """Nothing is too short, and silent."""
    found = check(plan(), make_sound(np.zeros(0, np.int16)))

    assert [Check.LENGTH, Check.SILENCE] == [name for name, *_ in found]


def test_scripts_are_checked_for_sound_alone() -> None:
    """How much of a script's text is spoken, and from when, is not known."""
    job = plan_script({"text": TEXT}, {"operation": "eos"})
    words = (Word("x", 0, 0.0, 99.0),)

    assert [] == check(job, Sound(make_noise(0.1), words, Timing.ESTIMATED))
    assert [(Check.SILENCE, 1.0, 0.0)] == check(
        job, Sound(np.zeros(1000, np.int16), words, Timing.ESTIMATED)
    )


def test_limits_are_those_of_the_job() -> None:
    """What the manifest says holds."""
    checks = TakeChecks(words=0.4, fastest_chars_per_s=100.0)
    half = make_sound(make_noise(0.5), make_words("the quick brown fox", 0.5))

    assert [] == check(replace(plan(), checks=checks), half)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Yes.", (3, 6)), ("a 1%", (3, 22)), ("cafe\u0301 —", (4, 6)), ("…", (-1, 1))],
)
def test_count_spoken(text: str, expected: tuple[int, int]) -> None:
    """Letters and the spaces between words count, and what may be read at length."""
    assert expected == count_spoken(text)


SAMPLES = arrays.arrays(
    np.int16,
    st.integers(0, 400),
    elements=st.sampled_from([0, 32, -32, 33, 32123, 32124, 32767, -32767, -32768]),
)


@given(SAMPLES)
def test_measures_are_those_of_a_plain_count(samples: NDArray[np.int16]) -> None:
    """Both measures equal what a loop over all samples finds."""
    full = [abs(int(sample)) >= 32124 for sample in samples]
    clipped = sum(map(all, zip(full, full[1:], full[2:], strict=False)))
    longest = run = 0
    for sample in samples.tolist():
        run = run + 1 if abs(sample) <= 32 else 0
        longest = max(longest, run)

    assert clipped / max(1, len(samples)) == measure_clipped(samples)
    assert longest / 100 == measure_silence(samples, 100)
