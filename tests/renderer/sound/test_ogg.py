"""OGG pages: another serial number, and whether the last one is whole."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.mp3 import make_sound
from rimebatch.renderer.sound.ogg import ends_whole, pin_serial

RATE_HZ = 24000


def encode(subtype: str, frames: int = 5 * RATE_HZ) -> bytes:
    """Return a sound as OGG, with a random serial number."""
    file = io.BytesIO()
    soundfile.write(
        file, make_sound(frames, RATE_HZ), RATE_HZ, format="OGG", subtype=subtype
    )
    return file.getvalue()


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_same(tmp_path: Path, subtype: str) -> None:
    """Nothing but the serial number is random, and every checksum is right again."""
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(encode(subtype))
    other.write_bytes(encode(subtype))
    expected = soundfile.read(path, dtype="int16")[0]
    assert path.read_bytes() != other.read_bytes()

    pin_serial(path, 7)
    pin_serial(other, 7)

    assert path.read_bytes() == other.read_bytes()
    assert ends_whole(path)
    # libogg drops pages with a wrong checksum.
    assert np.array_equal(expected, soundfile.read(path, dtype="int16")[0])


@settings(max_examples=100)
@given(cut=st.integers(0))
def test_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A file that was cut anywhere does not end whole."""
    path = tmp_path_factory.getbasetemp() / "cut.ogg"
    whole = encode("VORBIS", 1000)

    path.write_bytes(whole[: cut % len(whole)])

    assert not ends_whole(path)


def test_mark_inside(tmp_path: Path) -> None:
    """Something like a page inside the last page is not taken for one."""
    path = tmp_path / "a.ogg"
    whole = encode("VORBIS", 1000)

    path.write_bytes(whole + b"OggS" + bytes(40))

    assert not ends_whole(path)
