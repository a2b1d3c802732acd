"""What a client asks for when it opens a connection: read, and checked.

Pure: it sees the target and one header of a request, and no socket.

Sources: the page ("Variable Parameters") and the service's later list of errors, for
the statuses and the texts that go with them; see `docs/protocol.md`.
"""

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rimebatch.errors import VoiceError
from rimebatch.server.encoding import AudioFormat, spoken_rate_hz
from rimebatch.server.encoding.mp3 import RATES_HZ as MP3_RATES_HZ
from rimebatch.server.faults import Fault, parse_fault
from rimebatch.server.options import ServiceOptions
from rimebatch.server.profiles import Model, Profile
from rimebatch.server.refusal import RefusedError
from rimebatch.server.voices.voice import language_tag
from rimebatch.ws3.query import Query, decode_query

PATH: Final = "/ws3"

# The page lists 8000 to 96000 for the cloud, and any rate on premises. Below, nobody
# understands a word; above, the audio is only bigger.
_RATES_HZ: Final = range(4_000, 192_001)

_SCALES: Final = (0.4, 2.5)  # timeScaleFactor is clamped to these, without a word

UNKNOWN_SPEAKER: Final = RefusedError(400, "Speaker not found")  # in its own words

_DOCUMENTED_ONLY: Final = "webm"  # Opus as well, in a container nothing here writes


@dataclass(frozen=True, slots=True)
class Voicing:
    """How one connection wants its text spoken, from its first to its last.

    Attributes:
        speaker: As asked for; which sound that is, the voice decides.
        lang: As asked for; some voice speaks it.
        audio_format: How samples become bytes.
        rate_hz: Samples per second.
        segment: When text is taken up; what is no known mode means by sentence.
        tempo: How fast; 1 is normal, above is faster.
        pauses: Whether ``<400>`` is a pause of 400 ms, and not a number.
        faults: What is to go wrong on this connection.
    """

    speaker: str
    lang: str = "eng"
    audio_format: AudioFormat = "wav"
    rate_hz: int = 24_000
    segment: str = "bySentence"
    tempo: float = 1.0
    pauses: bool = False
    faults: tuple[Fault, ...] = ()


def make_voicing(
    target: str, authorization: bytes | None, options: ServiceOptions
) -> Voicing:
    """Return what the client of a handshake asks for.

    Args:
        target: Path and query of the request, percent-encoded.
        authorization: The value of that header, ``None`` without one.
        options: How the service behaves. Its faults come before the client's own.

    Raises:
        RefusedError: 404 for another path, 401 for the key, 400 for the query.
    """
    pairs = read_target(target)
    _check_key(authorization, options.api_key)
    parameters, profile = dict(pairs), options.profile
    model = profile.models.get(parameters.get("modelId", ""), profile.other_model)
    audio_format = _read_audio_format(parameters, profile)
    return Voicing(
        speaker=_read_speaker(parameters, options),
        lang=_read_lang(parameters),
        audio_format=audio_format,
        rate_hz=_read_rate_hz(parameters, audio_format, model),
        segment=_read_segment(parameters),
        tempo=_read_tempo(parameters, model),
        pauses=model.pauses and parameters.get("pauseBetweenBrackets") == "true",
        faults=options.faults + _read_faults(pairs),
    )


def read_target(target: str) -> Query:
    """Return the query of a handshake's *target*.

    Raises:
        RefusedError: 404 for another path than the service's.
    """
    path, _, query = target.partition("?")
    if path != PATH:
        raise RefusedError(404, f"nothing here; the service is at {PATH}")
    return decode_query(query)


def _check_key(authorization: bytes | None, api_key: str | None) -> None:
    if authorization is None:
        raise RefusedError(401, "Missing Authorization header")
    scheme, _, token = authorization.partition(b" ")
    token = token.strip()
    if not token:
        raise RefusedError(401, "empty apikey")
    known = api_key is None or secrets.compare_digest(token, api_key.encode())
    if scheme.lower() != b"bearer" or not known:
        raise RefusedError(401, "invalid api key")


def _read_speaker(parameters: Mapping[str, str], options: ServiceOptions) -> str:
    speaker = parameters.get("speaker", "")
    if not speaker.strip():
        raise RefusedError(400, "speaker is missing")
    if options.refusal_of(speaker) == "upgrade":
        raise UNKNOWN_SPEAKER
    return speaker


def _read_lang(parameters: Mapping[str, str]) -> str:
    lang = parameters.get("lang", "eng")
    try:
        language_tag(lang)
    except VoiceError as error:
        raise RefusedError(400, str(error)) from error
    return lang


def _read_audio_format(parameters: Mapping[str, str], profile: Profile) -> AudioFormat:
    wanted = parameters.get("audioFormat")
    if wanted is None:
        return profile.left_out_format
    audio_format = profile.formats.get(wanted, profile.other_format)
    if audio_format is None or wanted == _DOCUMENTED_ONLY:
        raise RefusedError(
            400,
            f"audioFormat={wanted!r} is not supported; "
            f"it is one of {', '.join(profile.formats)}",
        )
    return audio_format


def _read_rate_hz(
    parameters: Mapping[str, str], audio_format: AudioFormat, model: Model
) -> int:
    wanted = parameters.get("samplingRate", str(model.rate_hz))
    # Digits and nothing else; int() would take " +1_6" for 16.
    if not re.fullmatch(r"[0-9]{1,9}", wanted) or int(wanted) not in _RATES_HZ:
        raise RefusedError(
            400,
            f"samplingRate={wanted!r} is not supported; "
            f"use {_RATES_HZ.start} to {_RATES_HZ.stop - 1}",
        )
    if audio_format == "mp3" and int(wanted) not in MP3_RATES_HZ:
        rates = ", ".join(map(str, MP3_RATES_HZ))
        raise RefusedError(
            400, f"samplingRate={wanted} is not supported: mp3 has {rates}"
        )
    return spoken_rate_hz(audio_format, int(wanted))


def _read_segment(parameters: Mapping[str, str]) -> str:
    # The older spelling of segment=immediate.
    if parameters.get("immediate") == "true":
        return "immediate"
    return parameters.get("segment", "bySentence")


def _read_tempo(parameters: Mapping[str, str], model: Model) -> float:
    tempo = _read_positive(parameters, "speedAlpha")
    if not model.speed_alpha_is_speed:
        tempo = 1 / tempo
    if model.scales_time:
        lowest, highest = _SCALES
        scale = _read_positive(parameters, "timeScaleFactor")
        tempo /= max(lowest, min(highest, scale))
    return tempo


def _read_positive(parameters: Mapping[str, str], name: str) -> float:
    wanted = parameters.get(name, "1")
    try:
        number = float(wanted)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise RefusedError(400, f"{name}={wanted[:40]!r} is not a number above 0")
    return number


def _read_faults(pairs: tuple[tuple[str, str], ...]) -> tuple[Fault, ...]:
    try:
        return tuple(parse_fault(value) for name, value in pairs if name == "fault")
    except ValueError as error:
        raise RefusedError(400, str(error)) from error
