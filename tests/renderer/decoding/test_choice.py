"""Each format has its decoder, and what is of none of them is not heard."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fakes.mp3 import encode, make_sound
from rimebatch.errors import AudioError
from rimebatch.renderer.decoding import decode_audio, most_frames
from rimebatch.transcript.reader import RecordedTake

MP3 = encode(make_sound(1000, 24_000), 24_000)

RecordAudio = Callable[[Path, Sequence[bytes]], list[RecordedTake]]


@pytest.mark.parametrize(
    ("audio_format", "audio", "frames", "places"),
    [
        ("pcm", bytes(10), 5, [0, 2]),
        ("mulaw", bytes(10), 10, [0, 4]),
        ("mp3", MP3, 1000, [0, 0]),
    ],
)
def test_formats(
    tmp_path: Path,
    record_audio: RecordAudio,
    audio_format: str,
    audio: bytes,
    frames: int,
    places: list[int],
) -> None:
    """A take is decoded as what was asked for."""
    (take,) = record_audio(tmp_path, [audio])

    marks = [0, 0] if audio_format == "mp3" else [0, 4]
    found, found_places = decode_audio(take, audio, marks, audio_format, 24_000)

    assert (frames, places) == (len(found), found_places)


@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "mp3"])
@pytest.mark.parametrize(("audio", "name"), [(b"RIFF????", "WAV"), (b"OggS??", "OGG")])
def test_containers(
    tmp_path: Path,
    record_audio: RecordAudio,
    audio_format: str,
    audio: bytes,
    name: str,
) -> None:
    """A file of another kind is named; its header is not heard as sound."""
    (take,) = record_audio(tmp_path, [audio])

    with pytest.raises(AudioError, match=f"it is {name}, where {audio_format} was"):
        decode_audio(take, audio, [0], audio_format, 24_000)


@pytest.mark.parametrize(
    ("audio_format", "expected"), [("pcm", 3000), ("mulaw", 6000), ("mp3", 48_000)]
)
def test_most_frames(audio_format: str, expected: int) -> None:
    """How long it can be is known exactly where nothing is compressed."""
    assert expected == most_frames(audio_format, 6000, 24_000)
