"""How much of a take is left once the silence around it is shortened.

It only counts frames; nothing is changed here, and nothing inside a take ever is.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rimebatch.manifest.placement import Trim

_FULL_SCALE: Final = 32_768  # 0 dB: one more than the loudest sample


def find_kept(samples: NDArray[np.int16], trim: Trim | None, rate_hz: int) -> range:
    """Return which frames of a take stay.

    Args:
        samples: The take, mono, shape ``(frames,)``.
        trim: What silence is, and how much of it stays; ``None`` for all.
        rate_hz: Frames per second.

    Returns:
        Frames without a gap. All of them where everything is silent: that take has
        another flaw than too much silence.
    """
    frames = len(samples)
    if trim is None:
        return range(frames)
    most = int(_FULL_SCALE * 10 ** (trim.silence_db / 20))
    heard = (samples > most) | (samples < -most)
    if not heard.any():
        return range(frames)
    keep = round(trim.keep_s * rate_hz)
    first, last = int(heard.argmax()), frames - 1 - int(heard[::-1].argmax())
    return range(max(first - keep, 0), min(last + 1 + keep, frames))
