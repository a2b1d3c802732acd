"""Audio files are read back as they were encoded, from any place on."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from rimebatch.errors import AudioError
from rimebatch.files import staged
from rimebatch.manifest.encoding import AudioFile, Encoding
from rimebatch.renderer.sound import BLOCK_FRAMES, Tags, open_sound
from rimebatch.renderer.sound.reader import open_audio

RATE_HZ = 8000
FRAMES = 2 * BLOCK_FRAMES + 1234


@pytest.fixture(scope="module")
def sound() -> NDArray[np.int16]:
    """Return a tone that swells, so that no two places are alike."""
    times = np.arange(FRAMES)
    return (np.sin(times / 20) * np.linspace(100, 20_000, FRAMES)).astype(np.int16)


@pytest.fixture(scope="module")
def folder(sound: NDArray[np.int16], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with that tone in every format."""
    folder = tmp_path_factory.mktemp("formats")
    for name in get_args(AudioFile):
        write(folder / name, sound, Encoding(name))
    return folder


def write(path: Path, sound: NDArray[np.int16], encoding: Encoding) -> None:
    """Write *sound* to *path*."""
    with open_sound(path, RATE_HZ, len(sound), Tags(), encoding) as writer:
        writer.write(sound)
    staged(path).rename(path)


def read(path: Path, start: int = 0, end: int | None = None) -> NDArray[np.int16]:
    """Return the frames *start* to *end* of the file at *path*."""
    with open_audio(path) as audio:
        blocks = list(audio.read(np.int16, start, end))
    assert all(0 < len(block) <= BLOCK_FRAMES for block in blocks)
    return np.concatenate(blocks)


@pytest.mark.parametrize("name", get_args(AudioFile))
def test_what_a_file_is(folder: Path, name: AudioFile) -> None:
    """Each format is known by what is in the file, whatever its name."""
    with open_audio(folder / name) as audio:
        assert (name, RATE_HZ, 1, FRAMES) == (
            audio.format,
            audio.rate_hz,
            audio.channels,
            audio.frames,
        )


def test_other_formats(tmp_path: Path) -> None:
    """A format that no job is written in goes by libsndfile's name."""
    soundfile.write(tmp_path / "a", np.zeros(8), RATE_HZ, format="AIFF")
    with open_audio(tmp_path / "a") as audio:
        assert "aiff" == audio.format


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_lossless(folder: Path, sound: NDArray[np.int16], name: str) -> None:
    """What was written is read, sample by sample."""
    np.testing.assert_array_equal(sound, read(folder / name))


def test_mp3(folder: Path) -> None:
    """Read in blocks, an MP3 is within a bit of what it is when read at once."""
    at_once, _ = soundfile.read(folder / "mp3", dtype="int16")
    in_blocks = read(folder / "mp3").astype(np.int32)

    assert 1 >= np.abs(at_once - in_blocks).max()


@pytest.mark.parametrize("name", get_args(AudioFile))
@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (1000, BLOCK_FRAMES + 1), (BLOCK_FRAMES, FRAMES)]
)
def test_a_part(folder: Path, name: str, start: int, end: int) -> None:
    """A part is what the whole has there, in every format."""
    np.testing.assert_array_equal(
        read(folder / name)[start:end], read(folder / name, start, end)
    )


def test_above_full_scale(folder: Path) -> None:
    """As floating point, full scale is 1."""
    with open_audio(folder / "wav") as audio:
        top = max(float(block.max()) for block in audio.read(np.float32))

    assert 20_000 / 32_768 == pytest.approx(top, abs=0.001)


def test_shorter_than_it_says(folder: Path, tmp_path: Path) -> None:
    """A file that was cut ends early."""
    cut = tmp_path / "cut"
    cut.write_bytes((folder / "mp3").read_bytes()[:-4000])

    assert 0 < len(read(cut)) < FRAMES


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"xx", "Format not recognised")],
)
def test_not_audio(tmp_path: Path, content: bytes | None, why: str) -> None:
    """What is no audio file is an error that says so and names the file."""
    path = tmp_path / "a.wav"
    if content:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=rf"a\.wav: cannot be read as audio: {why}"):
        read(path)


def test_damage(folder: Path, tmp_path: Path) -> None:
    """A file that is damaged in the midst is an error as well."""
    content = bytearray((folder / "flac").read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    (tmp_path / "a.flac").write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.flac: cannot be read as audio"):
        read(tmp_path / "a.flac")
