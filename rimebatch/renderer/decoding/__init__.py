"""From the bytes of a take to its samples, for every ``audioFormat`` that is rendered.

- `choice` has the table of formats;
- `plain` those without compression;
- `mp3_frames` what the headers of an MP3 stream tell, `mp3` its samples, `mp3_line` a
  take whose stream goes on from the take before it on the same connection.

It knows bytes, and no events.
"""

from rimebatch.renderer.decoding.choice import decode_audio, most_frames
from rimebatch.renderer.decoding.plain import Decoded

__all__ = ["Decoded", "decode_audio", "most_frames"]
