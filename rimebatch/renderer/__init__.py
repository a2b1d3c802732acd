"""From plan and transcripts to files: the same record gives the same bytes, always.

- `takes` reads what one take sounds like from its messages, `decoding` its audio.
- `timeline` places takes and pauses one after another, counted in frames, as far as
  `trimming` leaves them; what of it is in print is a `spoken` job.
- `checks` measures what is wrong with a take, by the words that `alignment` finds.
- `sound` writes audio, `sidecar` the word times, `publish` moves files into place.
- `job` does it all for one job; `compare` does it again, and tells what differs.

This room never talks to a service; its functions block, so call them in a thread.
"""

from rimebatch.renderer.compare import Difference, compare_files
from rimebatch.renderer.job import is_rendered, render_job, stage_job
from rimebatch.renderer.job_files import RenderedJob
from rimebatch.renderer.mix import Doubt

__all__ = [
    "Difference",
    "Doubt",
    "RenderedJob",
    "compare_files",
    "is_rendered",
    "render_job",
    "stage_job",
]
