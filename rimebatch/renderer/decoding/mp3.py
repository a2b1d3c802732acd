"""MP3 as samples: stream by stream, each without the silence its encoder put around it.

Theory of operation. Streams are never decoded joined: a header counts for its own
stream alone, so that libsndfile would end there and lose the rest without a word. So
the bytes are cut where a stream begins: at a header or a tag; after as many frames as
the header said; and, for streams without a header, at a frame that needs nothing from
before it, where the caller says that a synthesis may begin.

Each stream gets a header of ours, which has its true number of frames and nothing else:
without one libsndfile estimates the length, and cuts a stream of varying bit rate
short. With one it leaves out its own delay at the start, 529 samples. What the encoder
added is left to do here: the stream's own header says how much it was; without one it
is taken to be what LAME adds, and at the end the least of it, so that up to one frame
of silence stays.

Measured with libsndfile 1.2.2 and LAME 3.100, also as ffmpeg has it: with a header,
sample for sample what went in; without one, 576 samples late, and at most a frame of
silence too long.
"""

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.mp3_frames import (
    Frame,
    StreamHeader,
    is_blank,
    make_silence,
    make_stream_header,
    read_frame,
    read_stream_header,
    skip_tags,
)
from rimebatch.renderer.decoding.plain import Decoded

_DECODER_SAMPLES: Final = 529  # how late any decoder is; libsndfile leaves them out

# Where a stream goes on from one synthesis to the next, its encoder still holds back
# some of the first. LAME has taken in 224 samples and from one to three frames more
# than what has come whole, measured at 8 to 48 kHz: the middle is right within a frame.
_HELD_BACK_SAMPLES: Final = 224
_HELD_BACK_FRAMES: Final = 2


@dataclass(frozen=True, slots=True)
class _Stream:
    """A stream within the bytes.

    Attributes:
        start: Its first byte, of a tag or a header if it has one.
        header: What its own header says.
        frames: Those with sound.
    """

    start: int
    header: StreamHeader
    frames: list[Frame] = field(default_factory=list)

    def goes_on(self, frame: Frame, *, may_end: bool) -> bool:
        """Return whether *frame*, which comes next, is one more of it."""
        if self.header.frames is not None:
            return len(self.frames) < self.header.frames
        return frame.reservoir > 0 or not may_end

    def find(self, mark: int) -> int:
        """Return how many samples the encoder had taken in when it gave byte *mark*."""
        if mark <= self.start:
            return 0
        whole = bisect_right(self.frames, mark, key=lambda frame: frame.end)
        held_back = _HELD_BACK_FRAMES * self.frames[0].samples + _HELD_BACK_SAMPLES
        return whole * self.frames[0].samples + held_back


def decode_mp3(audio: bytes, marks: Sequence[int], rate_hz: int, start: int) -> Decoded:
    """Decode a part of what came over one connection.

    Args:
        audio: The part, with as much around it as its frames need.
        marks: Where in *audio* a synthesis may begin, ascending; the first and the last
            are where the part begins and ends.
        rate_hz: What the sound must have.
        start: The first byte of a frame, not behind the first mark.

    Returns:
        The samples of all of *audio*, and where in them the *marks* are.

    Raises:
        AudioError: The part is not MP3, is cut or damaged, or has another rate.
    """
    streams = _split(audio, marks, start)
    for stream in streams:
        _check(stream, rate_hz, marks[-1])
    sounds = [_decode(audio, stream, marks[0]) for stream in streams]
    bases = list(accumulate(map(len, sounds), initial=0))
    starts = [stream.start for stream in streams]
    places = []
    for mark in marks:
        number = bisect_right(starts, mark) - 1
        place = bases[number] + streams[number].find(mark)
        places.append(min(place, bases[number + 1]))
    return np.concatenate(sounds), places


def _split(audio: bytes, marks: Sequence[int], start: int) -> list[_Stream]:
    streams: list[_Stream] = []
    while (at := skip_tags(audio, start)) < len(audio):
        frame = read_frame(audio, at)
        if frame is None or frame.end > len(audio):
            break
        is_new = at > start or not streams
        may_be_new = is_new or start in marks
        header = read_stream_header(audio, frame)
        if header is None and may_be_new and is_blank(audio, frame):
            header = StreamHeader()
        if header or is_new or not streams[-1].goes_on(frame, may_end=may_be_new):
            streams.append(_Stream(start, header or StreamHeader()))
        if header is None:
            streams[-1].frames.append(frame)
        start = frame.end
    if not streams or (at < marks[-1] and not _may_end_amid(audio, marks, at)):
        raise AudioError(_name_flaw(audio, marks, start))
    return streams


def _may_end_amid(audio: bytes, marks: Sequence[int], at: int) -> bool:
    """Return whether the end of the connection may have cut the frame at byte *at*.

    A stream of its own ends with a whole frame. One that has gone on from one take to
    another need not: nobody told its encoder that no more would come.
    """
    return marks[0] > 0 and read_frame(audio, at) is not None


def _name_flaw(audio: bytes, marks: Sequence[int], at: int) -> str:
    begin, end = marks[0], marks[-1]
    if at > begin or read_frame(audio, at):
        return f"its MP3 is damaged or cut at byte {at - begin} of {end - begin}"
    return (
        f"it begins with {audio[begin : begin + 4]!r}, which is not MP3, or goes on "
        "from audio that is not on record"
    )


def _check(stream: _Stream, rate_hz: int, end: int) -> None:
    """Check that *stream* is whole, unless it goes on after byte *end*."""
    frames, expected = stream.frames, stream.header.frames
    if not frames or (expected not in {None, len(frames)} and frames[-1].start < end):
        raise AudioError(f"its MP3 has {len(frames)} frames, and says {expected}")
    first = frames[0]
    if (first.rate_hz, first.channels) != (rate_hz, 1):
        raise AudioError(
            f"its MP3 has {first.channels} channels of {first.rate_hz} Hz where 1 of "
            f"{rate_hz} Hz was asked for"
        )


def _decode(audio: bytes, stream: _Stream, begin: int) -> NDArray[np.int16]:
    """Return the samples of *stream*, without what its encoder put around them."""
    frames, header = stream.frames, stream.header
    ours = make_stream_header(audio, frames[0], len(frames))
    samples = _read(ours + _join(audio, frames, begin))
    expected = len(frames) * frames[0].samples - _DECODER_SAMPLES
    if len(samples) != expected:
        raise AudioError(f"its MP3 decodes to {len(samples)} of {expected} samples")
    return samples[header.delay : expected - max(0, header.padding - _DECODER_SAMPLES)]


def _join(audio: bytes, frames: Sequence[Frame], begin: int) -> bytearray:
    """Return the bytes of *frames*, which are all of use from byte *begin* on."""
    start, end = frames[0].start, frames[-1].end
    content = bytearray(audio[start:end])
    reservoir = 0
    for frame in frames:
        if frame.reservoir > reservoir:
            if frame.end > begin:
                raise AudioError(f"its MP3 lacks data for byte {frame.start - begin}")
            # Silent, it still hands on what the frames behind it need.
            side = make_silence(frame, reservoir)
            content[frame.body - len(side) - start : frame.body - start] = side
        reservoir = min(reservoir, frame.reservoir) + frame.end - frame.body
    return content


def _read(mp3: bytes) -> NDArray[np.int16]:
    samples: NDArray[np.int16]
    try:
        # All at once: between parts libsndfile loses the reservoir, and so samples.
        samples, _ = soundfile.read(io.BytesIO(mp3), dtype="int16")
    except soundfile.SoundFileError as error:
        raise AudioError(f"its MP3 cannot be decoded: {error}") from error
    return samples
