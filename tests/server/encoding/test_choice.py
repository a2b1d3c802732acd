"""Which encoder a connection has."""

import io
from typing import get_args

import numpy as np
import pytest
import soundfile

from rimebatch.server.encoding.choice import AudioFormat, make_encoder, spoken_rate_hz

TONE = (8000 * np.sin(np.arange(24_000) / 20)).astype(np.int16)
RATE_HZ = 24_000

WITH_A_HEADER: list[AudioFormat] = ["wav", "mp3", "ogg"]


@pytest.mark.parametrize("audio_format", WITH_A_HEADER)
def test_each_text_is_a_stream(audio_format: AudioFormat) -> None:
    """By default every text is a file of its own, of exactly its own length."""
    encode = make_encoder(audio_format, RATE_HZ)
    for length in (24_000, 12_000):
        samples, rate = soundfile.read(io.BytesIO(encode(TONE[:length])))

        assert (length, RATE_HZ) == (len(samples), rate)


@pytest.mark.parametrize("audio_format", ["wav", "mp3"])
def test_one_stream_for_all(audio_format: AudioFormat) -> None:
    """If asked for, texts make one file when they are joined, and only then."""
    encode = make_encoder(audio_format, RATE_HZ, continuous=True)
    joined = b"".join(encode(TONE) for _ in range(2))
    samples, _ = soundfile.read(io.BytesIO(joined))
    tails = 0 if audio_format == "wav" else 2 * 6 * 576

    assert 2 * len(TONE) + tails == pytest.approx(len(samples), abs=4 * 576)
    assert not encode(TONE).startswith(b"RIFF")


@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "ogg"])
def test_streams_that_are_the_same(audio_format: AudioFormat) -> None:
    """Without a header there is nothing to go on with; OGG never goes on."""
    encode = make_encoder(audio_format, RATE_HZ, continuous=True)

    assert [make_encoder(audio_format, RATE_HZ)(TONE)] * 2 == [
        encode(TONE),
        encode(TONE),
    ]


@pytest.mark.parametrize("audio_format", get_args(AudioFormat))
def test_deterministic(audio_format: AudioFormat) -> None:
    """Two connections get the same bytes."""
    first, second = (make_encoder(audio_format, RATE_HZ) for _ in range(2))

    assert first(TONE) == second(TONE)


def test_spoken_rate() -> None:
    """Only Opus needs to be spoken at another rate than was asked for."""
    rates_hz = {f: spoken_rate_hz(f, 22_050) for f in get_args(AudioFormat)}

    assert 24_000 == rates_hz.pop("ogg")
    assert {22_050} == set(rates_hz.values())
