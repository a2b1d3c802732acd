"""What a client asks for when it opens a connection: read, and checked.

Pure: it sees the target and one header of a request, and no socket.

Sources: the page ("Variable Parameters") and the service's later list of errors, for
the statuses and the texts that go with them; see `docs/protocol.md`.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rimebatch.errors import VoiceError
from rimebatch.server.voices.voice import language_tag
from rimebatch.ws3.query import decode_query

AudioFormat: TypeAlias = Literal["pcm", "mulaw"]

PATH: Final = "/ws3"

# The page lists 8000 to 96000 for the cloud, and any rate on premises. Below, nobody
# understands a word; above, the audio is only bigger.
_RATES_HZ: Final = range(4_000, 192_001)


class RefusedError(Exception):
    """The service does not do what it was asked for.

    Never leaves the service: a client is told by an HTTP status before the connection
    is open, and by a close afterwards.

    Attributes:
        status: The HTTP status.
        reason: One line of plain text.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Voicing:
    """How one connection wants its text spoken, from its first to its last.

    Attributes:
        speaker: As asked for; which sound that is, the voice decides.
        lang: As asked for; some voice speaks it.
        audio_format: How samples become bytes.
        rate_hz: Samples per second.
        segment: When text is taken up; what is no known mode means by sentence.
    """

    speaker: str
    lang: str = "eng"
    audio_format: AudioFormat = "pcm"
    rate_hz: int = 24_000
    segment: str = "bySentence"


def make_voicing(
    target: str, authorization: bytes | None, api_key: str | None
) -> Voicing:
    """Return what the client of a handshake asks for.

    ``modelId`` is not looked at: where it is missing or unknown the service answers
    with another model and says nothing, and here every model is the same voice.

    Args:
        target: Path and query of the request, percent-encoded.
        authorization: The value of that header, ``None`` without one.
        api_key: The only token that is let in; ``None`` lets in any.

    Raises:
        RefusedError: 404 for another path, 401 for the key, 400 for the query.
    """
    path, _, query = target.partition("?")
    if path != PATH:
        raise RefusedError(404, f"nothing here; the service is at {PATH}")
    _check_key(authorization, api_key)
    parameters = dict(decode_query(query))
    return Voicing(
        speaker=_read_speaker(parameters),
        lang=_read_lang(parameters),
        audio_format=_read_audio_format(parameters),
        rate_hz=_read_rate_hz(parameters),
        segment=_read_segment(parameters),
    )


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


def _read_speaker(parameters: Mapping[str, str]) -> str:
    speaker = parameters.get("speaker", "")
    if not speaker.strip():
        raise RefusedError(400, "speaker is missing")
    return speaker


def _read_lang(parameters: Mapping[str, str]) -> str:
    lang = parameters.get("lang", "eng")
    try:
        language_tag(lang)
    except VoiceError as error:
        raise RefusedError(400, str(error)) from error
    return lang


def _read_audio_format(parameters: Mapping[str, str]) -> AudioFormat:
    match parameters.get("audioFormat", "pcm"):
        case "pcm" | "mulaw" as audio_format:
            return audio_format
        case other:
            raise RefusedError(
                400, f"audioFormat={other!r} is not supported; use pcm or mulaw"
            )


def _read_rate_hz(parameters: Mapping[str, str]) -> int:
    wanted = parameters.get("samplingRate", "24000")
    # Digits and nothing else; int() would take " +1_6" for 16.
    if not re.fullmatch(r"[0-9]{1,9}", wanted) or int(wanted) not in _RATES_HZ:
        raise RefusedError(
            400,
            f"samplingRate={wanted!r} is not supported; "
            f"use {_RATES_HZ.start} to {_RATES_HZ.stop - 1}",
        )
    return int(wanted)


def _read_segment(parameters: Mapping[str, str]) -> str:
    # The older spelling of segment=immediate.
    if parameters.get("immediate") == "true":
        return "immediate"
    return parameters.get("segment", "bySentence")
