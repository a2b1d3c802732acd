"""Telling that a file has changed since it was read."""

import os
from pathlib import Path

import pytest

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.sources import Sources, find_changed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is read in each test."""
    path = tmp_path / "one.txt"
    path.write_text("Eins.")
    return path


def read(file: Path) -> Sources:
    """Return sources that have read *file*."""
    sources = Sources()
    assert "Eins." == sources.read(file)
    return sources


def test_unchanged(file: Path) -> None:
    """A file with the same text is the same file, whenever it was written."""
    sources = read(file)
    file.write_text("Eins.")
    os.utime(file, (0, 0))

    assert [] == find_changed(sources.digests)


def test_changed(file: Path) -> None:
    """A file of the same size and time with another text has changed."""
    sources, times = read(file), file.stat()
    file.write_text("Zwei.")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert [file] == find_changed(sources.digests)


def test_deleted(file: Path) -> None:
    """A file that is gone has changed."""
    sources = read(file)
    file.unlink()

    assert [file] == find_changed(sources.digests)


def test_unreadable(tmp_path: Path) -> None:
    """A file that could not be read is a flaw, and no source."""
    sources = Sources()

    assert isinstance(sources.read(tmp_path), Flaw)
    assert {} == sources.digests
