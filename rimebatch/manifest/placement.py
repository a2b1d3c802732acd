"""How the takes of a job are laid one after another, in seconds.

The numbers only: what they do to the audio, the renderer knows. Knows neither YAML nor
jobs. None of it is part of any key, so to change it costs nothing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Silence that is put between takes; all in seconds.

    Attributes:
        head: Before the first take.
        tail: After the last.
        segment: Between segments of one paragraph.
        paragraph: Between paragraphs.
        heading: The same, where one of the two is a heading.
    """

    head: float = 0.0
    tail: float = 0.0
    segment: float = 0.0
    paragraph: float = 0.0
    heading: float = 0.0


NO_PAUSES: Final = Pauses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """How the silence at either end of a take is shortened.

    Attributes:
        silence_db: What is not louder is silence, in dB of full scale.
        keep_s: How much of it stays at either end, in seconds.
    """

    # As the checks have it: above what is left of digital silence in an MP3.
    silence_db: float = -60.0
    # The soft beginning of an "h" or "f" may be below that; no sound of speech that
    # soft is as long.
    keep_s: float = 0.1
