"""What was spoken when, as captions and timing files: `SpokenJob` in, text out.

- `pieces` cuts the printed text into what is never torn apart, `hearing` says when a
  stretch of it is heard, `cues` makes captions of both.
- `subtitles` writes cues (SubRip, WebVTT, LRC), `intervals` segments and words (Praat,
  Audacity, CSV), both with the numbers of `stamps`.
- `table` has them all by name.

Pure: nothing here opens a file.
"""

from rimebatch.renderer.captions.table import CAPTIONS, Writer

__all__ = ["CAPTIONS", "Writer"]
