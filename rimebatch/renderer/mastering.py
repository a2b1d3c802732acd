"""From the mix of a job to its audio files: rate, loudness, encodings.

The order is fixed: the mix is resampled once, then raised or lowered and limited, then
encoded into every format in one pass. How loud it has become is measured on the main
file as it was encoded, so each trial of a gain writes that file anew, and the others
follow once the gain is found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rimebatch.files import staged
from rimebatch.manifest.encoding import Encoding
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.leveling import Fitted, fit
from rimebatch.renderer.limiter import Leveling, level
from rimebatch.renderer.loudness import Levels, measure
from rimebatch.renderer.mix import Mix
from rimebatch.renderer.sound import (
    DISCLOSURE,
    Resampler,
    Samples,
    Tags,
    count_resampled,
    open_sounds,
)
from rimebatch.renderer.sound.reader import open_audio
from rimebatch.renderer.sound.samples import to_float


def master(job: PlannedJob, mix: Mix, finals: Iterable[Path]) -> Fitted | None:
    """Stage the audio files of *job*.

    Args:
        job: Says how they are to be.
        mix: Is read at least once.
        finals: One for each of the job's encodings, in their order.

    Returns:
        What was done about the loudness, and what that came to; ``None`` if nothing
        was asked for.

    Raises:
        OutputError: A file cannot be written.
        RimeBatchError: Whatever `Mix.read` raises.
    """
    files = dict(zip(finals, job.output.encodings, strict=True))
    studio = _Studio(job, mix, next(iter(files.items())))
    goal = job.output.loudness
    if goal is None:
        studio.write(files, None)
        return None
    fitted = fit(goal, measure(studio.play(), studio.rate_hz), studio.attempt)
    if fitted.leveling is not None and studio.tried == fitted.leveling:
        del files[studio.main[0]]  # the last trial was the best: it is as it should be
    if files:
        studio.write(files, fitted.leveling)
    return fitted


def find_rate_hz(job: PlannedJob) -> int:
    """Return the rate of the files of *job*, in frames per second."""
    return job.output.rate_hz or job.rate_hz


@dataclass
class _Studio:
    """Where the audio of a job is played and written.

    Attributes:
        main: The file that trials are measured on, and how it is encoded.
        tried: What was done to the samples in the last trial; ``None`` if none was.
    """

    job: PlannedJob
    mix: Mix
    main: tuple[Path, Encoding]
    tried: Leveling | None = None

    @property
    def rate_hz(self) -> int:
        """The rate of the files."""
        return find_rate_hz(self.job)

    def play(self) -> Iterator[Samples]:
        """Yield the mix at the rate of the files."""
        blocks = self.mix.read()
        if self.rate_hz == self.job.rate_hz:
            return blocks
        return _resample(blocks, self.job.rate_hz, self.rate_hz)

    def attempt(self, leveling: Leveling) -> Levels:
        """Stage the main file, and return how loud it is as it decodes."""
        path, encoding = self.main
        self.write({path: encoding}, leveling)
        self.tried = leveling
        with open_audio(staged(path)) as file:
            return measure(file.read(np.float32), self.rate_hz)

    def write(self, files: Mapping[Path, Encoding], leveling: Leveling | None) -> None:
        """Stage *files*, in place of any that were."""
        blocks: Iterator[Samples] = self.play()
        if leveling is not None:
            blocks = level(map(to_float, blocks), self.rate_hz, leveling)
        most = count_resampled(self.mix.most_frames, self.job.rate_hz, self.rate_hz)
        with open_sounds(files, self.rate_hz, most, _make_tags(self.job)) as sound:
            for block in blocks:
                sound.write(block)


def _resample(blocks: Iterable[Samples], from_hz: int, to_hz: int) -> Iterator[Samples]:
    resampler = Resampler(from_hz, to_hz)
    for block in blocks:
        yield resampler.feed(block)
    yield resampler.finish()


def _make_tags(job: PlannedJob) -> Tags:
    output = job.output
    comment = DISCLOSURE if output.comment is None else output.comment
    return Tags(job.title, output.artist, output.album, job.track, comment)
