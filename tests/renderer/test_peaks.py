"""Outlines of audio: every sample counts, wherever blocks and stretches meet."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.renderer.peaks import read_peaks
from rimebatch.renderer.sound import BLOCK_FRAMES


def peaks_of(samples: NDArray[np.int16], pairs: int) -> list[list[int]]:
    """Write *samples*, and return their outline."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        soundfile.write(path, samples, 8000, subtype="PCM_16")
        found = np.frombuffer(read_peaks(path, pairs), np.int8)
    return [[int(low), int(high)] for low, high in found.reshape(-1, 2)]


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from((0, BLOCK_FRAMES - 2, 2 * BLOCK_FRAMES)),
    st.integers(1, 40),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
def test_the_extremes_of_each_stretch(
    more: int, few: int, pairs: int, seed: int
) -> None:
    """The outline is that of the samples cut into equal parts, in blocks or not."""
    sound = np.random.default_rng(seed)
    frames = more + few
    samples = sound.integers(-32768, 32767, frames, np.int16, endpoint=True)
    pairs = min(pairs, frames)
    cuts = [number * frames // pairs for number in range(1, pairs)]
    parts = np.split(samples, cuts)

    expected = [[int(part.min()) >> 8, int(part.max()) >> 8] for part in parts]
    assert expected == peaks_of(samples, pairs)


def test_full_scale_and_silence() -> None:
    """Full scale is -128 and 127, and silence is nothing at all."""
    samples = np.array([-32768, 32767, 0, 0], np.int16)

    assert [[-128, 127], [0, 0]] == peaks_of(samples, 2)


def test_more_stretches_than_frames() -> None:
    """Of a short sound each frame is a stretch of its own."""
    assert [[1, 1], [2, 2]] == peaks_of(np.array([256, 512], np.int16), 1000)


def test_no_audio(tmp_path: Path) -> None:
    """What is not audio is an error that names it."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"a\.wav: cannot be read as audio"):
        read_peaks(path)


def test_an_end_that_was_promised(tmp_path: Path) -> None:
    """Where a file has fewer frames than it says, the rest is silent."""
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.full(24_000, 9000, np.int16), 24_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert b"\0\0" == read_peaks(path, 100)[-2:]
