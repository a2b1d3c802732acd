"""Files that are complete or absent."""

import stat
from pathlib import Path

import pytest

from rimebatch.files import PRIVATE, make_folder, staged, sync_folder, write_whole


@pytest.mark.parametrize("durable", [True, False])
def test_write_whole(tmp_path: Path, durable: bool) -> None:
    """The file has the content and no other, and nothing is left beside it."""
    path = tmp_path / "a.json"
    staged(path).write_bytes(b"what a crash left, and longer")
    for content in (b"one", b"2"):
        write_whole(path, content, durable=durable)

        assert content == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_mode(tmp_path: Path) -> None:
    """A private file is so from its first byte, whatever a crash left behind."""
    path = tmp_path / "a.json"
    staged(path).touch(0o666)
    write_whole(path, b"one", mode=PRIVATE)

    assert PRIVATE == stat.S_IMODE(path.stat().st_mode)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """What stands in the way stays, and what was staged does not."""
    path = tmp_path / "a.json"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(path, b"one")

    assert [path] == list(tmp_path.iterdir())


def test_sync_folder(tmp_path: Path) -> None:
    """Syncing says so if there is no such folder."""
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")


def test_make_folder(tmp_path: Path) -> None:
    """A folder is made with those it lies in; its own mode is the one asked for."""
    folder = tmp_path / "one" / "two" / "three"
    for _ in range(2):
        make_folder(folder, mode=0o700)

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert 0o700 < stat.S_IMODE(folder.parent.stat().st_mode)


@pytest.mark.parametrize("name", ["file", "file/folder", "file/folder/folder"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    """A file that is in the way stays."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        make_folder(tmp_path / name)

    assert (tmp_path / "file").is_file()
