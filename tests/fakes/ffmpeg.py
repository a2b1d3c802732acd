"""ffmpeg, as an independent reader of audio files."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="ffmpeg is not installed",
)


def decode(path: Path) -> NDArray[np.float32]:
    """Return the samples of *path*; full scale is from -1 to 1."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr, done.stderr.decode()
    return np.frombuffer(done.stdout, np.float32)


def read_tags(path: Path) -> dict[str, str]:
    """Return the tags of *path*, by their names in lower case."""
    shown = json.loads(_probe(path, "format_tags:stream_tags"))
    every = [shown["format"], *shown["streams"]]
    return {
        name.lower(): text
        for part in every
        for name, text in part.get("tags", {}).items()
    }


def read_packet_bytes(path: Path) -> list[int]:
    """Return how long each packet of *path* is."""
    packets = json.loads(_probe(path, "packet=size"))["packets"]
    return [int(packet["size"]) for packet in packets]


def _probe(path: Path, entries: str) -> bytes:
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json"]
    done = subprocess.run([*command, str(path)], capture_output=True, check=True)
    return done.stdout
