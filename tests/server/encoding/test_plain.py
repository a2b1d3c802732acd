"""Samples as bytes, against the codecs of libsndfile."""

import io

import numpy as np
import pytest
import soundfile

from rimebatch.server.encoding.choice import Encoder
from rimebatch.server.encoding.plain import (
    encode_mulaw,
    encode_pcm,
    make_wav_header,
)

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)


@pytest.mark.parametrize(
    ("encode", "subtype"), [(encode_pcm, "PCM_16"), (encode_mulaw, "ULAW")]
)
def test_every_sample(encode: Encoder, subtype: str) -> None:
    """Every one of the 65,536 samples gets the bytes that libsndfile gives it."""
    expected = io.BytesIO()
    soundfile.write(
        expected, EVERY_SAMPLE, 8000, subtype, endian="LITTLE", format="RAW"
    )

    assert expected.getvalue() == encode(EVERY_SAMPLE)


def test_part_of_an_array() -> None:
    """Samples that lie apart in memory are taken in their own order."""
    every_third = EVERY_SAMPLE[::3]

    assert encode_mulaw(EVERY_SAMPLE)[::3] == encode_mulaw(every_third)


@pytest.mark.parametrize("rate_hz", [8000, 24_000, 96_000])
def test_wav_header(rate_hz: int) -> None:
    """What follows the header is read to its end, though no length is given."""
    content = make_wav_header(rate_hz) + encode_pcm(EVERY_SAMPLE)
    samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")

    assert EVERY_SAMPLE.tolist() == samples.tolist()
    assert rate_hz == rate
