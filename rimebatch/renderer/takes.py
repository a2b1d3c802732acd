"""What one take sounds like: its samples and its words, from its events.

It knows one take at a time, and no timeline.

Theory of operation. Word times count from the first sample of their synthesis. A text
is one synthesis, so the zero of its words is the start of the take. A script may make
the service synthesize several times, and nothing says where the next one begins: it is
known after a ``done`` and where the context changes; between two that nothing
separates, the later one is taken to begin where its times arrive, since a service sends
them along with the audio.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rimebatch.ws3.events import Chunk, Done, Event, Timestamps

Decode: TypeAlias = Callable[
    [bytes, Sequence[int]], tuple[NDArray[np.int16], Sequence[int]]
]
"""From a take's bytes to its samples, and from places in the ones to the others."""


class Timing(StrEnum):
    """What the word times of a take rest on."""

    SERVICE = "service"  # the service's own, from the first sample of the take
    COARSE = "coarse"  # the same, but only as exact as the grid they lie on
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

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words as the service wrote them."""
        return tuple(word.text for word in self.words)


@dataclass(slots=True)
class _Synthesis:
    """The synthesis of a script that is being heard.

    Attributes:
        zeros: Where in the take each has begun so far, in bytes; the last is its own.
        timed: Whether its times have come.
        context_id: The label that came last.
    """

    zeros: list[int] = field(default_factory=lambda: [0])
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
        if at > self.zeros[-1]:
            self.zeros.append(at)
            self.timed = False


def read_sound(events: Iterable[Event], decode: Decode, *, is_script: bool) -> Sound:
    """Return what the server's *events* of one take sound like.

    Args:
        events: In the order they came.
        decode: Is given the audio, and where in it each synthesis begins.
        is_script: Whether there may be several.

    Raises:
        RimeBatchError: Whatever *decode* raises, or iterating over the events does.
    """
    chunks: list[bytes] = []
    audio_bytes = 0
    timed: list[tuple[int, Timestamps]] = []
    heard = _Synthesis()
    for event in events:
        if is_script:
            heard.follow(event, audio_bytes)
        if isinstance(event, Chunk):
            chunks.append(event.audio)
            audio_bytes += len(event.audio)
        elif isinstance(event, Timestamps):
            _put(event, len(heard.zeros) - 1, timed)
    samples, zeros = decode(b"".join(chunks), heard.zeros)
    words = [word for n, times in timed for word in _make_words(times, zeros[n])]
    kind = Timing.ESTIMATED if is_script else Timing.SERVICE
    return Sound(samples, tuple(words), kind if words else Timing.NONE)


def _put(
    times: Timestamps, synthesis: int, timed: list[tuple[int, Timestamps]]
) -> None:
    """Add *times*, in place of those before if they time the same words again."""
    if timed and (synthesis, times.words) == (timed[-1][0], timed[-1][1].words):
        timed.pop()
    timed.append((synthesis, times))


def _make_words(times: Timestamps, zero: int) -> list[Word]:
    return [
        Word(text, zero, start_s, end_s)
        for text, start_s, end_s in zip(
            times.words, times.start, times.end, strict=True
        )
    ]
