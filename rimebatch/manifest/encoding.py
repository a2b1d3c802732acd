"""How the audio of a job is encoded, and what each format is able to do.

Knows no encoder: the limits are those of the formats, and of headers that tell a
player how long a file really is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from rimebatch.manifest.mistakes import Flaw

AudioFile: TypeAlias = Literal["wav", "flac", "mp3", "ogg", "opus", "ulaw"]

AUDIO_FILES: Final[tuple[AudioFile, ...]] = get_args(AudioFile)

SUFFIXES: Final[Mapping[AudioFile, str]] = MappingProxyType(
    {name: f".{name}" for name in AUDIO_FILES} | {"ulaw": ".ulaw.wav"}
)
"""How the names of such files end; no two alike, so that they can lie side by side."""

OPUS_RATES_HZ: Final = (8000, 12000, 16000, 24000, 48000)  # RFC 6716, section 2
_OPUS_KBPS: Final = range(6, 257)  # RFC 6716 has 6 to 510; libsndfile takes half of it

# ISO 11172-3 and 13818-3, and the quarter rates that every encoder has as well: the
# rates of each, its bit rates in kbit/s, the frames that are coded together, and the
# bytes for each such group that a mono stream spends before its first sound.
_MPEG: Final = (
    (
        (32000, 44100, 48000),
        (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
        1152,
        21,
    ),
    (
        (16000, 22050, 24000),
        (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
        576,
        13,
    ),
    ((8000, 11025, 12000), (8, 16, 24, 32, 40, 48, 56, 64), 576, 13),
)
MP3_RATES_HZ: Final = tuple(sorted(chain.from_iterable(rates for rates, *_ in _MPEG)))

# LAME's header, which tells decoders how much silence the encoder added, takes the
# place of one group; below such a bit rate it does not fit, and LAME leaves it out.
_MP3_HEADER_BYTES: Final = 156

_DELIVERED_KBPS: Final = 192  # what ACX asks for, at 44.1 kHz
_OPUS_USUAL_KBPS: Final = 64  # what opusenc takes for one channel
_VORBIS_USUAL: Final = 0.4  # what libsndfile takes


@dataclass(frozen=True, slots=True)
class Encoding:
    """What kind of audio file is asked for; without figures, the usual ones.

    Attributes:
        format: Which format; all are mono.
        bitrate_kbps: For ``mp3``, constant; for ``opus``, on average.
        quality: For ``mp3`` with a variable bit rate, and for ``ogg``: from 0, the
            smallest file, to 1. The scales are LAME's (V9.9 to V0) and Vorbis's
            (q0 to q10).
    """

    format: AudioFile = "wav"
    bitrate_kbps: int | None = None
    quality: float | None = None


WAV: Final = Encoding()


def find_rate_flaw(format_: AudioFile, rate_hz: int) -> Flaw | None:
    """Return why there is no file of *format_* with so many frames per second."""
    rates_hz = {"mp3": MP3_RATES_HZ, "opus": OPUS_RATES_HZ}.get(format_)
    if rates_hz is None or rate_hz in rates_hz:
        return None
    what = f"{format_} cannot be of {rate_hz} Hz"
    return Flaw(what, f"set sampling_rate to {_list(rates_hz)}")


def find_encoding_flaw(encoding: Encoding, rate_hz: int) -> Flaw | None:
    """Return why there is no such *encoding* of audio with that rate."""
    if flaw := find_rate_flaw(encoding.format, rate_hz):
        return flaw
    name, kbps, quality = encoding.format, encoding.bitrate_kbps, encoding.quality
    if kbps is not None and quality is not None:
        return Flaw("has both bitrate and quality", "leave one of them out")
    if kbps is not None:
        return _find_bitrate_flaw(name, kbps, rate_hz)
    if quality is not None and name not in ("mp3", "ogg"):
        return Flaw(f"{name} has no quality to set", "leave it out")
    if quality is not None and not 0 <= quality <= 1:
        return Flaw(f"{quality:g} is no quality", "use a number from 0 to 1")
    return None


def complete(encoding: Encoding, rate_hz: int) -> Encoding:
    """Return *encoding* with the usual figures in the place of missing ones."""
    if encoding.bitrate_kbps is not None or encoding.quality is not None:
        return encoding
    match encoding.format:
        case "mp3":
            kbps = max(k for k in mp3_bitrates_kbps(rate_hz) if k <= _DELIVERED_KBPS)
            return Encoding("mp3", bitrate_kbps=kbps)
        case "opus":
            return Encoding("opus", bitrate_kbps=_OPUS_USUAL_KBPS)
        case "ogg":
            return Encoding("ogg", quality=_VORBIS_USUAL)
        case _:
            return encoding


def mp3_bitrates_kbps(rate_hz: int) -> tuple[int, ...]:
    """Return the constant bit rates, in kbit/s, at which an MP3 can tell its length.

    Args:
        rate_hz: One of `MP3_RATES_HZ`.
    """
    ((_, bitrates, group, overhead),) = (row for row in _MPEG if rate_hz in row[0])
    needed = _MP3_HEADER_BYTES + overhead
    return tuple(k for k in bitrates if k * 1000 // 8 * group // rate_hz >= needed)


def _find_bitrate_flaw(name: AudioFile, kbps: int, rate_hz: int) -> Flaw | None:
    if name == "mp3" and kbps not in (can := mp3_bitrates_kbps(rate_hz)):
        what = f"an mp3 of {rate_hz} Hz with a header cannot be of {kbps} kbit/s"
        return Flaw(what, f"use {_list(can)}")
    if name == "opus" and kbps not in _OPUS_KBPS:
        what = f"opus cannot be of {kbps} kbit/s"
        return Flaw(what, f"use {_OPUS_KBPS[0]} to {_OPUS_KBPS[-1]}")
    if name not in ("mp3", "opus"):
        return Flaw(f"{name} has no bit rate to set", "leave it out")
    return None


def _list(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}"
