"""What libsndfile leaves to be done about an MP3."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.mp3 import encode, encode_bare, make_sound
from rimebatch.manifest.encoding import MP3_RATES_HZ, mp3_bitrates_kbps
from rimebatch.renderer.decoding.mp3_frames import skip_tags
from rimebatch.renderer.sound.mp3 import ends_whole, find_gain, find_level, make_id3

RATE_HZ = 24000


def test_no_tags() -> None:
    """Without tags there is nothing in front of the sound."""
    assert b"" == make_id3({})


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=100))
def test_tag_bytes(title: str) -> None:
    """The length of a tag is right, and none of it looks like the start of a frame."""
    tag = make_id3({"title": title})

    assert len(tag) == skip_tags(tag, 0)
    assert title.encode("utf-16-le") == tag[23:]


def test_comment() -> None:
    """A comment has a language, which is unknown, and a description, which is empty."""
    tag = make_id3({"comment": "é"})

    assert b"COMM" + b"\0\0\0\x0c\0\0\1XXX\xff\xfe\0\0\xff\xfe\xe9\0" == tag[10:]


@pytest.mark.parametrize("rate_hz", MP3_RATES_HZ)
def test_level(rate_hz: int) -> None:
    """Every constant bit rate is reached: it stands in the first frame."""
    for kbps in mp3_bitrates_kbps(rate_hz):
        level = find_level(kbps, rate_hz)
        content = encode(
            make_sound(600, rate_hz),
            rate_hz,
            bitrate_mode="CONSTANT",
            compression_level=level,
        )

        second = content.index(content[:2], 4)
        samples = 1152 if rate_hz >= 32000 else 576
        assert abs(second - samples * kbps * 125 / rate_hz) <= 1


@pytest.mark.parametrize(
    ("kbps", "expected_db"),
    [(None, 0), (56, 0.446), (128, 0.446), (192, 0.265), (224, 0.175), (256, 0)],
)
def test_gain(kbps: int | None, expected_db: float) -> None:
    """What LAME takes away is made up for."""
    assert expected_db == pytest.approx(20 * np.log10(find_gain(kbps)), abs=1e-3)


@settings(max_examples=100)
@given(cut=st.integers(0), tagged=st.booleans())
def test_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int, *, tagged: bool
) -> None:
    """A file that was cut anywhere, or went on, does not end whole."""
    path = tmp_path_factory.getbasetemp() / "cut.mp3"
    tag = make_id3({"title": "T"}) if tagged else b""
    whole = tag + encode(make_sound(1000, RATE_HZ), RATE_HZ)

    path.write_bytes(whole)
    assert ends_whole(path)

    path.write_bytes(whole[: cut % len(whole)])
    assert not ends_whole(path)

    path.write_bytes(whole + b"more")
    assert not ends_whole(path)


def test_bare(tmp_path: Path) -> None:
    """A stream without LAME's header does not tell where it ends."""
    path = tmp_path / "bare.mp3"
    path.write_bytes(encode_bare(make_sound(1000, RATE_HZ), RATE_HZ))

    assert not ends_whole(path)
