"""What libsndfile leaves to be done about an MP3: its level, its tags, its length.

libsndfile passes its tags to LAME as if they were Latin-1, which spoils every other
script; so they are written here, as ID3v2.3 (id3.org), the version that every player
reads. Knows nothing of samples.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rimebatch.renderer.decoding.mp3_frames import skip_tags

_ID3_MARK: Final = b"ID3"
_ID3_HEADER_BYTES: Final = 10
_INFO_BYTES: Final = 64  # what is looked at of LAME's header; it begins within 36
_FRAMES = {
    "title": b"TIT2",
    "artist": b"TPE1",
    "album": b"TALB",
    "tracknumber": b"TRCK",
    "comment": b"COMM",
}
_UTF_16: Final = b"\x01"
_NO_LANGUAGE: Final = b"XXX"

# The range of constant bit rates that libsndfile spreads its level 1 to 0 over.
_KBPS_RANGES: Final = ((32_000, 32, 320), (16_000, 8, 160), (0, 8, 64))

# By which LAME's presets for constant bit rates make the sound softer (presets.c, and
# measured at all nine rates: 0.9700 at 192 kbit/s). It does so to floating point
# samples, so that what is made louder by as much beforehand cannot be clipped by it.
_SOFTER: Final = {192: 0.97, 224: 0.98, 256: 1.0, 320: 1.0}
_SOFTER_BELOW_192: Final = 0.95


def find_gain(bitrate_kbps: int | None) -> float:
    """Return the factor that makes up for LAME's, at a constant bit rate or none."""
    if bitrate_kbps is None:
        return 1.0
    return 1 / _SOFTER.get(bitrate_kbps, _SOFTER_BELOW_192)


def find_level(bitrate_kbps: int, rate_hz: int) -> float:
    """Return what libsndfile calls a compression level, for a constant bit rate."""
    low, high = next(row[1:] for row in _KBPS_RANGES if rate_hz >= row[0])
    return (high - bitrate_kbps) / (high - low)


def make_id3(tags: Mapping[str, str]) -> bytes:
    """Return *tags*, by libsndfile's names, as the beginning of an MP3 file."""
    frames = b"".join(_make_frame(name, text) for name, text in tags.items())
    if not frames:
        return b""
    # Seven bits in a byte, so that no decoder takes the length for an MP3 frame.
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return _ID3_MARK + b"\x03\x00\x00" + size + frames


def ends_whole(path: Path) -> bool:
    """Return whether the file at *path* is as long as LAME's header in it says.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = skip_tags(file.read(_ID3_HEADER_BYTES), 0)
        file.seek(start)
        frame = file.read(_INFO_BYTES)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    # Behind the mark: flags, the number of frames, the number of bytes; 4 bytes each.
    size = int.from_bytes(frame[at + 12 : at + 16])
    return at > 0 and start + size == path.stat().st_size


def _make_frame(name: str, text: str) -> bytes:
    body = b"\xff\xfe" + text.encode("utf-16-le")
    if name == "comment":
        body = _NO_LANGUAGE + b"\xff\xfe\x00\x00" + body  # with an empty description
    body = _UTF_16 + body
    return _FRAMES[name] + len(body).to_bytes(4) + b"\x00\x00" + body
