"""OGG Opus, read back by libsndfile."""

import io

import numpy as np
import pytest
import soundfile

from rimebatch.server.encoding.ogg import RATES_HZ, encode_ogg, opus_rate_hz

TONE = (8000 * np.sin(np.arange(150_000) / 20)).astype(np.int16)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_file_of_its_own(rate_hz: int) -> None:
    """Exactly as many samples come back as went in, more than one block of them."""
    samples, rate = soundfile.read(io.BytesIO(encode_ogg(TONE, rate_hz)))

    assert (len(TONE), rate_hz) == (len(samples), rate)


def test_deterministic() -> None:
    """The same samples give the same bytes, the number of the stream included."""
    assert encode_ogg(TONE, 24_000) == encode_ogg(TONE, 24_000)


def test_same_sound() -> None:
    """The number of the stream is all that differs from what libsndfile writes."""
    expected = io.BytesIO()
    soundfile.write(expected, TONE[:60_000], 24_000, "OPUS", format="OGG")
    expected.seek(0)

    theirs, _ = soundfile.read(expected)
    ours, _ = soundfile.read(io.BytesIO(encode_ogg(TONE[:60_000], 24_000)))

    assert np.array_equal(theirs, ours)


@pytest.mark.parametrize(
    ("asked_hz", "given_hz"),
    [(4000, 8000), (8000, 8000), (22_050, 24_000), (44_100, 48_000), (96_000, 48_000)],
)
def test_opus_rate(asked_hz: int, given_hz: int) -> None:
    """A rate that Opus has not becomes the next one that it has."""
    assert given_hz == opus_rate_hz(asked_hz)
