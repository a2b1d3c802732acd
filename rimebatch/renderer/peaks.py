"""The outline of an audio file: its extremes in equal stretches, for drawing it small.

Any length is read in constant memory. It knows nothing of who draws.
"""

from pathlib import Path
from typing import Final

import numpy as np

from rimebatch.renderer.sound.reader import AudioReader, open_audio

PAIRS: Final = 1000  # about one for each pixel that a page has room for

_RANGE: Final = np.iinfo(np.int16)


def read_peaks(path: Path, pairs: int = PAIRS) -> bytes:
    """Return the lowest and the highest sample of each stretch of the audio at *path*.

    Args:
        path: Of any format that a job is written in.
        pairs: How many stretches; as many as there are frames, if these are fewer.

    Returns:
        For each stretch two signed bytes, lowest first, of which 127 is full scale.

    Raises:
        AudioError: It cannot be read.
    """
    with open_audio(path) as audio:
        return _find_peaks(audio, min(pairs, audio.frames))


def _find_peaks(audio: AudioReader, pairs: int) -> bytes:
    firsts = np.arange(pairs, dtype=np.int64) * audio.frames // max(pairs, 1)
    lows = np.full(pairs, _RANGE.max, np.int16)
    highs = np.full(pairs, _RANGE.min, np.int16)
    start = 0
    for block in audio.read(np.int16):
        # The stretches that the block touches; the first may have begun before it.
        some = slice(
            int(np.searchsorted(firsts, start, "right")) - 1,
            int(np.searchsorted(firsts, start + len(block))),
        )
        cuts = np.maximum(firsts[some] - start, 0)
        lows[some] = np.minimum(lows[some], np.minimum.reduceat(block, cuts))
        highs[some] = np.maximum(highs[some], np.maximum.reduceat(block, cuts))
        start += len(block)
    silent = lows > highs  # an MP3 may be some frames shorter than it says
    lows[silent] = highs[silent] = 0
    return (np.stack((lows, highs), axis=1) >> 8).astype(np.int8).tobytes()
