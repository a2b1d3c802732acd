"""What the headers of MP3 frames say, against streams of several encoders."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.mp3 import CONSTANT, encode, encode_bare, make_sound
from rimebatch.renderer.decoding.mp3_frames import (
    StreamHeader,
    is_blank,
    make_silence,
    make_stream_header,
    read_frame,
    read_frames,
    read_stream_header,
    skip_tags,
)

STREAMS = Path(__file__).parent / "streams"

# 64 kbit/s, 24 kHz, mono, without checksum or padding: 192 bytes.
HEADER = b"\xff\xf3\x84\xc4"

RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def make_frame(header: bytes = HEADER, side: bytes = b"", size: int = 192) -> bytes:
    """Return a frame of *size* bytes that says nothing but its *header* and *side*."""
    return (header + side).ljust(size, b"\0")


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("settings", [{}, CONSTANT])
def test_read_frames(rate_hz: int, settings: dict[str, str | float]) -> None:
    """Frames follow one another from the first byte to the last."""
    audio = encode_bare(make_sound(rate_hz // 2, rate_hz), rate_hz, **settings)

    frames = list(read_frames(audio, 0))

    assert [0, *(frame.end for frame in frames[:-1])] == [f.start for f in frames]
    assert len(audio) == frames[-1].end
    samples = 1152 if rate_hz >= 32_000 else 576
    assert {(samples, rate_hz, 1)} == {frame[-3:] for frame in frames}


def test_reservoir() -> None:
    """The first frame needs nothing from before it, and others do."""
    first, *others = read_frames(STREAMS.joinpath("lame-bare.mp3").read_bytes(), 0)

    assert 0 == first.reservoir
    assert all(0 < frame.reservoir < 256 for frame in others)


@pytest.mark.parametrize(
    ("header", "side_bytes", "size"),
    [
        (b"\xff\xf3\x84\xc4", 9, 192),
        (b"\xff\xf3\x84\x44", 17, 192),
        (b"\xff\xfb\x90\xc4", 17, 417),
        (b"\xff\xfb\x90\x44", 32, 417),
        (b"\xff\xfb\x92\xc4", 17, 418),  # one byte of padding
        (b"\xff\xe3\x18\xc4", 9, 72),
    ],
)
def test_sizes(header: bytes, side_bytes: int, size: int) -> None:
    """Version, rates and channels decide how large a frame and its parts are."""
    frame = read_frame(b"?" + make_frame(header, size=500), 1)

    assert frame is not None
    assert (1, 5 + side_bytes, 1 + size) == frame[:3]
    assert 1 + (header[3] < 0x80) == frame.channels


@pytest.mark.parametrize(
    ("header", "side", "expected"),
    [
        (b"\xff\xf3\x84\xc4", b"\x12\xff", 0x12),
        (b"\xff\xfb\x90\xc4", b"\x80\xff", 0x101),
        (b"\xff\xf2\x84\xc4", b"??\x12", 0x12),  # behind a checksum
    ],
)
def test_reservoir_field(header: bytes, side: bytes, expected: int) -> None:
    """The first field of the side information, of nine bits or eight."""
    frame = read_frame(make_frame(header, side), 0)

    assert frame is not None
    assert expected == frame.reservoir


@pytest.mark.parametrize(
    "header",
    [
        b"RIFF",
        b"\xff\xd3\x84\xc4",  # ten bits of sync
        b"\xff\xf5\x84\xc4",  # layer II
        b"\xff\xeb\x84\xc4",  # no version
        b"\xff\xf3\x8c\xc4",  # no rate
        b"\xff\xf3\x04\xc4",  # a size that nobody says
        b"\xff\xf3\xf4\xc4",  # no size
    ],
)
def test_not_a_frame(header: bytes) -> None:
    """What is reserved, or of another layer, is no frame."""
    assert None is read_frame(make_frame(header), 0)


@pytest.mark.parametrize("size", [0, 3, 4, 12])
def test_cut_early(size: int) -> None:
    """A frame that ends before its data begins tells too little."""
    assert None is read_frame(make_frame()[:size], 0)


def test_cut_late() -> None:
    """A frame whose data has begun says where it will end."""
    frame = read_frame(make_frame()[:13], 0)

    assert frame is not None
    assert 192 == frame.end


@given(st.binary(max_size=2000), st.integers(0, 2000))
def test_anything(audio: bytes, start: int) -> None:
    """Whatever the bytes are, frames lie behind *start*, one behind another."""
    found = [frame.start for frame in read_frames(audio, start)]

    assert sorted(set(found)) == found
    assert skip_tags(audio, start) >= start


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (b"", 1),
        (b"\xff\xf3", 1),
        (b"ID3\4\0\0\0\0\1\2" + bytes(130), 1 + 10 + 130),
        (b"ID3\4\0\0\0\0\1\2", 1 + 10 + 130),
        (b"ID3", 1 + 10),
        (b"TAG" + bytes(125), 1 + 128),
    ],
)
def test_skip_tags(audio: bytes, expected: int) -> None:
    """A tag ends where it says, even if not all of it has come."""
    assert expected == skip_tags(b"?" + audio, 1)


def test_stream_header() -> None:
    """A header by LAME tells frames and silences, which make up the sound's length."""
    audio = STREAMS.joinpath("lame-header.mp3").read_bytes()
    first, *others = read_frames(audio, 0)

    header = read_stream_header(audio, first)

    assert header is not None
    assert (len(others), 576) == header[:2]
    assert 36_000 == len(others) * 576 - header.delay - header.padding
    assert {None} == {read_stream_header(audio, frame) for frame in others}


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (b"Info", StreamHeader()),
        (b"Xing\0\0\0\0", StreamHeader()),
        (b"Xing\0\0\0\1\0\0\0\7", StreamHeader(7)),
        (b"Xing\0\0\0\1\0\0\0\0", StreamHeader()),
        (b"Xing\0\0\0\1\0\0\0\7LAME3.100", StreamHeader(7, 0, 0)),
        (
            b"Info\0\0\0\x0d\0\0\0\7"
            + bytes(104)
            + b"LAME3.100"
            + bytes(12)
            + b"$\2\xb1",
            StreamHeader(7, 576, 689),
        ),
        (b"Sound", None),
    ],
)
def test_partial_stream_header(says: bytes, expected: StreamHeader | None) -> None:
    """What a header does not say is taken to be as LAME has it."""
    audio = make_frame(side=bytes(9) + says)
    frame = read_frame(audio, 0)

    assert frame is not None
    assert expected == read_stream_header(audio, frame)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_make_stream_header(rate_hz: int) -> None:
    """A header that is made is a whole frame, like the others, and can be read."""
    audio = encode(make_sound(3000, rate_hz), rate_hz)
    frame = read_frame(audio, 0)

    assert frame is not None
    made = make_stream_header(audio, frame, 1234)
    (found,) = read_frames(made, 0)
    assert (len(made), *frame[-3:]) == (found.end, *found[-3:])
    assert StreamHeader(1234) == read_stream_header(made, found)


@pytest.mark.parametrize("header", [b"\xff\xf3\x84\xc4", b"\xff\xfb\x90\x44"])
def test_make_silence(header: bytes) -> None:
    """A frame that is made silent hands on as much as there is."""
    audio = make_frame(header, b"?" * 32, 500)
    frame = read_frame(audio, 0)
    assert frame is not None

    side = make_silence(frame, 200)

    found = read_frame(header + side + audio[frame.body :], 0)
    assert frame._replace(reservoir=200) == found
    assert not any(side[2:])


@pytest.mark.parametrize(("content", "expected"), [(b"", True), (b"\1", False)])
def test_is_blank(content: bytes, expected: bool) -> None:
    """A frame with nothing but zeros behind its first four bytes is blank."""
    audio = b"?" + HEADER + content.rjust(188, b"\0")
    frame = read_frame(audio, 1)

    assert frame is not None
    assert expected == is_blank(audio, frame)
