"""What those who publish audio ask of a file, as data, and whether a file is within it.

Rules move: each profile says where it was read, when, and what of it is second-hand.
Pure; it measures nothing itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

Value: TypeAlias = float | str | None
"""What was measured; ``None`` where a file has no such thing, as a WAV no bit rate."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured.

    Attributes:
        label: For people.
        unit: Of numbers; empty for words and counts.
        digits: Behind the point. It is judged as it is shown, so that nothing is
            outside of a limit that it seems to meet.
        how: How it is measured.
    """

    label: str
    unit: str
    digits: int
    how: str

    def round(self, value: Value) -> Value:
        """Return *value* with the digits that are shown, and judged."""
        return value if isinstance(value, str | None) else round(value, self.digits)

    def format(self, value: Value) -> str:
        """Return *value* for people, with its unit."""
        if value is None:
            return "-"
        number = value if isinstance(value, str) else f"{value:,.{self.digits}f}"
        return f"{number} {self.unit}".rstrip()


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "format": Measure("format", "", 0, "what is encoded, whatever the name says"),
        "sampling_rate_hz": Measure("sampling rate", "Hz", 0, "as the header says"),
        "channels": Measure("channels", "", 0, "as the header says"),
        "bit_rate_kbps": Measure(
            "bit rate", "kbit/s", 0, "on average, without tags; of mp3, ogg and opus"
        ),
        "bit_rate_mode": Measure(
            "bit rate mode", "", 0, "of mp3: constant if all frames are of one size"
        ),
        "rms_db": Measure("RMS", "dB", 2, "of the whole file, a square wave being 0"),
        "loudness_lufs": Measure("loudness", "LUFS", 2, "ITU-R BS.1770, gated"),
        "peak_db": Measure("peak", "dB", 2, "the highest sample, as decoded"),
        "true_peak_db": Measure("true peak", "dBTP", 2, "at four times the rate"),
        "noise_floor_db": Measure("noise floor", "dB", 2, "RMS of the quietest 0.5 s"),
        "head_s": Measure("head", "s", 2, "until the first sample above -48 dB"),
        "tail_s": Measure("tail", "s", 2, "from the last sample above -48 dB"),
        "length_s": Measure("length", "s", 2, "frames over frames per second"),
        "total_length_s": Measure("total length", "s", 2, "of all files together"),
        "encodings": Measure(
            "encodings", "", 0, "different formats, rates, channels and modes"
        ),
        "rms_spread_db": Measure("RMS spread", "dB", 2, "softest to loudest file"),
    }
)
"""By the names that the JSON output has; the last three are of a run, not of a file."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is asked of one measure.

    Attributes:
        measure: A key of `MEASURES`.
        least: The lowest number that will do, or ``None``.
        most: The highest, or ``None``.
        one_of: The words that will do, where it is no number.
    """

    measure: str
    least: float | None = None
    most: float | None = None
    one_of: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.one_of:
            return " or ".join(self.one_of)
        match self.least, self.most:
            case None, most:
                numbers = f"at most {most:,g}"
            case least, None:
                numbers = f"at least {least:,g}"
            case least, most if least == most:
                numbers = f"{least:,g}"
            case _:
                numbers = f"{self.least:,g} to {self.most:,g}"
        return f"{numbers} {MEASURES[self.measure].unit}".rstrip()

    def is_met(self, value: float | str) -> bool:
        """Return whether *value* is within the limit."""
        if isinstance(value, str):
            return value in self.one_of
        is_low = self.least is not None and value < self.least
        return not (is_low or (self.most is not None and value > self.most))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measure of one file, or of a run.

    Attributes:
        measure: A key of `MEASURES`.
        value: What was measured, as it is shown.
        limit: What is asked; ``None`` if nothing is.
    """

    measure: str
    value: Value
    limit: Limit | None

    @property
    def is_met(self) -> bool | None:
        """Whether it is within its limit; ``None`` if it has none, or no value."""
        if self.limit is None or self.value is None:
            return None
        return self.limit.is_met(self.value)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one publisher asks.

    Attributes:
        title: Whose it is.
        source: Where it was read; empty for none at all.
        read: When, as an ISO date.
        caution: What it does not cover, and what of it is second-hand.
        limits: Of each file and of a run, in any order.
    """

    title: str
    source: str
    read: str
    caution: str
    limits: tuple[Limit, ...]

    def judge(self, values: Mapping[str, Value]) -> list[Verdict]:
        """Return the verdict on each of *values*, by the keys of `MEASURES`."""
        limits = {limit.measure: limit for limit in self.limits}
        return [
            Verdict(measure, MEASURES[measure].round(value), limits.get(measure))
            for measure, value in values.items()
        ]

    def takes(self, format_: str) -> bool:
        """Return whether files of *format_* can be delivered at all."""
        return all(
            limit.is_met(format_) for limit in self.limits if limit.measure == "format"
        )


def measure_run(files: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Return the measures of a run by those of its *files*, at least one."""
    levels = [rms for file in files if isinstance(rms := file["rms_db"], float)]
    lengths = [s for file in files if isinstance(s := file["length_s"], float)]
    kinds = ("format", "sampling_rate_hz", "channels", "bit_rate_mode")
    alike = {tuple(file[kind] for kind in kinds) for file in files}
    # Two silent files are alike; minus infinity less itself is no number.
    spread = max(levels) - min(levels) if min(levels) < max(levels) else 0.0
    return {
        "total_length_s": sum(lengths),
        "encodings": len(alike),
        "rms_spread_db": spread,
    }


_ACX_LEVELS: Final = (
    Limit("rms_db", -23, -18),
    Limit("peak_db", most=-3),
    Limit("noise_floor_db", most=-60),
    Limit("head_s", 0.5, 1),
    Limit("tail_s", 1, 5),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "acx": Profile(
            "ACX / Audible: technical checks only",
            "https://help.acx.com/s/article/what-are-the-acx-audio-submission-requirements",
            "2026-11-23",
            "ACX wants a human narrator unless it has authorised another; credits, "
            "headings and the sample are not checked. Head and tail are second-hand.",
            (
                Limit("format", one_of=("mp3",)),
                Limit("sampling_rate_hz", 44_100, 44_100),
                Limit("channels", 1, 2),
                Limit("bit_rate_kbps", least=192),
                Limit("bit_rate_mode", one_of=("constant",)),
                *_ACX_LEVELS,
                Limit("length_s", most=120 * 60),
                Limit("encodings", most=1),
            ),
        ),
        "inaudio": Profile(
            "Voices by INaudio, once Findaway Voices",
            "https://blog.findawayvoices.com/the-audiobook-mastering-guide",
            "2026-11-23",
            "Second-hand: its present page was not read. Sampling rate, head and tail "
            "are those of ACX, which are safe there.",
            (
                Limit("format", one_of=("mp3", "flac")),
                Limit("sampling_rate_hz", 44_100, 44_100),
                Limit("channels", 1, 2),
                *_ACX_LEVELS,
            ),
        ),
        "google": Profile(
            "Google Play Books",
            "https://support.google.com/books/partner/answer/3424254",
            "2026-11-23",
            "It asks for 256 kbit/s in stereo; no level is stated. A constant bit rate "
            "is preferred.",
            (
                Limit("format", one_of=("mp3", "flac", "wav")),
                Limit("sampling_rate_hz", least=44_100),
                Limit("channels", 1, 2),
                Limit("bit_rate_kbps", least=128),
                Limit("total_length_s", 5 * 60, 100 * 3600),
            ),
        ),
        "podcast": Profile(
            "Apple Podcasts, one channel",
            "https://podcasters.apple.com/support/893-audio-requirements",
            "2026-11-23",
            "Apple asks for -16 LUFS, within 1. That is of stereo: one channel comes "
            "from two speakers, so -19 is as loud. The levels are second-hand.",
            (
                Limit("format", one_of=("mp3",)),
                Limit("sampling_rate_hz", 44_100, 48_000),
                Limit("channels", 1, 1),
                Limit("loudness_lufs", -20, -18),
                Limit("true_peak_db", most=-1),
            ),
        ),
        "none": Profile("No profile", "", "", "Nothing is asked.", ()),
    }
)
"""By the names that the command line has."""
