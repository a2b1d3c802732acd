"""Whether a finished file is whole: each format, cut anywhere."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.mp3 import make_sound
from rimebatch.files import staged
from rimebatch.manifest.encoding import AUDIO_FILES, AudioFile, Encoding
from rimebatch.renderer.sound.tags import Tags
from rimebatch.renderer.sound.whole import is_whole
from rimebatch.renderer.sound.writer import open_sound

RATE_HZ = 24000
BEYOND_WAV_FRAMES = 2**31  # 4 GiB of samples


def write(
    folder: Path, format_: AudioFile, frames: int = 1000, most_frames: int = 0
) -> Path:
    """Return the staged file of a sound."""
    final = folder / f"a.{format_}"
    encoding = Encoding(format_)
    with open_sound(
        final, RATE_HZ, max(frames, most_frames), Tags("T"), encoding
    ) as sound:
        sound.write(make_sound(frames, RATE_HZ))
    return staged(final)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[AudioFile, bytes]:
    """Return a file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    return {name: write(folder, name).read_bytes() for name in AUDIO_FILES}


@pytest.mark.parametrize("format_", AUDIO_FILES)
@pytest.mark.parametrize("frames", [1, 1000, 100_000])
def test_counts(tmp_path: Path, format_: AudioFile, frames: int) -> None:
    """A file with another number of frames is another file."""
    path = write(tmp_path, format_, frames)

    assert is_whole(path, frames)
    assert not is_whole(path, frames - 1)
    assert not is_whole(path, frames + 1)


@settings(max_examples=150)
@given(format_=st.sampled_from(AUDIO_FILES), cut=st.integers(1))
def test_cut(
    tmp_path_factory: pytest.TempPathFactory,
    whole: dict[AudioFile, bytes],
    format_: AudioFile,
    cut: int,
) -> None:
    """A file that was cut anywhere is not whole."""
    path = tmp_path_factory.getbasetemp() / "cut"
    content = whole[format_]

    path.write_bytes(content[: -(cut % (len(content) - 1) + 1)])

    assert not is_whole(path, 1000)


@pytest.mark.parametrize("format_", sorted(set(AUDIO_FILES) - {"flac"}))
def test_longer(
    tmp_path: Path, whole: dict[AudioFile, bytes], format_: AudioFile
) -> None:
    """Nor is a file that goes on behind its end."""
    path = tmp_path / "longer"

    path.write_bytes(whole[format_] + bytes(2))

    assert not is_whole(path, 1000)


@pytest.mark.parametrize("change_bytes", [-21, -20, -2, -1, 1, 2, 20])
def test_big(tmp_path: Path, change_bytes: int) -> None:
    """An RF64 has its length elsewhere, and is held to it as well."""
    path = write(tmp_path, "wav", 10, BEYOND_WAV_FRAMES)
    content = path.read_bytes()
    assert is_whole(path, 10)

    path.write_bytes((content + bytes(20))[: len(content) + change_bytes])

    assert not any(is_whole(path, frames) for frames in (0, 9, 10, 11, 20))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound " * 9, b"OggS", b"fLaC"])
def test_anything(tmp_path: Path, content: bytes) -> None:
    """What is no audio file is not a whole one."""
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    assert not is_whole(path, 0)


def test_nothing(tmp_path: Path) -> None:
    """A file that is not there, or a folder in its place, is not whole."""
    assert not is_whole(tmp_path / "a.wav", 0)
    assert not is_whole(tmp_path, 0)
