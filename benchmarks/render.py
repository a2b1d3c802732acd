"""How fast a recorded job is rendered, in times real time, and in how much memory.

    PYTHONPATH=tests python benchmarks/render.py [--minutes 60 720] [--rounds 1]

It records the tone voice at 24,000 Hz, a job for each of the lengths, and renders each
to several outputs. Every rendering has a process of its own, whose peak of resident
memory is the interpreter and all libraries included. The median of several rounds is
printed, the lengths side by side.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fakes.long_jobs import LongJob, Rendering, record_long_job, render_alone
from rimebatch.manifest.encoding import WAV, Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Output

RATE_HZ: Final = 24_000

# What ACX asks for.
GOAL: Final = Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB"))
CAPTIONS: Final = ("srt", "vtt", "textgrid")

OUTPUTS: Final[Mapping[str, Output]] = MappingProxyType(
    {
        "wav": Output(),
        "wav, captions": Output(captions=CAPTIONS),
        "wav at 44.1 kHz": Output(rate_hz=44_100),
        "wav and mp3": Output(encodings=(WAV, Encoding("mp3", bitrate_kbps=64))),
        "wav, loudness": Output(loudness=GOAL),
        "loudness, captions": Output(loudness=GOAL, captions=CAPTIONS),
    }
)


def measure(job: LongJob, output: Output, folder: Path) -> Rendering:
    """Render *job* into *folder*, of which nothing is left."""
    rendering = render_alone(job, output, folder)
    shutil.rmtree(folder)
    return rendering


def summarize(renderings: list[Rendering]) -> str:
    """Return the medians: seconds, times real time, and memory."""
    seconds = statistics.median(r.seconds for r in renderings)
    peak_mb = statistics.median(r.peak_mb for r in renderings)
    times = renderings[0].rendered.seconds / seconds
    return f"{seconds:7.1f} s {times:6.0f} x {peak_mb:4.0f} MB"


def main() -> None:
    """Print a line for each output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, nargs="+", default=[60, 720])
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        jobs = [record_long_job(home / str(m), m, RATE_HZ) for m in options.minutes]
        print(" " * 18, *(f"{minutes:14} minutes  " for minutes in options.minutes))
        for what, output in OUTPUTS.items():
            renderings: list[list[Rendering]] = [[] for _ in jobs]
            for _ in range(options.rounds):
                for job, done in zip(jobs, renderings, strict=True):
                    done.append(measure(job, output, home / "rendered"))
            print(f"{what:18}", *map(summarize, renderings), sep="  ", flush=True)


if __name__ == "__main__":
    main()
