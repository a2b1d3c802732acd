"""Audio files: what is written is read back, by another reader too, and the same bytes.

What a compressed format makes of a sound is compared by how little differs from it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from fakes.disks import largest_file
from fakes.ffmpeg import decode, needs_ffmpeg, read_packet_bytes, read_tags
from fakes.mp3 import make_sound
from rimebatch.errors import OutputError
from rimebatch.files import staged
from rimebatch.manifest.encoding import (
    AUDIO_FILES,
    MP3_RATES_HZ,
    OPUS_RATES_HZ,
    WAV,
    AudioFile,
    Encoding,
    mp3_bitrates_kbps,
)
from rimebatch.renderer.sound.samples import Samples, to_float
from rimebatch.renderer.sound.tags import DISCLOSURE, Tags
from rimebatch.renderer.sound.whole import is_whole
from rimebatch.renderer.sound.writer import BLOCK_FRAMES, open_sound, open_sounds

RATE_HZ = 24000
BEYOND_WAV_FRAMES = 2**31  # 4 GiB of samples
TAGS = Tags("Title")
TITLE = "«Être» 語 👍🏽"

# Each of the ways to write a file.
ENCODINGS = [*map(Encoding, AUDIO_FILES), Encoding("mp3", quality=0.5)]


def spare(rates_hz: Sequence[int], *quick: int) -> list[object]:
    """Return *rates_hz* as parameters, of which those that are not *quick* are slow."""
    slow = pytest.mark.slow
    return [
        pytest.param(rate_hz, marks=[] if rate_hz in quick else slow)
        for rate_hz in rates_hz
    ]


def make_noise(frames: int) -> NDArray[np.int16]:
    """Return *frames* samples of which no two neighbours are alike."""
    return (np.arange(frames) * 40503 % 65536 - 32768).astype(np.int16)


def make_voice(frames: int, rate_hz: int) -> NDArray[np.int16]:
    """Return a tone with some hiss, of which no codec makes but a few bytes."""
    hiss = make_noise(frames) // 64
    return (make_sound(frames, rate_hz) + hiss).astype(np.int16)


def write_sound(
    final: Path,
    *takes: Samples,
    encoding: Encoding = WAV,
    rate_hz: int = RATE_HZ,
    tags: Tags = TAGS,
    most_frames: int | None = None,
) -> Path:
    """Write *takes* for *final*; return where they are staged."""
    frames = sum(map(len, takes)) if most_frames is None else most_frames
    with open_sound(final, rate_hz, frames, tags, encoding) as sound:
        for take in takes:
            sound.write(take)
    return staged(final)


def close_behind_its_back(path: Path) -> None:
    """Close the descriptor of the open file at *path*, as a lost disk would."""
    descriptors = Path("/proc/self/fd").iterdir()
    (found,) = [fd for fd in descriptors if fd.is_symlink() and fd.resolve() == path]
    os.close(int(found.name))


def compare(expected: Samples, found: Samples) -> tuple[float, float]:
    """Return the gain from *expected* to *found*, and the noise below it in dB."""
    ours, theirs = to_float(expected), to_float(found)
    gain = float(np.dot(ours, theirs) / np.dot(ours, ours))
    noise = float(np.mean((theirs - gain * ours) ** 2) / np.mean(ours**2))
    return gain, 10 * np.log10(noise)


@pytest.mark.parametrize("format_", ["wav", "flac"])
@pytest.mark.parametrize(
    "sizes",
    [
        [1],
        [3, 0, 5],
        [BLOCK_FRAMES - 1, BLOCK_FRAMES, BLOCK_FRAMES + 1],
        [2 * BLOCK_FRAMES + 7, 1],
    ],
)
def test_samples(tmp_path: Path, format_: AudioFile, sizes: list[int]) -> None:
    """What is read back is what was written, to the sample, however long the takes."""
    takes = [make_noise(size) for size in sizes]

    path = write_sound(tmp_path / "a", *takes, encoding=Encoding(format_))

    found, rate_hz = soundfile.read(path, dtype="int16")
    assert np.array_equal(np.concatenate(takes), found)
    assert RATE_HZ == rate_hz


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_floating_point(tmp_path: Path, encoding: Encoding) -> None:
    """Samples of floating point make the file that those of 16 bits make."""
    sound = make_noise(5000)

    first = write_sound(tmp_path / "a", sound, encoding=encoding).read_bytes()
    found = write_sound(tmp_path / "a", to_float(sound), encoding=encoding)

    assert first == found.read_bytes()


def test_mu_law(tmp_path: Path) -> None:
    """Mu-law is of eight bits, and as near as they can tell."""
    sound = make_noise(5000)

    path = write_sound(tmp_path / "a.wav", sound, encoding=Encoding("ulaw"))

    info = soundfile.info(path)
    assert ("WAV", "ULAW") == (info.format, info.subtype)
    # 14 bits of 16, and at full scale the last of 16 steps of the last of 8 segments.
    assert abs(soundfile.read(path, dtype="int16")[0] - sound.astype(int)).max() <= 1024


def test_frames(tmp_path: Path) -> None:
    """The writer knows how many frames lie before whatever comes next."""
    with open_sound(tmp_path / "a.wav", RATE_HZ, 12, Tags()) as sound:
        found = [sound.frames]
        for size in (5, 0, 7):
            sound.write(make_noise(size))
            found.append(sound.frames)

    assert [0, 5, 5, 12] == found


def test_at_once(tmp_path: Path) -> None:
    """Several files are written in one pass, each as it is by itself."""
    sound = make_voice(70_000, RATE_HZ)
    finals: Mapping[Path, Encoding] = {
        tmp_path / "a.wav": Encoding("wav"),
        tmp_path / "a.ogg": Encoding("ogg"),
    }

    with open_sounds(finals, RATE_HZ, len(sound), Tags("Title")) as sounds:
        sounds.write(sound)

    found = {final: staged(final).read_bytes() for final in finals}
    assert len(sound) == sounds.frames
    for final, encoding in finals.items():
        alone = write_sound(final, sound, encoding=encoding)
        assert alone.read_bytes() == found[final]


@pytest.mark.parametrize(
    ("most_frames", "expected"),
    [(BEYOND_WAV_FRAMES - 100_000, "WAV"), (BEYOND_WAV_FRAMES, "RF64")],
)
def test_big(tmp_path: Path, most_frames: int, expected: str) -> None:
    """What will not fit into a WAV becomes an RF64, and is whole all the same."""
    take = make_noise(10)
    path = write_sound(tmp_path / "a.wav", take, most_frames=most_frames)

    found = soundfile.info(path)

    assert (expected, "PCM_16", 10) == (found.format, found.subtype, found.frames)
    assert np.array_equal(take, soundfile.read(path, dtype="int16")[0])


def test_big_mu_law(tmp_path: Path) -> None:
    """Mu-law takes half the room, and becomes an RF64 later."""
    final, encoding = tmp_path / "a.wav", Encoding("ulaw")
    found = []
    for frames in (BEYOND_WAV_FRAMES, 2 * BEYOND_WAV_FRAMES):
        path = write_sound(final, make_noise(9), encoding=encoding, most_frames=frames)
        assert is_whole(path, 9)
        found.append(soundfile.info(path).format)

    assert ["WAV", "RF64"] == found


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_same_bytes(tmp_path: Path, encoding: Encoding) -> None:
    """The same samples make the same bytes, over whatever an earlier run left."""
    final, sound = tmp_path / "a", make_voice(9000, RATE_HZ)
    first = write_sound(final, sound, encoding=encoding).read_bytes()
    longer = Tags("A longer title")
    write_sound(final, make_voice(20_000, RATE_HZ), encoding=encoding, tags=longer)

    found = write_sound(final, sound[:1000], sound[1000:], encoding=encoding)

    assert first == found.read_bytes()


@needs_ffmpeg
@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_tags(tmp_path: Path, encoding: Encoding) -> None:
    """Every tag is read back by another program, in any script."""
    tags = Tags(TITLE, "Ártist", "An album " * 20, 7)

    path = write_sound(tmp_path / "a", make_noise(900), encoding=encoding, tags=tags)

    found = read_tags(path)
    assert {
        "title": TITLE,
        "artist": "Ártist",
        "album": "An album " * 20,
        "track": "7",
        "comment": DISCLOSURE,
    } == {name: text for name, text in found.items() if name != "encoder"}


@pytest.mark.parametrize("title", ["T", TITLE, "x" * 1000])
def test_title(tmp_path: Path, title: str) -> None:
    """The title is in the tags, in any script and length."""
    path = write_sound(tmp_path / "a.wav", make_noise(10), tags=Tags(title))

    with soundfile.SoundFile(path) as file:
        found = file.title

    assert title == found


@needs_ffmpeg
@pytest.mark.parametrize("rate_hz", spare(MP3_RATES_HZ, 8000, 22050, 44100))
@pytest.mark.parametrize("mode", ["lowest", "usual", "variable"])
def test_mp3(tmp_path: Path, rate_hz: int, mode: str) -> None:
    """An MP3 decodes to the length, the place and the level of what was written."""
    lowest = Encoding("mp3", mp3_bitrates_kbps(rate_hz)[0])
    usual, variable = Encoding("mp3"), Encoding("mp3", quality=0.6)
    encoding = {"lowest": lowest, "usual": usual, "variable": variable}[mode]
    sound = make_sound(rate_hz // 2 + 37, rate_hz)

    path = write_sound(tmp_path / "a.mp3", sound, encoding=encoding, rate_hz=rate_hz)

    found = decode(path)
    assert len(sound) == len(found)
    gain, noise_db = compare(sound, found)
    assert 1 == pytest.approx(gain, abs=0.01)
    assert noise_db < -20  # a frame beside its place, it would be above -17


@needs_ffmpeg
@pytest.mark.parametrize("kbps", [64, 128, 192, 320])
def test_constant(tmp_path: Path, kbps: int) -> None:
    """A constant bit rate is the same in every frame: that which was asked for."""
    path = write_sound(
        tmp_path / "a.mp3",
        make_voice(44100, 44100),
        np.zeros(44100, np.int16),
        encoding=Encoding("mp3", kbps),
        rate_hz=44100,
    )

    found = set(read_packet_bytes(path))

    exact = 1152 * kbps * 125 / 44100
    assert {int(exact), int(exact) + 1} == found


@needs_ffmpeg
@pytest.mark.parametrize("kbps", [128, 192, 320])
def test_full_scale(tmp_path: Path, kbps: int) -> None:
    """Making up for LAME's level clips nothing: a tone at full scale stays a tone."""
    tone = np.sin(np.arange(44100) / 20).astype(np.float32)

    path = write_sound(
        tmp_path / "a.mp3", tone, encoding=Encoding("mp3", kbps), rate_hz=44100
    )

    gain, noise_db = compare(tone[5000:-5000], decode(path)[5000:-5000])
    assert 1 == pytest.approx(gain, abs=0.001)
    assert noise_db < -60


@needs_ffmpeg
@pytest.mark.parametrize("rate_hz", [8000, 44100])
def test_vorbis(tmp_path: Path, rate_hz: int) -> None:
    """OGG Vorbis decodes to the length, the place and the level of what was written."""
    sound = make_voice(4 * rate_hz + 37, rate_hz)

    path = write_sound(
        tmp_path / "a.ogg", sound, encoding=Encoding("ogg"), rate_hz=rate_hz
    )

    found = decode(path)
    assert len(sound) == len(found)
    gain, noise_db = compare(sound, found)
    assert 1 == pytest.approx(gain, abs=0.02)
    assert noise_db < -20


@needs_ffmpeg
@pytest.mark.parametrize("rate_hz", spare(OPUS_RATES_HZ, 8000, 24000))
def test_opus(tmp_path: Path, rate_hz: int) -> None:
    """Opus decodes to the length, the place and the level; ffmpeg does so at 48 kHz."""
    sound = make_sound(rate_hz + 37, rate_hz)

    path = write_sound(
        tmp_path / "a.opus", sound, encoding=Encoding("opus"), rate_hz=rate_hz
    )

    step = 48000 // rate_hz
    found = decode(path)
    assert step * len(sound) == len(found)
    gain, noise_db = compare(sound, found[::step])
    assert 1 == pytest.approx(gain, abs=0.02)
    assert noise_db < -15


def test_new_folder(tmp_path: Path) -> None:
    """The folder is made, with those above it."""
    path = write_sound(tmp_path / "new" / "folder" / "a.wav", make_noise(10))

    assert is_whole(path, 10)


def test_impossible_folder(tmp_path: Path) -> None:
    """A folder that cannot be is an error with the system's own reason."""
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"a\.wav: cannot write: Not a directory;"):
        write_sound(tmp_path / "file" / "folder" / "a.wav")


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_no_room_at_all(tmp_path: Path, encoding: Encoding) -> None:
    """A disk without room for the header is an error."""
    with (
        largest_file(0),
        pytest.raises(OutputError, match=r"a\.x: cannot write: File too large;"),
    ):
        write_sound(tmp_path / "a.x", make_noise(10), encoding=encoding)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_no_room_for_all(tmp_path: Path, encoding: Encoding) -> None:
    """A disk that fills up amid the samples is an error, not a shorter file."""
    with (
        largest_file(5000),
        pytest.raises(OutputError, match=r"a\.x: cannot write: File too large;"),
    ):
        write_sound(tmp_path / "a.x", *[make_noise(30_000)] * 3, encoding=encoding)


@pytest.mark.parametrize("most_frames", [10, BEYOND_WAV_FRAMES])
def test_no_room_for_the_length(tmp_path: Path, most_frames: int) -> None:
    """A header that could not be completed is an error; libsndfile says nothing."""
    final = tmp_path / "a.wav"
    sound = open_sound(final, RATE_HZ, most_frames, Tags())
    sound.__enter__().write(make_noise(10))

    with largest_file(0), pytest.raises(OutputError, match="cannot write"):
        sound.__exit__(None, None, None)


def test_no_room_for_the_serial(tmp_path: Path) -> None:
    """An OGG file that cannot be made the same as the last time is an error."""
    final = tmp_path / "a.ogg"
    sound = open_sound(final, RATE_HZ, 0, Tags(), Encoding("ogg"))
    sound.__enter__()
    staged(final).unlink()

    with pytest.raises(OutputError, match="cannot write: No such file"):
        sound.__exit__(None, None, None)


def test_lost_disk(tmp_path: Path) -> None:
    """A disk that is gone when the file is closed is an error."""
    final = tmp_path / "a.wav"
    sound = open_sound(final, RATE_HZ, 10, Tags())
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
    with open_sound(final, RATE_HZ, 20, Tags()) as sound:
        sound.write(make_noise(10))
        raise ZeroDivisionError
