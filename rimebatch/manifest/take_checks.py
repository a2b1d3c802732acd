"""What the takes of one job must be like, and what becomes of one that is not.

The numbers only: what is measured, the renderer knows. Knows neither YAML nor jobs.

A limit that a voice's speed or its language would break on sound takes bends with them,
so that nothing is bought again for being slow on purpose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from rimebatch.manifest.languages import find_language
from rimebatch.manifest.parameters import DEFAULT_LANG, FASTER_BELOW_1, find_model

OnFail: TypeAlias = Literal["retake", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeChecks:
    """The limits that hold for the takes of one job.

    Attributes:
        on_fail: What becomes of a take that fails.
        retakes: How many further takes a failing segment is worth, ever.
        words: The share of a text's letters that the spoken words must account for.
        overrun_s: How far a word may end beyond the audio, in seconds.
        overrun_share: What is added to that, as a share of the length of the audio.
        silence_s: The longest silence inside a take, beside the pauses its text asks
            for.
        clipped: The share of the samples that may be cut off at full scale.
        slowest_chars_per_s: The fewest characters that a second of audio may hold.
        fastest_chars_per_s: The most.
    """

    on_fail: OnFail = "retake"
    retakes: int = 2
    # The service's words are its input, split at white space (field, Sep 2026): a sound
    # take accounts for all of it. A fifth is left for what it may read as other words.
    words: float = 0.8
    # Word ends overshoot sound audio by 0.1 s routinely, and in sentences with commas
    # a last word was said to end at 6.00 s of 4.45 s (field, Sep 2026): 35 % too far.
    overrun_s: float = 0.5
    overrun_share: float = 0.4
    # Long beside any pause for effect; nobody has published how long the service's are.
    silence_s: float = 3.0
    # Speech that just reaches full scale has none; 1 dB too loud it has at most 0.0003,
    # and 6 dB too loud at least 0.003 (four local voices at 24 kHz, in every format).
    clipped: float = 0.001
    # "Characters per second outside 4-40" by the design notes; prose has about 15.
    slowest_chars_per_s: float = 4.0
    fastest_chars_per_s: float = 40.0


DEFAULT_CHECKS: Final = TakeChecks()
"""What holds at normal speed, where a manifest says nothing."""


class LengthBand(NamedTuple):
    """How many characters a second may hold, of one model and language or of any."""

    model_id: str | None
    lang: str | None
    slowest: float
    fastest: float

    def fits(self, model_id: str, lang: str) -> bool:
        """Whether it is meant for this model and language, by whichever name."""
        return (
            self.model_id is None or find_model(self.model_id) == find_model(model_id)
        ) and (self.lang is None or find_language(self.lang) == find_language(lang))


# One character of these scripts is a syllable, and may be a word. About 5 to 8 of them
# make up a second, a third of what an alphabet does; bounds as generous as the others.
_SYLLABIC: Final = ("jpn", "kor", "ko", "zho", "chi", "zh", "cmn", "yue")
_BUILT_IN: Final = tuple(LengthBand(None, lang, 1.0, 20.0) for lang in _SYLLABIC)

_EXTREMES: Final = (0.1, 10.0)  # beyond any speed that is still speech


def resolve_checks(
    checks: TakeChecks, bands: Iterable[LengthBand], parameters: Mapping[str, object]
) -> TakeChecks:
    """Return *checks* as they hold for takes made with *parameters*.

    Args:
        checks: For takes of an alphabetic language, at normal speed.
        bands: Of characters per second; the first that fits holds, those built in last.
        parameters: By Rime's own names.
    """
    model_id = str(parameters.get("modelId", ""))
    lang = str(parameters.get("lang", DEFAULT_LANG))
    slowest, fastest = checks.slowest_chars_per_s, checks.fastest_chars_per_s
    for band in (*bands, *_BUILT_IN):
        if band.fits(model_id, lang):
            slowest, fastest = band.slowest, band.fastest
            break
    lengths = _find_lengths(model_id, parameters)
    # Squared: a timeScaleFactor of 1.6 made audio 2.36 to 2.47 times as long (field,
    # Sep 2026). Bounds only ever widen, as a model may ignore the parameter.
    longer, shorter = max(1.0, *lengths) ** 2, min(1.0, *lengths) ** 2
    return replace(
        checks,
        # Whether word times follow the speed is not known: they may be those of a take
        # at normal speed.
        overrun_share=(1 / shorter - 1) + checks.overrun_share / shorter,
        silence_s=checks.silence_s * longer,
        slowest_chars_per_s=slowest / longer,
        fastest_chars_per_s=fastest / shorter,
    )


def _find_lengths(model_id: str, parameters: Mapping[str, object]) -> list[float]:
    """Return how many times as long as usual speech is to be: all of it, and words."""
    length = _number(parameters.get("speedAlpha", 1))
    if find_model(model_id) not in FASTER_BELOW_1:
        length = 1 / length
    length *= _number(parameters.get("timeScaleFactor", 1))
    inline = str(parameters.get("inlineSpeedAlpha", "1")).split(",")
    return [length, *(length * _number(speed) for speed in inline)]


def _number(value: object) -> float:
    least, most = _EXTREMES
    return min(max(float(str(value)), least), most)
