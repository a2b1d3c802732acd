"""What one take sounds like: its samples and its words, from its messages.

It knows one take at a time, and no timeline.

Theory of operation. Word times count from the first sample of their synthesis. A text
is one synthesis, so the zero of its words is the start of the take. A script may make
the service synthesize several times, and nothing says where the next one begins: it is
known after a ``done`` and where the context changes; between two that nothing
separates, the later one is taken to begin where its times arrive, since a service sends
them along with the audio.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps, decode_event
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

SAMPLE_BYTES: Final = BYTES_PER_SAMPLE["pcm"]


class Timing(StrEnum):
    """What the word times of a take rest on."""

    SERVICE = "service"  # the service's own, from the first sample of the take
    ESTIMATED = "estimated"  # of a script: where each synthesis began is worked out
    NONE = "none"  # the service sent none


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the service timed it.

    Attributes:
        text: The service's token, punctuation and all.
        zero: The frame of the take that its times count from.
        start_s: Seconds from *zero*, as sent.
        end_s: Seconds from *zero*, as sent; may be wrong in any way.
    """

    text: str
    zero: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """One take, decoded.

    Attributes:
        samples: Mono, shape ``(frames,)``.
        words: In the order they were sent.
        timing: What their times rest on.
    """

    samples: NDArray[np.int16]
    words: tuple[Word, ...]
    timing: Timing


@dataclass(slots=True)
class _Synthesis:
    """The synthesis of a script that is being heard.

    Attributes:
        zero: Where in the take it began, in bytes.
        timed: Whether its times have come.
        context_id: The label that came last.
    """

    zero: int = 0
    timed: bool = False
    context_id: str | None = None

    def follow(self, event: Event, at: int) -> None:
        """Move on to the synthesis of *event*, which *at* bytes of audio came before.

        Times that carry no label, as the page has them, belong where they stand.
        """
        match event:
            case Chunk(_, context_id):
                if context_id != self.context_id:
                    self._end(at)
                self.context_id = context_id
            case Timestamps():
                if self.timed or event.context_id not in {None, self.context_id}:
                    self._end(at)
                self.timed = True
                self.context_id = event.context_id or self.context_id
            case Done():
                self._end(at)

    def _end(self, at: int) -> None:
        # Before its first audio it cannot be over: its times may come ahead of it.
        if at > self.zero:
            self.zero, self.timed = at, False


def read_sound(messages: Iterable[str], *, is_script: bool) -> Sound:
    """Return what the server's *messages* of one take sound like.

    Raises:
        AudioError: The audio does not end with a whole sample.
        RemoteProtocolError: A message is not an event.
    """
    pcm = bytearray()
    words: list[Word] = []
    heard = _Synthesis()
    for event in map(decode_event, messages):
        if is_script:
            heard.follow(event, len(pcm))
        if isinstance(event, Chunk):
            pcm += event.audio
        elif isinstance(event, Timestamps):
            words += _make_words(event, heard.zero // SAMPLE_BYTES)
    kind = Timing.ESTIMATED if is_script else Timing.SERVICE
    return Sound(_samples(pcm), tuple(words), kind if words else Timing.NONE)


def _make_words(times: Timestamps, zero: int) -> list[Word]:
    return [
        Word(text, zero, start_s, end_s)
        for text, start_s, end_s in zip(
            times.words, times.start, times.end, strict=True
        )
    ]


def _samples(pcm: bytearray) -> NDArray[np.int16]:
    """Return the samples in *pcm*, signed 16-bit little-endian."""
    if len(pcm) % SAMPLE_BYTES:
        raise AudioError(f"{len(pcm)} bytes of audio are not whole 16-bit samples")
    return np.frombuffer(pcm, dtype="<i2").astype(np.int16, copy=False)
