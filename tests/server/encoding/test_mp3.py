"""MP3, read back by libsndfile."""

import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from rimebatch.renderer.decoding.mp3_frames import read_frames
from rimebatch.server.encoding.mp3 import RATES_HZ, Mp3Stream, encode_mp3

QUIET = 500  # below this nothing of the tone is left
DELAY = 1105  # of encoder and decoder, in samples


def make_tone(frames: int, rate_hz: int) -> NDArray[np.int16]:
    """Return a tone of 300 Hz, which MP3 keeps."""
    wave = np.sin(np.arange(frames) / rate_hz * 300 * 2 * np.pi)
    return (8000 * wave).astype(np.int16)


def read(content: bytes) -> NDArray[np.int32]:
    """Return the samples of the MP3 in *content*."""
    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")
    return np.asarray(samples).astype(np.int32)


def loud_frames(samples: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where a tone can be heard."""
    return np.flatnonzero(np.abs(samples) > QUIET)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_file_of_its_own(rate_hz: int) -> None:
    """Exactly the samples come back that went in, as nearly as MP3 has them."""
    tone = make_tone(rate_hz // 2, rate_hz)
    back = read(encode_mp3(tone, rate_hz))
    error = np.abs(back - tone)[200:-200]  # a tone that begins at once rings

    assert len(tone) == len(back)
    assert error.mean() < QUIET


def test_deterministic() -> None:
    """The same samples give the same bytes."""
    tone = make_tone(10_000, 24_000)

    assert encode_mp3(tone, 24_000) == encode_mp3(tone, 24_000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_no_text_waits_for_the_next(rate_hz: int) -> None:
    """As soon as a part of the stream is there, all that was said can be heard."""
    stream = Mp3Stream(rate_hz)
    content, end = b"", 0
    for length in (rate_hz // 3, 1, rate_hz // 2):
        end += length
        content += stream.encode(make_tone(length, rate_hz))
        back = read(content)

        assert end + DELAY <= len(back)
        assert length == 1 or loud_frames(back)[-1] > end
        end += 6 * (1152 if rate_hz >= 32_000 else 576)


def test_one_stream() -> None:
    """Joined, the parts are one stream, with a gap between two texts and no click."""
    stream = Mp3Stream(24_000)
    tone = make_tone(12_000, 24_000)
    parts = [stream.encode(tone) for _ in range(3)]
    loud = loud_frames(read(b"".join(parts)))
    gaps = np.diff(loud)[np.diff(loud) > 100]

    assert 2 == len(gaps)
    assert 6 * 576 == pytest.approx(gaps, abs=300)
    assert not any(b"Xing" in part or b"Info" in part for part in parts)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_whole_frames(rate_hz: int) -> None:
    """Every part is whole frames, so that the last of a stream does not look cut."""
    stream = Mp3Stream(rate_hz)
    for length in (rate_hz // 3, 1, rate_hz // 2, 7):
        part = stream.encode(make_tone(length, rate_hz))

        assert len(part) == list(read_frames(part, 0))[-1].end


def test_later_parts_do_not_stand_alone() -> None:
    """A part that is not the first differs from the same samples said first."""
    stream = Mp3Stream(24_000)
    tone = make_tone(12_000, 24_000)

    assert stream.encode(tone) != stream.encode(tone)
