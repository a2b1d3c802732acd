"""Audio files: what is written is read back, and what is not whole is noticed."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from rimebatch.errors import OutputError
from rimebatch.files import staged
from rimebatch.renderer.sound import BLOCK_FRAMES, is_whole, open_sound

RATE_HZ = 22050
BEYOND_WAV_FRAMES = 2**31  # 4 GiB of samples

FullDisk = Callable[[int], AbstractContextManager[None]]


def make_noise(frames: int) -> NDArray[np.int16]:
    """Return *frames* samples of which no two neighbours are alike."""
    return (np.arange(frames) * 40503 % 65536 - 32768).astype(np.int16)


def write_sound(
    final: Path,
    *takes: NDArray[np.int16],
    title: str = "Title",
    total_frames: int | None = None,
) -> Path:
    """Write *takes* for *final*; return where they are staged."""
    frames = sum(map(len, takes)) if total_frames is None else total_frames
    with open_sound(final, RATE_HZ, frames, title) as sound:
        for take in takes:
            sound.write(take)
    return staged(final)


def close_behind_its_back(path: Path) -> None:
    """Close the descriptor of the open file at *path*, as a lost disk would."""
    descriptors = Path("/proc/self/fd").iterdir()
    (found,) = [fd for fd in descriptors if fd.is_symlink() and fd.resolve() == path]
    os.close(int(found.name))


@pytest.mark.parametrize(
    "sizes",
    [
        [1],
        [3, 0, 5],
        [BLOCK_FRAMES - 1, BLOCK_FRAMES, BLOCK_FRAMES + 1],
        [2 * BLOCK_FRAMES + 7, 1],
    ],
)
def test_samples(tmp_path: Path, sizes: list[int]) -> None:
    """What is read back is what was written, to the sample, however long the takes."""
    takes = [make_noise(size) for size in sizes]

    path = write_sound(tmp_path / "a.wav", *takes)

    found, rate_hz = soundfile.read(path, dtype="int16")
    assert np.concatenate(takes).tolist() == found.tolist()
    assert RATE_HZ == rate_hz


def test_frames(tmp_path: Path) -> None:
    """The writer knows how many frames lie before whatever comes next."""
    with open_sound(tmp_path / "a.wav", RATE_HZ, 12, "Title") as sound:
        found = [sound.frames]
        for size in (5, 0, 7):
            sound.write(make_noise(size))
            found.append(sound.frames)

    assert [0, 5, 5, 12] == found


def test_format(tmp_path: Path) -> None:
    """The file is a mono WAV of 16 bits."""
    path = write_sound(tmp_path / "a.wav", make_noise(10))

    found = soundfile.info(path)

    assert ("WAV", "PCM_16", 1) == (found.format, found.subtype, found.channels)


@pytest.mark.parametrize(
    ("total_frames", "expected"),
    [(BEYOND_WAV_FRAMES - 100_000, "WAV"), (BEYOND_WAV_FRAMES, "RF64")],
)
def test_big(tmp_path: Path, total_frames: int, expected: str) -> None:
    """What will not fit into a WAV becomes an RF64, and is whole all the same."""
    take = make_noise(10)
    path = write_sound(tmp_path / "a.wav", take, total_frames=total_frames)

    found = soundfile.info(path)

    assert (expected, "PCM_16", 10) == (found.format, found.subtype, found.frames)
    assert take.tolist() == soundfile.read(path, dtype="int16")[0].tolist()


@pytest.mark.parametrize(
    "title", ["T", "The Lamplighter", "«Être» 語 👍🏽", "x" * 1000]
)
def test_title(tmp_path: Path, title: str) -> None:
    """The title is in the tags, in any script."""
    path = write_sound(tmp_path / "a.wav", make_noise(10), title=title)

    with soundfile.SoundFile(path) as file:
        found = file.title

    assert title == found


def test_new_folder(tmp_path: Path) -> None:
    """The folder is made, with those above it."""
    path = write_sound(tmp_path / "new" / "folder" / "a.wav", make_noise(10))

    assert is_whole(path, 10)


def test_same_bytes(tmp_path: Path) -> None:
    """The same samples make the same bytes, over whatever an earlier run left."""
    first = write_sound(tmp_path / "a.wav", make_noise(10)).read_bytes()
    write_sound(tmp_path / "a.wav", make_noise(99), title="A longer title")

    found = write_sound(tmp_path / "a.wav", make_noise(10)).read_bytes()

    assert first == found


def test_impossible_folder(tmp_path: Path) -> None:
    """A folder that cannot be is an error with the system's own reason."""
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"a\.wav: cannot write: Not a directory;"):
        write_sound(tmp_path / "file" / "folder" / "a.wav")


def test_no_room_at_all(tmp_path: Path, full_disk: FullDisk) -> None:
    """A disk without room for the header is an error."""
    with full_disk(0), pytest.raises(OutputError, match=r"a\.wav: cannot write"):
        write_sound(tmp_path / "a.wav")


def test_no_room_for_all(tmp_path: Path, full_disk: FullDisk) -> None:
    """A disk that fills up amid the samples is an error, not a shorter file."""
    with full_disk(100_000), pytest.raises(OutputError, match=r"a\.wav: cannot write"):
        write_sound(tmp_path / "a.wav", make_noise(30_000), make_noise(30_000))


@pytest.mark.parametrize("total_frames", [10, BEYOND_WAV_FRAMES])
def test_no_room_for_the_length(
    tmp_path: Path, full_disk: FullDisk, total_frames: int
) -> None:
    """A header that could not be completed is an error; libsndfile says nothing."""
    final = tmp_path / "a.wav"
    sound = open_sound(final, RATE_HZ, total_frames, "Title")
    sound.__enter__().write(make_noise(10))

    with full_disk(0), pytest.raises(OutputError, match="did not keep"):
        sound.__exit__(None, None, None)


def test_lost_disk(tmp_path: Path) -> None:
    """A disk that is gone when the file is closed is an error."""
    final = tmp_path / "a.wav"
    sound = open_sound(final, RATE_HZ, 10, "Title")
    sound.__enter__().write(make_noise(10))
    close_behind_its_back(staged(final))

    with pytest.raises(OutputError, match=r"a\.wav: cannot write"):
        sound.__exit__(None, None, None)


def test_error_inside(tmp_path: Path) -> None:
    """An error inside the context comes out as it is, and the file is closed."""
    final = tmp_path / "a.wav"

    with pytest.raises(ZeroDivisionError):
        write_and_fail(final)

    assert is_whole(staged(final), 10)


def write_and_fail(final: Path) -> None:
    """Write ten of twenty frames."""
    with open_sound(final, RATE_HZ, 20, "Title") as sound:
        sound.write(make_noise(10))
        raise ZeroDivisionError


@pytest.mark.parametrize("total_frames", [10, BEYOND_WAV_FRAMES])
@pytest.mark.parametrize("change_bytes", [-21, -20, -2, -1, 1, 2, 20])
def test_is_whole(tmp_path: Path, total_frames: int, change_bytes: int) -> None:
    """A file is whole only at the very size that it was written with."""
    path = write_sound(tmp_path / "a.wav", make_noise(10), total_frames=total_frames)
    whole = path.read_bytes()

    path.write_bytes((whole + bytes(20))[: len(whole) + change_bytes])

    assert not any(is_whole(path, frames) for frames in (0, 9, 10, 11, 20))


def test_is_whole_counts(tmp_path: Path) -> None:
    """A file with another number of frames is another file."""
    path = write_sound(tmp_path / "a.wav", make_noise(10))

    assert is_whole(path, 10)
    assert not is_whole(path, 9)
    assert not is_whole(path, 11)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound " * 9])
def test_is_whole_of_anything(tmp_path: Path, content: bytes) -> None:
    """What is no audio file is not a whole one."""
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    assert not is_whole(path, 0)


def test_is_whole_of_nothing(tmp_path: Path) -> None:
    """A file that is not there, or a folder in its place, is not whole."""
    assert not is_whole(tmp_path / "a.wav", 0)
    assert not is_whole(tmp_path, 0)
