"""The table of what may be written about files: types, ranges and defaults."""

from typing import get_args

import pytest
from pydantic import ValidationError

from rimebatch.manifest.levels import Peak, Target
from rimebatch.manifest.output_model import Caption, WrittenLoudness, WrittenOutput
from rimebatch.renderer.captions import CAPTIONS


@pytest.mark.parametrize(
    "written",
    [
        {"format": "mp4"},
        {"format": []},
        {"format": ["wav", "wav"]},
        {"captions": ["srt", "vtt", "srt"]},
        {"captions": "words"},
        {"sampling_rate": "48001"},
        {"mp3": {"quality": "1.1"}},
        {"ogg": {"bitrate_kbps": "64"}},
        {"opus": {"quality": "1"}},
        {"loudness": {}},
        {"loudness": {"target": "-9 LUFS"}},
        {"loudness": {"target": "-20 dB RMS", "peak": "-3"}},
        {"tags": {"comment": ""}},
        {"pauses": {"head": "60.001"}},
        {"pauses": {"heading": "-0.1"}},
        {"trim": {"silence_db": "-90.1"}},
        {"trim": {"silence_db": "-29"}},
        {"trim": {"keep_s": "-1"}},
    ],
)
def test_keys_have_limits(written: object) -> None:
    """A value outside its range or list, and an unknown key, are refused."""
    with pytest.raises(ValidationError):
        WrittenOutput.model_validate(written)


def test_loudness_has_a_peak_by_default() -> None:
    """Whoever says how loud need not say how high."""
    loudness = WrittenLoudness.model_validate({"target": "-20 dB RMS"})

    assert (Target(-20.0, "dB RMS"), Peak(-3.0, "dB")) == (
        loudness.target,
        loudness.peak,
    )


def test_captions_are_those_that_can_be_written() -> None:
    """Every kind of captions that there is may be asked for, and no other."""
    assert tuple(CAPTIONS) == get_args(Caption)
