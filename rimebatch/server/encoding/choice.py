"""Which encoder a connection has.

It must not know how any of them works.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rimebatch.server.encoding.mp3 import Mp3Stream, encode_mp3
from rimebatch.server.encoding.ogg import encode_ogg, opus_rate_hz
from rimebatch.server.encoding.plain import encode_mulaw, encode_pcm, make_wav_header

AudioFormat: TypeAlias = Literal["pcm", "mulaw", "wav", "mp3", "ogg"]

Encoder: TypeAlias = Callable[[NDArray[np.int16]], bytes]
"""Samples of one text, shape ``(frames,)``, as the bytes that are sent for it."""


def make_encoder(
    audio_format: AudioFormat, rate_hz: int, *, continuous: bool = False
) -> Encoder:
    """Return the encoder for all texts of one connection, in their order.

    Args:
        audio_format: What comes out.
        rate_hz: As `spoken_rate_hz` has it; for ``mp3``, one that MP3 has.
        continuous: Whether what comes out is one stream from the first text to the
            last, rather than a stream for each. ``ogg`` is always the latter; for
            ``pcm`` and ``mulaw`` it is the same.
    """
    match audio_format:
        case "pcm":
            return encode_pcm
        case "mulaw":
            return encode_mulaw
        case "wav":
            return _WavEncoder(rate_hz, continuous=continuous).encode
        case "mp3" if continuous:
            return Mp3Stream(rate_hz).encode
        case "mp3":
            return partial(encode_mp3, rate_hz=rate_hz)
    return partial(encode_ogg, rate_hz=rate_hz)


def spoken_rate_hz(audio_format: AudioFormat, rate_hz: int) -> int:
    """Return the rate to speak at for *audio_format* when *rate_hz* is asked for."""
    return opus_rate_hz(rate_hz) if audio_format == "ogg" else rate_hz


class _WavEncoder:
    """A header, and samples behind it."""

    def __init__(self, rate_hz: int, *, continuous: bool) -> None:
        self._header = make_wav_header(rate_hz)
        self._next_header = b"" if continuous else self._header

    def encode(self, samples: NDArray[np.int16]) -> bytes:
        header, self._header = self._header, self._next_header
        return header + encode_pcm(samples)
