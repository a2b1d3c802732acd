"""Files are measured as they were encoded."""

from pathlib import Path

import numpy as np
import pytest

from rimebatch.files import staged
from rimebatch.manifest.encoding import Encoding
from rimebatch.renderer.measuring import measure_file
from rimebatch.renderer.profiles import MEASURES
from rimebatch.renderer.sound import Tags, open_sound


def write(folder: Path, encoding: Encoding, rate_hz: int = 44_100) -> Path:
    """Write 0.6 s of silence, 2 s of a sine at -20 dB RMS, and 1.1 s of silence."""
    path = folder / encoding.format
    tone = np.sin(np.arange(2 * rate_hz) * 2 * np.pi * 997 / rate_hz) * 0.1 * 2**0.5
    sound = np.concatenate(
        [np.zeros(round(0.6 * rate_hz)), tone, np.zeros(round(1.1 * rate_hz))]
    ).astype(np.float32)
    tags = Tags("A title that takes room", comment="x" * 500)
    with open_sound(path, rate_hz, len(sound), tags, encoding) as writer:
        writer.write(sound)
    staged(path).rename(path)
    return path


def test_levels(tmp_path: Path) -> None:
    """Every measure of a file is there, and those of levels are the meter's."""
    values = measure_file(write(tmp_path, Encoding("wav")))
    levels = {"peak_db": -16.99, "rms_db": -22.67, "loudness_lufs": -20.6}

    assert [name for name in MEASURES if name in values] == list(values)
    assert {"format": "wav", "sampling_rate_hz": 44_100, "channels": 1} == {
        name: values[name] for name in ("format", "sampling_rate_hz", "channels")
    }
    assert levels == {name: pytest.approx(values[name], abs=0.02) for name in levels}
    lengths = {"head_s": 0.6, "tail_s": 1.1, "length_s": 3.7}
    assert lengths == {name: pytest.approx(values[name], abs=0.001) for name in lengths}


@pytest.mark.parametrize("kbps", [64, 192, 320])
def test_a_constant_bit_rate(tmp_path: Path, kbps: int) -> None:
    """The bit rate of an MP3 is that of its frames; tags do not count."""
    values = measure_file(write(tmp_path, Encoding("mp3", bitrate_kbps=kbps)))

    assert ("constant", kbps) == (values["bit_rate_mode"], values["bit_rate_kbps"])


def test_a_variable_bit_rate(tmp_path: Path) -> None:
    """A variable bit rate is said to be one, and is the average."""
    values = measure_file(write(tmp_path, Encoding("mp3", quality=0.5)))
    kbps = values["bit_rate_kbps"]

    assert "variable" == values["bit_rate_mode"]
    assert isinstance(kbps, float)
    assert 30 < kbps < 120


def test_another_layer(tmp_path: Path) -> None:
    """Of layer II, which goes by the same name, the bit rate is not known."""
    silence = b"\xff\xfd\xa0\xc0".ljust(144 * 192_000 // 44_100, b"\0")
    (tmp_path / "a.mp3").write_bytes(silence * 50)
    values = measure_file(tmp_path / "a.mp3")

    assert ("unknown", 0.0) == (values["bit_rate_mode"], values["bit_rate_kbps"])


@pytest.mark.parametrize("name", ["ogg", "opus"])
def test_other_bit_rates(tmp_path: Path, name: str) -> None:
    """The bit rate of OGG and Opus is by the size of the file."""
    encoding = Encoding("ogg") if name == "ogg" else Encoding("opus")
    path = write(tmp_path, encoding, 48_000)
    values = measure_file(path)

    assert values["bit_rate_mode"] is None
    assert path.stat().st_size * 8 / 3700 == pytest.approx(values["bit_rate_kbps"])


def test_no_sound_at_all(tmp_path: Path) -> None:
    """An empty file has no bit rate, and no length."""
    path = tmp_path / "a"
    with open_sound(path, 48_000, 0, Tags("A"), Encoding("ogg")):
        pass
    values = measure_file(staged(path))

    assert (None, 0.0) == (values["bit_rate_kbps"], values["length_s"])
