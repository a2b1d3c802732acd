"""Tests of `rimebatch.transcript.storage`."""

import os
from base64 import b64encode
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.errors import OutputError
from rimebatch.transcript.entries import Header
from rimebatch.transcript.storage import (
    check_room,
    check_segment_room,
    count_free_bytes,
    estimate_bytes,
)
from rimebatch.transcript.writer import TranscriptWriter

FORMATS = ("pcm", "mulaw", "mp3")


@pytest.mark.parametrize(
    ("audio_format", "expected"),
    [
        # 500 characters are 33.3 s; times 1.36, times 2.
        ("pcm", 4_352_000),  # 1.6 MB of audio
        ("mulaw", 2_176_000),
        ("mp3", 1_813_334),  # 667 kB at 160 kbit/s
    ],
)
def test_the_estimate_of_a_segment(audio_format: str, expected: int) -> None:
    """A segment is taken for 66 ms a character, in its format, and twice that."""
    assert expected == estimate_bytes(500, audio_format, 24_000)


@given(
    chars=st.integers(0, 10_000),
    audio_format=st.sampled_from(FORMATS),
    rate_hz=st.integers(4000, 192_000),
)
def test_more_text_wants_more_room(chars: int, audio_format: str, rate_hz: int) -> None:
    """No text wants nothing, and each character wants something."""
    assert 0 == estimate_bytes(0, audio_format, rate_hz)
    assert estimate_bytes(chars, audio_format, rate_hz) < estimate_bytes(
        chars + 1, audio_format, rate_hz
    )


def test_a_transcript_is_half_of_the_estimate(
    tmp_path: Path, make_header: Callable[[int], Header]
) -> None:
    """A minute in chunks of 100 ms takes about half of what was asked for."""
    chars = 900
    chunk = b64encode(bytes(4800)).decode()
    path = tmp_path / "0001.jsonl"
    with TranscriptWriter(path, make_header(1), count().__next__) as writer:
        for _ in range(600):
            writer.received(f'{{"type":"chunk","data":"{chunk}","contextId":"ch01:1"}}')
    share = path.stat().st_size / estimate_bytes(chars, "pcm", 24_000)

    assert 0.5 == pytest.approx(share, rel=0.02)


@given(free=st.integers(0, 2**63), wanted=st.integers(0, 2**63))
def test_room_is_what_is_free(free: int, wanted: int) -> None:
    """Room is refused exactly if less is free than wanted."""

    def has_room() -> bool:
        try:
            check_room(Path("outputs"), wanted, lambda _: free)
        except OutputError:
            return False
        return True

    assert (free >= wanted) == has_room()


def test_too_little_room() -> None:
    """The error says where, how much there is, how much is wanted, and what helps."""
    with pytest.raises(OutputError) as error:
        check_room(Path("outputs/story"), 4_352_000, lambda _: 12_345)

    assert (
        "outputs/story: 12,345 bytes are free and 4,352,000 are wanted before more "
        "text is sent; make room there, then run again"
    ) == str(error.value)


@given(
    chars=st.integers(1, 10_000),
    audio_format=st.sampled_from(FORMATS),
    rate_hz=st.integers(4000, 192_000),
)
def test_room_for_a_segment(chars: int, audio_format: str, rate_hz: int) -> None:
    """What its answer is estimated at is enough, and a byte less is refused."""
    query = (("audioFormat", audio_format), ("samplingRate", str(rate_hz)))
    enough = estimate_bytes(chars, audio_format, rate_hz)

    check_segment_room(Path("outputs"), chars, query, lambda _: enough)
    with pytest.raises(OutputError, match=f"{enough:,} are wanted"):
        check_segment_room(Path("outputs"), chars, query, lambda _: enough - 1)


def test_room_of_a_real_disk(tmp_path: Path) -> None:
    """The disk of the folder is asked, and has some room, but not for everything."""
    check_room(tmp_path, 1)
    with pytest.raises(OutputError, match="bytes are free"):
        check_room(tmp_path, 2**62)


def test_free_bytes_are_those_of_this_user(tmp_path: Path) -> None:
    """What is kept for root does not count."""
    disk = os.statvfs(tmp_path)

    assert count_free_bytes(tmp_path) <= disk.f_bfree * disk.f_frsize


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux has /proc")
def test_a_file_system_without_a_size() -> None:
    """Where the file system tells nothing about its size, nothing is refused."""
    check_room(Path("/proc"), 2**62)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A folder that cannot be asked about is an output error."""
    with pytest.raises(OutputError) as error:
        check_room(tmp_path / "missing", 1)

    assert (
        f"{tmp_path / 'missing'}: cannot tell how much room there is: No such file or "
        "directory; write elsewhere"
    ) == str(error.value)
