"""Samples as bytes, against the codecs of libsndfile."""

import io

import numpy as np
import pytest
import soundfile

from rimebatch.server.encoding import BYTES_PER_SAMPLE, encode_audio
from rimebatch.server.handshake import AudioFormat

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)


@pytest.mark.parametrize(
    ("audio_format", "subtype"), [("pcm", "PCM_16"), ("mulaw", "ULAW")]
)
def test_every_sample(audio_format: AudioFormat, subtype: str) -> None:
    """Every one of the 65,536 samples gets the bytes that libsndfile gives it."""
    expected = io.BytesIO()
    soundfile.write(
        expected, EVERY_SAMPLE, 8000, subtype, endian="LITTLE", format="RAW"
    )

    assert expected.getvalue() == encode_audio(EVERY_SAMPLE, audio_format)


@pytest.mark.parametrize("audio_format", ["pcm", "mulaw"])
def test_bytes_per_sample(audio_format: AudioFormat) -> None:
    """The size of a sample is what the table says."""
    audio = encode_audio(EVERY_SAMPLE, audio_format)

    assert BYTES_PER_SAMPLE[audio_format] * len(EVERY_SAMPLE) == len(audio)


def test_part_of_an_array() -> None:
    """Samples that lie apart in memory are taken in their own order."""
    every_third = EVERY_SAMPLE[::3]

    assert encode_audio(EVERY_SAMPLE, "mulaw")[::3] == encode_audio(
        every_third, "mulaw"
    )
