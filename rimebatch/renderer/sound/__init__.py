"""Audio files: written in blocks, the same bytes for the same samples, and looked at.

- `writer` writes one file of any format, or several at once; `target` is the disk as
  libsndfile sees it.
- `mp3` and `ogg` know what libsndfile leaves to be done about those two.
- `resampling` changes the number of frames per second, once, on the way to a writer.
- `whole` tells whether a finished file is uncut; `reader` reads one back in blocks.
- `samples` are numbers of 16 bits or floating point, `tags` what a file says of itself.

Only here, and where takes are decoded, is libsndfile known.
"""

from rimebatch.renderer.sound.resampling import Resampler, count_resampled
from rimebatch.renderer.sound.samples import Samples
from rimebatch.renderer.sound.tags import DISCLOSURE, Tags
from rimebatch.renderer.sound.whole import is_whole
from rimebatch.renderer.sound.writer import (
    BLOCK_FRAMES,
    SoundWriter,
    SoundWriters,
    open_sound,
    open_sounds,
)

__all__ = [
    "BLOCK_FRAMES",
    "DISCLOSURE",
    "Resampler",
    "Samples",
    "SoundWriter",
    "SoundWriters",
    "Tags",
    "count_resampled",
    "is_whole",
    "open_sound",
    "open_sounds",
]
