"""Samples as the bytes of chunks, in every ``audioFormat`` that is offered.

- `AudioFormat`: what they are called here, and `make_encoder`, which gives the one for
  a connection;
- `plain`: formats without compression; `mp3` and `ogg`: those with.

It knows nothing of ws3 but that audio is cut into chunks, which is not done here.
"""

from rimebatch.server.encoding.choice import (
    AudioFormat,
    Encoder,
    make_encoder,
    spoken_rate_hz,
)

__all__ = ["AudioFormat", "Encoder", "make_encoder", "spoken_rate_hz"]
