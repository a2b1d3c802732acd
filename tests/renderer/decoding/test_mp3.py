"""MP3 as samples: all of them, none added but where no header tells how many."""

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.mp3 import (
    CONSTANT,
    Samples,
    encode,
    encode_bare,
    encode_on,
    make_sound,
    offset,
)
from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.mp3 import _read, decode_mp3
from rimebatch.renderer.decoding.mp3_frames import read_frames

STREAMS = Path(__file__).parent / "streams"
RATE_HZ = 24_000
FRAME_SAMPLES = 576
SOUND = make_sound(12_345, RATE_HZ)
HEADED = encode(SOUND, RATE_HZ)
BARE = encode_bare(SOUND, RATE_HZ)


def decode(audio: bytes, rate_hz: int = RATE_HZ) -> Samples:
    """Return what *audio*, a take without neighbours, sounds like."""
    samples, places = decode_mp3(audio, [0, len(audio)], rate_hz, 0)
    assert [0, len(samples)] == places
    return samples


def decode_parts(parts: list[bytes], rate_hz: int = RATE_HZ) -> list[Samples]:
    """Return what each synthesis of a take sounds like, of which *parts* are sent."""
    marks = list(accumulate(map(len, parts), initial=0))
    samples, places = decode_mp3(b"".join(parts), marks, rate_hz, 0)
    assert (0, len(samples)) == (places[0], places[-1])
    return np.split(samples, places[1:-1])


@pytest.mark.parametrize(
    "rate_hz", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000]
)
@pytest.mark.parametrize("bit_rate", [{}, CONSTANT])
def test_rates(rate_hz: int, bit_rate: dict[str, str | float]) -> None:
    """With a header it is as long to the sample, and without one to the frame."""
    sound = make_sound(rate_hz, rate_hz)

    headed = decode(encode(sound, rate_hz, **bit_rate), rate_hz)
    bare = decode(encode_bare(sound, rate_hz, **bit_rate), rate_hz)

    assert (0, rate_hz) == (offset(sound, headed), len(headed))
    assert 0 == offset(sound, bare)
    assert 0 <= len(bare) - rate_hz < (1152 if rate_hz >= 32_000 else 576)


@settings(max_examples=40)
@given(st.integers(1, 6000))
def test_lengths(frames: int) -> None:
    """However short the sound: it is as long with a header, and a frame off without."""
    sound = make_sound(frames, RATE_HZ)

    assert frames == len(decode(encode(sound, RATE_HZ)))
    assert 0 <= len(decode(encode_bare(sound, RATE_HZ))) - frames < FRAME_SAMPLES


@pytest.mark.parametrize(
    ("name", "rate_hz", "frames"),
    [
        ("lame-header.mp3", 24_000, 36_000),
        ("lame-bare.mp3", 24_000, 36_000),
        ("ffmpeg-tag.mp3", 44_100, 44_100),
    ],
)
def test_other_encoders(name: str, rate_hz: int, frames: int) -> None:
    """What others than libsndfile encoded is as exact, and whole without a header."""
    sound = make_sound(frames, rate_hz)

    found = decode(STREAMS.joinpath(name).read_bytes(), rate_hz)

    assert 0 == offset(sound, found)
    assert 0 <= len(found) - frames < 1152
    assert np.abs(sound - found[:frames].astype(int)).max() < 1500


def test_as_libsndfile_has_it() -> None:
    """The samples are those that libsndfile reads, but for their last bit."""
    file = STREAMS / "lame-header.mp3"
    expected, _ = soundfile.read(file, dtype="int16")

    found = decode(file.read_bytes())

    assert np.abs(expected.astype(int) - found).max() <= 1


def test_header_never_filled_in() -> None:
    """A blank header, as of one who could not go back to fill it in, is no sound."""
    first, *_ = read_frames(HEADED, 0)
    blank = HEADED[:4].ljust(first.end, b"\0") + HEADED[first.end :]

    assert decode(BARE).tolist() == decode(blank).tolist()


@pytest.mark.parametrize("encode_one", [encode, encode_bare])
def test_streams_joined(encode_one: Callable[[Samples, int], bytes]) -> None:
    """Streams sent for one take are decoded one by one, each in its place."""
    sounds = [make_sound(n, RATE_HZ, n / 10) for n in (5000, 3000, 4000)]
    streams = [encode_one(sound, RATE_HZ) for sound in sounds]

    parts = decode_parts(streams)

    assert [decode(s).tolist() for s in streams] == [part.tolist() for part in parts]


def test_headed_streams_without_marks() -> None:
    """A header tells of a stream where nothing else does, and so does a tag."""
    tagged = b"ID3\4\0\0\0\0\0\2??" + BARE
    old = b"TAG".ljust(128)

    found = decode(HEADED + HEADED + tagged + old)

    expected = [*decode(HEADED).tolist() * 2, *decode(BARE).tolist()]
    assert expected == found.tolist()


def test_bare_stream_behind_a_headed_one() -> None:
    """A stream with a header ends where that says, and another one begins."""
    found = decode(HEADED + BARE)

    assert [*decode(HEADED).tolist(), *decode(BARE).tolist()] == found.tolist()


def test_one_stream_for_several_syntheses() -> None:
    """A stream that goes on is one; what is heard of it in time is within a frame."""
    sounds = [make_sound(n, RATE_HZ, n / 10) for n in (5000, 4000, 6000, 5500)]
    silence = np.zeros(3000, np.int16)
    streams = encode_on([np.concatenate([s, silence]) for s in sounds], RATE_HZ)

    *parts, last = decode_parts(streams)

    for sound, part in zip(sounds, parts, strict=True):
        assert abs(offset(sound, part)) <= FRAME_SAMPLES
    assert sum(map(len, sounds)) + 4 * 3000 <= sum(map(len, parts)) + len(last)


@pytest.mark.parametrize("audio_start", [0, 1, 4])
def test_part_of_a_stream(audio_start: int) -> None:
    """From the midst of a stream on, it sounds as in the whole of it."""
    audio = encode_bare(make_sound(30_000, RATE_HZ), RATE_HZ, **CONSTANT)
    starts = [frame.start for frame in read_frames(audio, 0)]
    marks = [starts[10], starts[30]]
    whole, (here, there) = decode_mp3(audio, marks, RATE_HZ, 0)

    part, (first, last) = decode_mp3(audio, marks, RATE_HZ, starts[audio_start])

    assert 20 * FRAME_SAMPLES == there - here == last - first
    difference = whole[here:there].astype(int) - part[first:last]
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("audio", [HEADED, BARE])
@settings(max_examples=40)
@given(data=st.data())
def test_cut(audio: bytes, data: st.DataObject) -> None:
    """A stream that is cut is an error, unless nothing but its length could tell."""
    frames = list(read_frames(audio, 0))
    cut = data.draw(st.integers(0, len(audio) - 1))
    whole = cut in {frame.end for frame in frames} and audio == BARE

    if whole:
        assert len(decode(audio[:cut])) < len(decode(audio))
    else:
        with pytest.raises(AudioError):
            decode(audio[:cut])


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (b"", r"it begins with b'', which is not MP3, or goes on from audio that"),
        (b"RIFF????", r"it begins with b'RIFF', which is not MP3, or goes on"),
        (b"ID3\4\0\0\0\0\0\2", r"it begins with b'ID3"),
        (BARE[:100], r"its MP3 is damaged or cut at byte 0 of 100$"),
        (BARE[:-1], rf"its MP3 is damaged or cut at byte \d+ of {len(BARE) - 1}$"),
        (BARE + b"?", rf"damaged or cut at byte {len(BARE)} of {len(BARE) + 1}$"),
        (HEADED[: len(HEADED) - len(BARE)], r"its MP3 has 0 frames, and says 24$"),
        (HEADED[: list(read_frames(HEADED, 0))[-1].start], r"23 frames, and says 24$"),
        (HEADED[: list(read_frames(HEADED, 0))[-1].start] + HEADED, r"23 frames"),
        (encode(SOUND, 22050), r"1 channels of 22050 Hz where 1 of 24000 Hz was asked"),
        (
            encode(np.stack([SOUND, SOUND], axis=1), RATE_HZ),
            r"2 channels of 24000 Hz where 1 of 24000 Hz was asked for$",
        ),
        (
            BARE[list(read_frames(BARE, 0))[5].start :],
            r"its MP3 lacks data for byte 0$",
        ),
    ],
)
def test_damaged(audio: bytes, message: str) -> None:
    """What is wrong is named, with where."""
    with pytest.raises(AudioError, match=message):
        decode(audio)


def test_frames_that_do_not_belong_together() -> None:
    """A frame that the decoder leaves out is an error, not a frame less."""
    frame = list(read_frames(BARE, 0))[3]
    other = bytearray(BARE)
    other[frame.start + 3] ^= 0x40  # of two channels

    with pytest.raises(AudioError, match=r"its MP3 decodes to \d+ of \d+ samples$"):
        decode(bytes(other))


def test_no_decoder() -> None:
    """What libsndfile cannot read, as where it is built without MP3, is an error."""
    with pytest.raises(AudioError, match=r"its MP3 cannot be decoded: .*[Ff]ormat"):
        _read(b"?")


@settings(max_examples=60)
@given(st.integers(1, len(BARE)), st.binary(min_size=1, max_size=4))
def test_changed(from_end: int, content: bytes) -> None:
    """Damage is an error, or else changes how it sounds and not how long that takes."""
    audio = bytearray(HEADED)
    place = len(HEADED) - from_end
    audio[place : place + len(content)] = content

    try:
        found = decode(bytes(audio[: len(HEADED)]))
    except AudioError:
        return

    assert len(SOUND) == len(found)
