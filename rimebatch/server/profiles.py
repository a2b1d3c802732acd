"""The service as the documents have it: what the page says, and what came later.

Data; it knows the wire, and nothing of how it is spoken. `rimebatch.manifest` has a
table of its own of what is known of models, made for checking what a person writes;
this one was made apart from it, from the same documents, so that a mistake in one
shows against the other.

Sources, dates and conflicts: `docs/protocol.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rimebatch.server.encoding import AudioFormat


@dataclass(frozen=True, slots=True)
class Model:
    """What a model heeds.

    Attributes:
        speed_alpha_is_speed: Whether a higher ``speedAlpha`` is faster, not slower.
        scales_time: Whether it heeds ``timeScaleFactor``.
        pauses: Whether it heeds ``pauseBetweenBrackets``.
        rate_hz: Its ``samplingRate`` when none is asked for.
    """

    speed_alpha_is_speed: bool = True
    scales_time: bool = False
    pauses: bool = False
    rate_hz: int = 24_000


_ARCANA: Final = Model()
_CODA: Final = Model(scales_time=True)
_MIST_3: Final = Model(scales_time=True, pauses=True)
_MIST_2: Final = Model(speed_alpha_is_speed=False, pauses=True, rate_hz=22_050)

_PAGE_FORMATS: Final[dict[str, AudioFormat]] = {
    "mp3": "mp3",
    "mulaw": "mulaw",
    "pcm": "pcm",
}
_LATER_FORMATS: Final[dict[str, AudioFormat]] = {
    "mpeg": "mp3",
    "ogg": "ogg",
    "wav": "wav",
    "l16": "pcm",
    "pcmu": "mulaw",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A service of one generation.

    Attributes:
        done: Whether a run of audio ends with ``done``.
        tags_times: Whether timestamps have a ``contextId``.
        max_chars: The longest text of a request, in UTF-16 units.
        models: By ``modelId``.
        other_model: What answers for any other ``modelId``, or for none.
        formats: By ``audioFormat``.
        left_out_format: What ``audioFormat`` is when it is left out.
        other_format: What it is when it is unknown; ``None`` is refused.
    """

    done: bool
    tags_times: bool
    max_chars: int
    models: Mapping[str, Model]
    other_model: Model
    formats: Mapping[str, AudioFormat]
    left_out_format: AudioFormat
    other_format: AudioFormat | None


# The page does not say what happens without an audioFormat, or with another. Its own
# example asks for mp3, and names it first; the documented refusals have one for a
# wrong audioFormat.
PAGE: Final = Profile(
    done=False,
    tags_times=False,
    max_chars=500,
    models={
        "arcana": _ARCANA,
        "mistv3": _MIST_3,
        "mistv2": _MIST_2,
        "mist": _MIST_2,
    },
    other_model=_MIST_2,
    formats=_PAGE_FORMATS,
    left_out_format="mp3",
    other_format=None,
)
"""The page that binds, of early 2026."""

# Since 2026-08-15 Coda answers for Arcana.
CURRENT: Final = Profile(
    done=True,
    tags_times=True,
    max_chars=1000,
    models={
        **dict.fromkeys(("coda", "codav1"), _CODA),
        **dict.fromkeys(("arcana", "arcanav2", "arcanav3"), _CODA),
        "mistv3": _MIST_3,
        "mistv2": _MIST_2,
        "mist": _MIST_2,
    },
    other_model=_MIST_3,
    formats=_PAGE_FORMATS | _LATER_FORMATS,
    left_out_format="wav",
    other_format="wav",
)
"""The documents of August and September 2026."""

PROFILES: Final = {"page": PAGE, "current": CURRENT}
"""By the names that people ask for them with."""
