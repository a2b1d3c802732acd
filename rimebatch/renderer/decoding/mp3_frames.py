"""The frames of an MP3 stream, as their headers tell where each lies and what it needs.

In the modules on MP3 a frame is MP3's own: some hundred bytes, which decode to 576 or
1,152 samples. Its data may begin in what the frames before it left empty, the
reservoir; so in the midst of a stream it is nothing without them.

Source: ISO/IEC 11172-3, 2.4.1 and 2.4.2, and 13818-3, 2.4.1; what stands in front of a
whole stream is in neither, but as LAME writes it.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

_HEADER_BYTES: Final = 4
_SYNC: Final = 0x7FF  # eleven bits, all set
_LAYER_3: Final = 1
_MPEG_1: Final = 3
_MPEG_1_SAMPLES: Final = 1152
_MONO: Final = 3

_RATES_HZ: Final = {
    _MPEG_1: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),  # "MPEG-2.5", which no standard has
}
# By samples in a frame. The code 0 is not here: a size that only the maker knows.
_KBIT_PER_S: Final = {
    1152: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    576: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# By samples in a frame and channels.
_SIDE_BYTES: Final = {(1152, 1): 17, (1152, 2): 32, (576, 1): 9, (576, 2): 17}

_LAME_SAMPLES: Final = 576  # of silence: in front, and at the least behind

_STREAM_HEADER_BYTES: Final = 144  # if it has all that it may have
_OUR_KBIT: Final = 7  # 112 or 64 kbit/s: a frame with room for a stream's header


class Frame(NamedTuple):
    """One frame; its places count in the bytes that it was read from.

    Attributes:
        start: Its first byte.
        body: Where data may lie, its own or that of later frames.
        end: The byte after its last; it may not have come yet.
        reservoir: How many bytes of its data lie in the bodies before its own.
        samples: How many it decodes to.
        rate_hz: Samples per second.
        channels: One or two.
    """

    start: int
    body: int
    end: int
    reservoir: int
    samples: int
    rate_hz: int
    channels: int


class StreamHeader(NamedTuple):
    """What is said of a whole stream in front of it, or else is taken to be so.

    Attributes:
        frames: How many it has; ``None`` if that is not said.
        delay: Samples of silence that its encoder put in front.
        padding: Samples of silence that its encoder put behind.
    """

    frames: int | None = None
    delay: int = _LAME_SAMPLES
    padding: int = _LAME_SAMPLES


def skip_tags(audio: bytes, start: int) -> int:
    """Return where the ID3 tag at *start*, new or old, ends; *start* if there is none.

    For a tag that is cut, that lies past the end.
    """
    if audio.startswith(b"ID3", start):
        size = 0
        for byte in audio[start + 6 : start + 10]:
            size = size << 7 | byte  # seven bits each: nothing there looks like a frame
        return start + 10 + size
    return start + 128 if audio.startswith(b"TAG", start) else start


def read_frame(audio: bytes, start: int) -> Frame | None:
    """Return the frame at *start*; ``None`` if there is none, or not enough of it."""
    header = int.from_bytes(audio[start : start + _HEADER_BYTES], "big")
    rates_hz = _RATES_HZ.get(header >> 19 & 3, ())
    samples = _MPEG_1_SAMPLES if header >> 19 & 3 == _MPEG_1 else 576
    kbits = _KBIT_PER_S[samples]
    rate, kbit = header >> 10 & 3, (header >> 12 & 15) - 1
    is_frame = header >> 21 == _SYNC and header >> 17 & 3 == _LAYER_3
    if not (is_frame and rate < len(rates_hz) and 0 <= kbit < len(kbits)):
        return None
    channels = 1 if header >> 6 & 3 == _MONO else 2
    side = start + _HEADER_BYTES + (0 if header >> 16 & 1 else 2)  # behind a checksum
    body = side + _SIDE_BYTES[samples, channels]
    if body > len(audio):
        return None
    size = _frame_bytes(samples, kbits[kbit], rates_hz[rate])
    needs = int.from_bytes(audio[side : side + 2], "big") >> _reservoir_shift(samples)
    return Frame(
        start=start,
        body=body,
        end=start + size + (header >> 9 & 1),
        reservoir=needs,
        samples=samples,
        rate_hz=rates_hz[rate],
        channels=channels,
    )


def read_frames(audio: bytes, start: int) -> Iterator[Frame]:
    """Yield the frames from *start* on that lie one behind another."""
    while (frame := read_frame(audio, start)) is not None:
        yield frame
        start = frame.end


def read_stream_header(audio: bytes, frame: Frame) -> StreamHeader | None:
    """Return what *frame* says of the frames behind it; ``None`` if it is sound."""
    side_bytes = _SIDE_BYTES[frame.samples, frame.channels]
    content = audio[frame.start + _HEADER_BYTES + side_bytes : frame.end]
    if content[:4] not in {b"Xing", b"Info"}:
        return None
    content = content.ljust(_STREAM_HEADER_BYTES, b"\0")
    flags = content[7]
    frames = int.from_bytes(content[8:12], "big") if flags & 1 else 0
    sizes = (4, 4, 100, 4)  # number of frames, of bytes, table of contents, quality
    encoder = 8 + sum(size for bit, size in enumerate(sizes) if flags >> bit & 1)
    if not content[encoder]:  # the name of an encoder, which tells its silences
        return StreamHeader(frames or None)
    silences = int.from_bytes(content[encoder + 21 : encoder + 24], "big")
    return StreamHeader(frames or None, silences >> 12, silences & 0xFFF)


def make_stream_header(audio: bytes, frame: Frame, frames: int) -> bytes:
    """Return a frame like *frame* that says only how many *frames* are behind it."""
    header = bytearray(audio[frame.start : frame.start + _HEADER_BYTES])
    header[1] |= 1  # no checksum
    header[2] = _OUR_KBIT + 1 << 4 | header[2] & 0x0C  # the rate stays
    silence = bytes(_SIDE_BYTES[frame.samples, frame.channels])
    says = b"Xing" + (1).to_bytes(4, "big") + frames.to_bytes(4, "big")
    kbit_per_s = _KBIT_PER_S[frame.samples][_OUR_KBIT]
    size = _frame_bytes(frame.samples, kbit_per_s, frame.rate_hz)
    return bytes(header + silence + says).ljust(size, b"\0")


def make_silence(frame: Frame, reservoir: int) -> bytes:
    """Return what in front of the body of *frame* makes it silent.

    Args:
        frame: Any one.
        reservoir: How many bytes there are in the bodies before its own; fewer than it
            needs.
    """
    field = (reservoir << _reservoir_shift(frame.samples)).to_bytes(2, "big")
    return field.ljust(_SIDE_BYTES[frame.samples, frame.channels], b"\0")


def is_blank(audio: bytes, frame: Frame) -> bool:
    """Return whether *frame* is empty: to be a stream's header, and never filled in."""
    return not any(audio[frame.start + _HEADER_BYTES : frame.end])


def _reservoir_shift(samples: int) -> int:
    return 7 if samples == _MPEG_1_SAMPLES else 8  # of the first 16 bits, 9 or 8 count


def _frame_bytes(samples: int, kbit_per_s: int, rate_hz: int) -> int:
    return samples // 8 * 1000 * kbit_per_s // rate_hz
