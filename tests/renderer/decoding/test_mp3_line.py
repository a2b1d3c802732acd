"""MP3 takes and their neighbours: streams of their own, or one that goes on."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
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
from fakes.transcripts import damage
from rimebatch.errors import AudioError
from rimebatch.renderer.decoding.mp3_frames import read_frames
from rimebatch.renderer.decoding.mp3_line import decode_mp3_take
from rimebatch.transcript.reader import RecordedTake

RATE_HZ = 24_000
FRAME_SAMPLES = 576
SOUNDS = [make_sound(n, RATE_HZ, n / 50) for n in (15_000, 9000, 20_000, 12_000)]
SILENCE = np.zeros(7 * FRAME_SAMPLES, np.int16)
LONG = make_sound(90_000, RATE_HZ)
BARE = encode_bare(LONG, RATE_HZ)
CONSTANT_STREAM = encode(LONG, RATE_HZ, **CONSTANT)

RecordAudio = Callable[[Path, Sequence[bytes]], list[RecordedTake]]


def cut(audio: bytes, places: Sequence[int]) -> list[bytes]:
    """Return *audio* cut at *places*."""
    return [audio[a:b] for a, b in pairwise([0, *places, len(audio)])]


def decode_each(
    takes: Sequence[RecordedTake], parts: Sequence[bytes], rate_hz: int = RATE_HZ
) -> list[Samples]:
    """Return what each of *takes*, of which *parts* are the audio, sounds like."""
    return [
        decode_mp3_take(take, part, [], rate_hz)[0]
        for take, part in zip(takes, parts, strict=True)
    ]


@pytest.mark.parametrize("encode_one", [encode, encode_bare])
def test_streams_of_their_own(
    tmp_path: Path,
    record_audio: RecordAudio,
    encode_one: Callable[[Samples, int], bytes],
) -> None:
    """Takes that are streams of their own sound as if there were no others."""
    parts = [encode_one(sound, RATE_HZ) for sound in SOUNDS]
    alone = [
        decode_each(record_audio(tmp_path / str(n), [part]), [part])
        for n, part in enumerate(parts)
    ]

    found = decode_each(record_audio(tmp_path, parts), parts)

    assert [only.tolist() for (only,) in alone] == [each.tolist() for each in found]
    for sound, each in zip(SOUNDS, found, strict=True):
        assert 0 == offset(sound, each)
        assert 0 <= len(each) - len(sound) < FRAME_SAMPLES


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 24_000, 44_100])
def test_one_stream_for_all(
    tmp_path: Path, record_audio: RecordAudio, rate_hz: int
) -> None:
    """In a stream that goes on each take begins within a frame of its own sound."""
    frame = 1152 if rate_hz == 44_100 else 576
    silence = np.zeros(7 * frame, np.int16)
    given = [np.concatenate([sound, silence]) for sound in SOUNDS]
    *parts, _ = encode_on(given, rate_hz)

    found = decode_each(record_audio(tmp_path, parts), parts, rate_hz)

    for sound, each in zip(SOUNDS, found, strict=True):
        assert abs(offset(sound, each)) <= frame
    lost = sum(map(len, given)) - sum(map(len, found))
    assert 0 < lost < len(silence)


@settings(max_examples=20)
@given(
    st.lists(st.integers(800, 25_000), max_size=4),
    st.sampled_from([BARE, CONSTANT_STREAM]),
)
def test_any_cut(record_audio: RecordAudio, steps: list[int], audio: bytes) -> None:
    """Wherever a stream is cut into takes, together they are all of it, once."""
    places = [place for place in accumulate(steps) if place < len(audio) - 2000]
    parts = cut(audio, places)
    with TemporaryDirectory() as folder:
        (whole,) = decode_each(record_audio(Path(folder, "1"), [audio]), [audio])
        found = decode_each(record_audio(Path(folder, "2"), parts), parts)

    joined = np.concatenate(found)
    assert 0 <= len(joined) - len(whole) < FRAME_SAMPLES
    assert np.abs(joined[: len(whole)].astype(int) - whole).max() <= 1


def test_syntheses_of_a_script(tmp_path: Path, record_audio: RecordAudio) -> None:
    """What begins inside a take is found in it, behind another take or not."""
    first, *others = encode_on([np.concatenate([s, SILENCE]) for s in SOUNDS], RATE_HZ)
    take_of_three = b"".join(others[:3])
    marks = [0, len(others[0]), len(others[0] + others[1])]
    _, take = record_audio(tmp_path, [first, take_of_three])

    samples, places = decode_mp3_take(take, take_of_three, marks, RATE_HZ)

    assert 0 == places[0]
    for sound, part in zip(SOUNDS[1:], np.split(samples, places[1:]), strict=True):
        assert abs(offset(sound, part)) <= FRAME_SAMPLES


def test_stream_that_nobody_ended(tmp_path: Path, record_audio: RecordAudio) -> None:
    """Amid a frame a stream may end that has gone on, and not one that has not."""
    given = [np.concatenate([sound, SILENCE]) for sound in SOUNDS]
    first, second, *_ = encode_on(given, RATE_HZ)

    takes = record_audio(tmp_path / "both", [first, second])
    assert all(map(len, decode_each(takes, [first, second])))

    (alone,) = record_audio(tmp_path / "alone", [first])
    with pytest.raises(AudioError, match=r"its MP3 is damaged or cut at byte"):
        decode_mp3_take(alone, first, [], RATE_HZ)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        # From amid a frame on, and from a frame on that needs others.
        (cut(BARE, [5000])[1:], "which is not MP3, or goes on"),
        (
            cut(BARE, [list(read_frames(BARE, 0))[30].start])[1:],
            "its MP3 lacks data for byte 0$",
        ),
        # Of another kind than the take before it.
        ([BARE, bytes(5000)], r"it begins with b'\\x00\\x00\\x00\\x00', which is not"),
        # Too little to bring anything out of the decoder.
        (cut(BARE, [len(BARE) - 1]), "its MP3, 1 bytes, is without sound$"),
    ],
)
def test_nothing_to_go_on_from(
    tmp_path: Path, record_audio: RecordAudio, parts: list[bytes], message: str
) -> None:
    """A take that cannot be heard whole is an error."""
    takes = record_audio(tmp_path, parts)

    with pytest.raises(AudioError, match=message):
        decode_mp3_take(takes[-1], parts[-1], [], RATE_HZ)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_damage_beside_it(tmp_path: Path, record_audio: RecordAudio, lost: int) -> None:
    """A stream of its own is heard, whatever happened to the takes beside it."""
    parts = [encode_bare(sound, RATE_HZ) for sound in SOUNDS[:3]]
    takes = record_audio(tmp_path, parts)
    damage(takes[lost])
    del takes[lost], parts[lost]

    assert [True, True] == [len(found) > 0 for found in decode_each(takes, parts)]


@pytest.mark.parametrize(
    ("lost", "others"), [(0, {1: False, 2: True}), (1, {0: False, 2: False})]
)
def test_damage_within(
    tmp_path: Path, record_audio: RecordAudio, lost: int, others: dict[int, bool]
) -> None:
    """Of a stream that goes on, takes beside damage are errors, and others not."""
    parts = cut(CONSTANT_STREAM, [9000, 18_000])
    takes = record_audio(tmp_path, parts)
    damage(takes[lost])

    for number, is_heard in others.items():
        expected = nullcontext() if is_heard else pytest.raises(AudioError)
        with expected:
            decode_mp3_take(takes[number], parts[number], [], RATE_HZ)
