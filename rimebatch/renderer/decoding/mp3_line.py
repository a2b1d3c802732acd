"""One MP3 take among its neighbours: what came over the same connection around it.

Whether the service begins an MP3 stream for each synthesis, or lets one go on for as
long as the connection lasts, nobody says; the bytes do. The first frame of a stream
needs no data from before it. So a take that begins with such a frame has a stream of
its own, and any other goes on with that of the take before it: its first frames need
bytes from there, and its last samples come out with the bytes behind it.

That is as good as certain with LAME: of 170,000 frames of speech, at every rate and at
constant or variable bit rates, nine others needed nothing either. At average bit rates
it is three in a hundred. An encoder without a reservoir cannot be told apart in this
way where it ends each take with a whole frame: it is believed to begin each time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rimebatch.errors import AudioError, TranscriptError
from rimebatch.renderer.decoding.mp3 import decode_mp3
from rimebatch.renderer.decoding.mp3_frames import read_frame, read_frames, skip_tags
from rimebatch.renderer.decoding.plain import Decoded
from rimebatch.transcript.reader import RecordedTake, read_events, read_takes
from rimebatch.ws3.events import Chunk

# At either side of a take: eleven frames of the largest size, 1,441 bytes. What comes
# out of one depends on the two before it and on 511 bytes of data; what had gone into
# it when a take ended comes out up to five later.
_REACH_BYTES: Final = 16_384


def decode_mp3_take(
    take: RecordedTake, audio: bytes, marks: Sequence[int], rate_hz: int
) -> Decoded:
    """Decode the *audio* of *take*.

    Args:
        take: Where its neighbours are found.
        audio: All of it.
        marks: Where in it a synthesis may begin, ascending.
        rate_hz: What the sound must have.

    Raises:
        AudioError: It is not MP3, is cut or damaged, is without sound or has another
            rate; or it goes on from a take that is damaged.
        TranscriptError: The transcript cannot be read.
    """
    line = read_takes(take.path)
    earlier = [other for other in line if other.record.end <= take.record.start]
    later = [other for other in line if other.record.start >= take.record.end]
    before = _read_before(audio, reversed(earlier))
    whole = before + audio + _read_after(later)
    begin, end = len(before), len(before) + len(audio)
    inner = (begin + mark for mark in marks)
    start = _find_frame(whole, begin)
    samples, places = decode_mp3(whole, [begin, *inner, end], rate_hz, start)
    first, *middle, last = places
    if first == last:
        raise AudioError(f"its MP3, {len(audio)} bytes, is without sound")
    return samples[first:last], [place - first for place in middle]


def _read_before(audio: bytes, earlier: Iterable[RecordedTake]) -> bytes:
    """Return what *audio* goes on from, or enough of its end.

    Args:
        audio: Of the take itself.
        earlier: The takes before it on its connection, the nearest first.
    """
    before = b""
    more = _read_each(earlier)
    while len(before) < _REACH_BYTES and not _begins_stream(before or audio):
        if (piece := next(more, None)) is None:
            break
        before = piece + before
    return before


def _read_after(later: Iterable[RecordedTake]) -> bytes:
    """Return what goes on from the take that *later* follow, or enough of it."""
    after = b""
    for piece in _read_each(later):
        if len(after) >= _REACH_BYTES or _begins_stream(piece):
            break
        after += piece
    return after


def _read_each(takes: Iterable[RecordedTake]) -> Iterator[bytes]:
    """Yield the audio of each of *takes*, up to the first that is damaged."""
    for take in takes:
        try:
            events = list(read_events(take))
        except TranscriptError:
            return  # what needs it will be missing, and the take itself is no matter
        yield b"".join(event.audio for event in events if isinstance(event, Chunk))


def _begins_stream(audio: bytes) -> bool:
    start = skip_tags(audio, 0)
    frame = read_frame(audio, start)
    return start > 0 or (frame is not None and frame.reservoir == 0)


def _find_frame(audio: bytes, limit: int) -> int:
    """Return where the first frame begins from which others lead up to *limit*."""
    starts = (
        start
        for start in range(limit)
        if any(frame.end >= limit for frame in read_frames(audio, start))
    )
    return next(starts, limit)
