"""The meter: what the standards print, what ffmpeg finds, no trace of the blocks."""

import math
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rimebatch.renderer.loudness import k_weighting, measure
from rimebatch.server.voices.choice import open_voice
from rimebatch.server.voices.voice import Utterance

RATES_HZ = (8_000, 22_050, 24_000, 44_100, 48_000)
# One channel of the two that EBU Tech 3341 speaks of.
MONO_LU = 10 * math.log10(2)


def make_tone(
    *parts: tuple[float, float], rate_hz: int = 16_000, hz: float = 997
) -> NDArray[np.float32]:
    """Return a sine, in *parts* of so many seconds and so many dB at its peaks."""
    levels = [np.full(round(s * rate_hz), 10 ** (db / 20)) for s, db in parts]
    heights = np.concatenate(levels)
    wave = np.sin(2 * np.pi * hz / rate_hz * np.arange(len(heights)))
    return np.asarray(heights * wave, np.float32)


def make_pink(rate_hz: int) -> NDArray[np.int16]:
    """Return eight seconds of pink noise, with two of near silence inside."""
    noise = np.random.default_rng(6).standard_normal(8 * rate_hz)
    spectrum = np.fft.rfft(noise) / np.sqrt(np.arange(1, 4 * rate_hz + 2))
    sound = np.fft.irfft(spectrum)
    sound[3 * rate_hz : 5 * rate_hz] *= 0.001
    return np.asarray(sound / np.abs(sound).max() * 20_000, np.int16)


@pytest.fixture(scope="module")
def speech() -> Utterance:
    """Return some seconds of the best voice there is."""
    voice, _ = open_voice("auto")
    text = "It was a dark and stormy night; the rain fell in torrents. " * 2
    return voice.speak(text, speaker="luna", lang="eng")


def read_ffmpeg(folder: Path, sound: NDArray[np.int16], rate_hz: int) -> list[float]:
    """Return loudness, true peak and RMS as ffmpeg finds them."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    soundfile.write(folder / "a.wav", sound, rate_hz)
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(folder / "a.wav")]
    command += ["-af", "volumedetect,ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    patterns = (r"I: +(\S+) LUFS\n", r"Peak: +(\S+) dBFS", r"mean_volume: (\S+) dB")
    return [float(re.findall(pattern, told)[-1]) for pattern in patterns]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_speech_measures_as_in_ffmpeg(
    rate_hz: int, speech: Utterance, tmp_path: Path
) -> None:
    """Loudness, true peak and RMS agree to what ffmpeg prints, at every rate."""
    sound = speech.resampled(rate_hz).samples
    levels = measure([sound], rate_hz)
    found = [levels.loudness_lufs, levels.true_peak_db, levels.rms_db]

    assert read_ffmpeg(tmp_path, sound, rate_hz) == pytest.approx(found, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100])
def test_noise_measures_as_in_ffmpeg(rate_hz: int, tmp_path: Path) -> None:
    """Pink noise is gated where it pauses; its true peak lies at odd places."""
    sound = make_pink(rate_hz)
    levels = measure([sound], rate_hz)
    loudness, true_peak, rms = read_ffmpeg(tmp_path, sound, rate_hz)

    assert loudness == pytest.approx(levels.loudness_lufs, abs=0.1)
    assert true_peak == pytest.approx(levels.true_peak_db, abs=0.3)
    assert rms == pytest.approx(levels.rms_db, abs=0.1)


@pytest.mark.parametrize("rate_hz", [*RATES_HZ, 11_025])
def test_a_full_tone_has_minus_3_lufs(rate_hz: int) -> None:
    """BS.1770: 997 Hz at full scale, in one channel, reads -3.01 LKFS.

    Exactly so at 48 kHz; lower rates bend the filter a little, in ffmpeg too.
    """
    levels = measure([make_tone((2, 0), rate_hz=rate_hz)], rate_hz)

    assert -3.01 == pytest.approx(
        levels.loudness_lufs, abs=0.001 if rate_hz == 48_000 else 0.05
    )
    assert -3.01 == pytest.approx(levels.rms_db, abs=0.01)
    assert 0 == pytest.approx(levels.peak_db, abs=0.01)


@pytest.mark.parametrize(
    "parts",
    [
        [(20, -23)],
        [(10, -36), (60, -23), (10, -36)],
        [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)],
        [(20, -26), (20.1, -20), (20, -26)],
    ],
)
def test_the_cases_of_the_ebu(parts: Sequence[tuple[float, float]]) -> None:
    """EBU Tech 3341, cases 1 and 3 to 5, in one of their two channels."""
    levels = measure([make_tone(*parts, hz=1000)], 16_000)

    assert -23 == pytest.approx(levels.loudness_lufs + MONO_LU, abs=0.1)


def test_the_weighting_is_that_of_the_standard() -> None:
    """At 48 kHz the filters are those whose figures BS.1770 prints."""
    delay = np.exp(-2j * np.pi * np.arange(481) / 960)
    shelf = (
        1.53512485958697 - 2.69169618940638 * delay + 1.19839281085285 * delay**2
    ) / (1 - 1.69065929318241 * delay + 0.73248077421585 * delay**2)
    low_cut = (1 - delay) ** 2 / (
        1 - 1.99004745483398 * delay + 0.99007225036621 * delay**2
    )

    assert shelf * low_cut == pytest.approx(k_weighting(48_000, 960), abs=1e-6)


def test_the_peak_between_samples_is_found() -> None:
    """A quarter of the rate, out of step: the samples are 3 dB below the sound."""
    sound = np.tile(np.array([1, 1, -1, -1], np.int16) * 10_000, 4_000)
    levels = measure([sound], 8_000)

    assert levels.true_peak_db - levels.peak_db > 3


def test_the_noise_floor_is_the_quietest_half_second() -> None:
    """Half a second between words counts, a tenth of one does not."""
    noise_db, breath_db = -70, -90
    parts = [(1, -20), (0.7, noise_db), (1, -20), (0.1, breath_db), (1, -20)]
    levels = measure([make_tone(*parts, hz=1000)], 16_000)

    assert noise_db - MONO_LU == pytest.approx(levels.noise_floor_db, abs=0.1)


def test_a_short_sound_has_no_loudness() -> None:
    """BS.1770 looks at 0.4 s at a time; RMS and noise floor are of what there is."""
    levels = measure([make_tone((0.3, -20))], 16_000)

    assert -math.inf == levels.loudness_lufs
    assert -23.01 == pytest.approx(levels.rms_db, abs=0.1)
    assert levels.rms_db == levels.noise_floor_db


@pytest.mark.parametrize("frames", [0, 1, 100_000])
def test_silence_has_no_levels(frames: int) -> None:
    """Silence is minus infinity, and head and tail at once."""
    levels = measure([np.zeros(frames, np.int16)], 8_000)

    assert {-math.inf} == {
        levels.loudness_lufs,
        levels.rms_db,
        levels.peak_db,
        levels.true_peak_db,
        levels.noise_floor_db,
    }
    assert (frames, frames, frames) == (
        levels.frames,
        levels.head_frames,
        levels.tail_frames,
    )


def test_head_and_tail_are_counted_to_the_frame() -> None:
    """What is as soft as room tone belongs to them, far into the file and its end."""
    sound = np.full(200_000, 30, np.int16)  # -61 dB
    sound[[50_000, 199_000]] = 3_000
    levels = measure([sound], 8_000)

    assert (50_000, 999) == (levels.head_frames, levels.tail_frames)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=12))
def test_blocks_leave_no_trace(borders: list[int]) -> None:
    """The same sound has the same levels, to the last bit, however it is cut."""
    sound = make_pink(8_000)[:20_000]
    cuts = [0, *sorted(borders), len(sound)]
    blocks = [sound[start:end] for start, end in pairwise(cuts)]

    assert measure([sound], 8_000) == measure(blocks, 8_000)


def test_sixteen_bits_and_floating_point_are_one_sound() -> None:
    """Full scale is 32,768 in the one, and 1 in the other."""
    sound = make_pink(8_000)

    assert measure([sound], 8_000) == measure(
        [(sound / 32_768).astype(np.float32)], 8_000
    )


def test_memory_does_not_grow_with_the_file() -> None:
    """Ten times the length takes two numbers more for each tenth of a second."""
    block = make_pink(8_000)

    def find_peak(blocks: int) -> int:
        tracemalloc.start()
        try:
            measure(repeat(block, blocks), 8_000)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = find_peak(4), find_peak(40)

    assert long - short < 300_000
