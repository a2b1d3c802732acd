"""A book of 12 hours in one job: memory does not grow with it, nor do words drift."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from fakes.long_jobs import record_long_job, render_alone
from rimebatch.manifest.load import Output
from rimebatch.manifest.placement import Pauses, Trim

MINUTES: Final = 12 * 60
RATE_HZ: Final = 8000
MOST_MB: Final = 300

# No whole number of frames makes a third of a second, so errors would add up; and the
# full stop at the end of a take is 0.07 s of silence, which is cut.
OUTPUT: Final = Output(
    pauses=Pauses(head=0.5, tail=1.0, paragraph=1 / 3),
    trim=Trim(keep_s=0.05),
    captions=("srt", "vtt", "textgrid"),
)

LAST_S: Final = 60
SILENCE: Final = 500  # the tone voice is silent for 550 frames at least, or not at all


@pytest.mark.slow
def test_a_job_of_12_hours_takes_little_memory_and_keeps_its_words_in_place() -> None:
    """At the end of it, words begin and end where the sidecar says, to a frame."""
    with TemporaryDirectory() as folder:  # of gigabytes, which pytest would keep
        job = record_long_job(Path(folder) / "transcripts", MINUTES, RATE_HZ)
        rendering = render_alone(job, OUTPUT, Path(folder) / "rendered")
        sidecar = json.loads(rendering.rendered.sidecar.read_bytes())
        heard = find_words(read_end(rendering.rendered.audio))
    words = sidecar["words"][-len(heard) :]
    told = np.array([[word["start_s"], word["end_s"]] for word in words]) * RATE_HZ
    drift = heard - (np.rint(told) - sidecar["audio"]["frames"])

    assert MINUTES * 60 <= sidecar["audio"]["seconds"]
    assert 100 < len(heard)
    assert 1 >= abs(drift).max()
    assert rendering.peak_mb < MOST_MB


def read_end(path: Path) -> NDArray[np.int16]:
    """Return the last minute of the audio at *path*."""
    with soundfile.SoundFile(path) as file:
        file.seek(-LAST_S * RATE_HZ, soundfile.SEEK_END)
        samples: NDArray[np.int16] = file.read(dtype="int16")
    return samples


def find_words(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return where words begin and end, in frames before the end of *samples*.

    The first is left out, which may have begun before them. A hum is at zero in its
    first frame, so that a word may seem to begin one frame late.

    Returns:
        Negative numbers, shape ``(words, 2)``.
    """
    loud = np.flatnonzero(samples)
    after = np.flatnonzero(np.diff(loud) > SILENCE)
    starts, ends = loud[after + 1], np.append(loud[after[1:]], loud[-1]) + 1
    return np.column_stack((starts, ends)) - len(samples)
