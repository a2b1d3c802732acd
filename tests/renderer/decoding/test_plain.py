"""Formats without compression: exact, and marks in step with the samples."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.plain import decode_mulaw, decode_pcm


@given(st.lists(st.integers(-32768, 32767)))
def test_pcm(samples: list[int]) -> None:
    """PCM is 16-bit little-endian, two bytes for each frame."""
    audio = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)

    found, places = decode_pcm(audio, [0, len(audio)])

    assert np.dtype(np.int16) == found.dtype
    assert samples == found.tolist()
    assert [0, len(samples)] == places


def test_mark_inside_a_sample() -> None:
    """A synthesis that seems to begin inside a sample begins with that sample."""
    _, places = decode_pcm(bytes(4), [0, 1, 2, 3])

    assert [0, 0, 1, 1] == places


def test_half_sample() -> None:
    """Audio that ends inside a sample is an error, not a sample less."""
    with pytest.raises(AudioError, match="3 bytes of audio are not whole"):
        decode_pcm(bytes(3), [])


def test_mulaw() -> None:
    """Each of the 256 codes is the sample that libsndfile makes of it."""
    audio = bytes(range(256))
    with soundfile.SoundFile(
        io.BytesIO(audio), "r", 8000, 1, "ULAW", format="RAW"
    ) as file:
        expected = file.read(dtype="int16")

    found, places = decode_mulaw(audio, [0, 7, 256])

    assert np.dtype(np.int16) == found.dtype
    assert expected.tolist() == found.tolist()
    assert [0, 7, 256] == places
